"""Which properties and items count as evaluated, for ``unevaluatedProperties`` and ``unevaluatedItems``."""

from dataclasses import dataclass, replace

from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.solver.terms import INSIDE, OUTSIDE, Action, Signed

MOST_CASES = 64
DEEPEST = 12


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is evaluated when the ``conditions`` hold; the cases of a schema exclude each other and leave none out."""

    conditions: tuple[Action, ...] = ()
    names: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    items: int = 0
    everything: bool = False

    def and_also(self, other: "Case") -> "Case":
        return Case(
            conditions=(*self.conditions, *other.conditions),
            names=self.names | other.names,
            patterns=tuple(sorted({*self.patterns, *other.patterns})),
            items=max(self.items, other.items),
            everything=self.everything or other.everything,
        )


class _TooMany(Exception):
    pass


def property_cases(node: Node, never: Signed) -> list[Case] | None:
    """The cases of a schema, itself left out; ``None`` when there are too many to list."""
    try:
        return _Evaluation(arrays=False, never=never).of(node, outermost=True)
    except _TooMany:
        return None


def item_cases(node: Node, never: Signed) -> list[Case] | None:
    """The same for items; ``None`` also where the ``contains`` of a part decides."""
    try:
        return _Evaluation(arrays=True, never=never).of(node, outermost=True)
    except _TooMany:
        return None


class _Evaluation:
    def __init__(self, *, arrays: bool, never: Signed) -> None:
        self.arrays = arrays
        self.never = never

    def of(self, node: Node, *, outermost: bool = False, depth: int = 0) -> list[Case]:
        if depth > DEEPEST:
            raise _TooMany
        if node.constant is not None:
            return [Case()]
        keywords = node.keywords
        if keywords.opaque:
            raise _TooMany
        cases = [self._own(node, outermost)]
        for child in keywords.all_of:
            cases = _product(cases, self.of(child, depth=depth + 1))
        for child in keywords.any_of or ():
            cases = _product(cases, self._maybe(child, depth))
        if keywords.one_of is not None:
            options = []
            for at, child in enumerate(keywords.one_of):
                others = tuple(Signed(OUTSIDE, other) for index, other in enumerate(keywords.one_of) if index != at)
                chosen = Case(conditions=(Signed(INSIDE, child), *others))
                options += _product([chosen], self.of(child, depth=depth + 1))
            cases = _product(cases, options)
        if keywords.condition is not None:
            test, then, otherwise = keywords.condition
            when = _product([Case(conditions=(Signed(INSIDE, test),))], self.of(test, depth=depth + 1))
            if then is not None:
                when = _product(when, self.of(then, depth=depth + 1))
            unless = [Case(conditions=(Signed(OUTSIDE, test),))]
            if otherwise is not None:
                unless = _product(unless, self.of(otherwise, depth=depth + 1))
            cases = _product(cases, [*when, *unless])
        for name, child in keywords.dependent_schemas.items() if not self.arrays else ():
            there = [Case(conditions=(("some", ("name", name), None),))]
            absent = Case(conditions=(("every", ("name", name), self.never),))
            cases = _product(cases, [absent, *_product(there, self.of(child, depth=depth + 1))])
        return cases

    def _own(self, node: Node, outermost: bool) -> Case:
        keywords = node.keywords
        if self.arrays:
            everything = keywords.rest is not None or (keywords.unevaluated_items is not None and not outermost)
            # What the outermost schema contains is read as a part of what it allows of the rest.
            counts = keywords.contains is not None and not outermost and node.document.dialect.year >= 2020
            if counts and not everything:
                raise _TooMany
            return Case(items=len(keywords.prefix), everything=everything)
        left = keywords.unevaluated_properties is not None and not outermost
        return Case(
            names=frozenset(keywords.properties),
            patterns=tuple(sorted(keywords.pattern_properties)),
            everything=keywords.additional is not None or left,
        )

    def _maybe(self, child: Node, depth: int) -> list[Case]:
        inside = _product([Case(conditions=(Signed(INSIDE, child),))], self.of(child, depth=depth + 1))
        if all(_adds_nothing(case) for case in inside):
            return [Case()]
        return [*inside, Case(conditions=(Signed(OUTSIDE, child),))]


def _adds_nothing(case: Case) -> bool:
    return replace(case, conditions=()) == Case()


def _product(left: list[Case], right: list[Case]) -> list[Case]:
    if len(left) * len(right) > MOST_CASES:
        raise _TooMany
    return [one.and_also(other) for one in left for other in right]
