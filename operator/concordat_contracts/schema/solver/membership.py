"""Whether one value is inside a schema: yes, no, or (where something is not modelled) nobody knows."""

from collections.abc import Iterable, Iterator
from typing import Any

from concordat_contracts.schema.model.keywords import Keywords
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.space import Space
from concordat_contracts.schema.model.values import canonical, fraction, type_of
from concordat_contracts.schema.regex import formats
from concordat_contracts.schema.solver.evaluated import Case, item_cases, property_cases
from concordat_contracts.schema.solver.terms import INSIDE, OUTSIDE, Action, Signed
from concordat_contracts.steps import spend

DEEPEST = 60


def accepts(space: Space, signed: Signed, value: Any) -> bool | None:
    """Whether the signed schema holds for a value."""
    inside = _Judge(space, receives=signed.mode == OUTSIDE).inside(signed.node, value, 0)
    if signed.mode == OUTSIDE:
        return None if inside is None else not inside
    return inside


def all_of(checks: Iterable[bool | None]) -> bool | None:
    """No beats unknown beats yes."""
    verdict: bool | None = True
    for check in checks:
        if check is False:
            return False
        if check is None:
            verdict = None
    return verdict


def any_of(checks: Iterable[bool | None]) -> bool | None:
    """Yes beats unknown beats no."""
    verdict: bool | None = False
    for check in checks:
        if check is True:
            return True
        if check is None:
            verdict = None
    return verdict


def _not(check: bool | None) -> bool | None:
    return None if check is None else not check


class _Judge:
    def __init__(self, space: Space, *, receives: bool) -> None:
        self.space = space
        self.receives = receives

    def inside(self, node: Node, value: Any, depth: int) -> bool | None:
        if node.constant is not None:
            return node.constant
        if depth > DEEPEST:
            return None
        spend(1, "checking an instance takes too many looks at its schemas")
        return all_of(self._checks(node, value, depth + 1))

    def _checks(self, node: Node, value: Any, depth: int) -> Iterator[bool | None]:
        keywords = node.keywords
        kind = type_of(value)
        if keywords.types is not None and kind not in keywords.types:
            whole = kind == "number" and "integer" in keywords.types and fraction(value).denominator == 1
            yield whole
        if keywords.enum is not None:
            yield node.lists(value)
        if keywords.opaque:
            yield None
        if kind == "number":
            yield from self._number(keywords, value)
        elif kind == "string":
            yield from self._string(keywords, value)
        elif kind == "array":
            yield from self._array(node, value, depth)
        elif kind == "object":
            yield from self._object(node, value, depth)
        yield from (self.inside(child, value, depth) for child in keywords.all_of)
        if keywords.any_of is not None:
            yield any_of(self.inside(child, value, depth) for child in keywords.any_of)
        if keywords.one_of is not None:
            yield self._one(keywords.one_of, value, depth)
        if keywords.negated is not None:
            yield _not(self.inside(keywords.negated, value, depth))
        if keywords.condition is not None:
            test, then, otherwise = keywords.condition
            holds = self.inside(test, value, depth)
            outcomes = [
                True if branch is None else self.inside(branch, value, depth)
                for branch, taken in ((then, holds is not False), (otherwise, holds is not True))
                if taken
            ]
            yield outcomes[0] if len(set(outcomes)) == 1 else None

    def _one(self, options: tuple[Node, ...], value: Any, depth: int) -> bool | None:
        checks = [self.inside(child, value, depth) for child in options]
        if self.space.setting.api:
            return any_of(checks)
        if checks.count(True) > 1:
            return False
        if None in checks:
            return None
        return checks.count(True) == 1

    def _number(self, keywords: Keywords, value: Any) -> Iterator[bool | None]:
        exact = fraction(value)
        lows = [keywords.low] if keywords.low is not None else []
        highs = [keywords.high] if keywords.high is not None else []
        limits = formats.bounds(keywords.format) if self.space.setting.api else None
        if limits is not None:
            lows.append(limits[0])
            highs.append(limits[1])
        yield all(exact > low or (exact == low and not strict) for low, strict in lows)
        yield all(exact < high or (exact == high and not strict) for high, strict in highs)
        if keywords.multiple is not None:
            yield (exact / keywords.multiple).denominator == 1

    def _string(self, keywords: Keywords, value: str) -> Iterator[bool | None]:
        yield len(value) >= keywords.min_length
        yield keywords.max_length is None or len(value) <= keywords.max_length
        if keywords.pattern is not None:
            yield formats.matches(keywords.pattern, value)
        if keywords.format is not None and formats.asserts(keywords.format, api=self.space.setting.api):
            yield formats.holds(keywords.format, value)

    def _array(self, node: Node, value: list[Any], depth: int) -> Iterator[bool | None]:
        keywords = node.keywords
        yield len(value) >= keywords.min_items
        yield keywords.max_items is None or len(value) <= keywords.max_items
        if keywords.unique:
            yield len({canonical(item) for item in value}) == len(value)
        for schema, item in zip(keywords.prefix, value, strict=False):
            yield self.inside(schema, item, depth)
        if keywords.rest is not None:
            yield from (self.inside(keywords.rest, item, depth) for item in value[len(keywords.prefix) :])
        if keywords.contains is not None:
            schema, least, most = keywords.contains
            checks = [self.inside(schema, item, depth) for item in value]
            surely, perhaps = checks.count(True), len(checks) - checks.count(False)
            enough = True if surely >= least else None if perhaps >= least else False
            few = True if most is None or perhaps <= most else None if surely <= most else False
            yield all_of((enough, few))
        if keywords.unevaluated_items is not None:
            left = keywords.unevaluated_items
            yield self._unevaluated(
                item_cases(node, self._never), value, depth,
                lambda case: (self.inside(left, item, depth) for item in value[case.items :]),
            )  # fmt: skip

    def _object(self, node: Node, value: dict[str, Any], depth: int) -> Iterator[bool | None]:
        keywords = node.keywords
        hidden = self._hidden(keywords)
        yield len(value) >= keywords.min_properties
        yield keywords.max_properties is None or len(value) <= keywords.max_properties
        yield all(name in value for name in keywords.required if name not in hidden)
        for name, item in value.items():
            declared = name in keywords.properties
            if declared and name in hidden:
                yield self.receives
            elif declared:
                yield self.inside(keywords.properties[name], item, depth)
            for pattern, schema in keywords.pattern_properties.items():
                matches = formats.matches(pattern, name)
                declared = declared or matches is not False
                inside = None if matches is False else self.inside(schema, item, depth)
                if matches is not False and inside is not True:
                    yield inside if matches else None
            if not declared and keywords.additional is not None:
                yield self.inside(keywords.additional, item, depth)
            if keywords.names is not None:
                yield self.inside(keywords.names, name, depth)
        for name, also in keywords.dependent_required.items():
            yield name not in value or all(other in value for other in also)
        for name, schema in keywords.dependent_schemas.items():
            if name in value:
                yield self.inside(schema, value, depth)
        if keywords.unevaluated_properties is not None:
            left = keywords.unevaluated_properties
            yield self._unevaluated(
                property_cases(node, self._never), value, depth,
                lambda case: (self.inside(left, item, depth) for name, item in value.items() if _is_left(case, name)),
            )  # fmt: skip

    def _hidden(self, keywords: Keywords) -> frozenset[str]:
        hidden = self.space.setting.hidden
        if hidden is None:
            return frozenset()
        return frozenset(name for name, child in keywords.properties.items() if child.is_hidden(hidden))

    @property
    def _never(self) -> Signed:
        return Signed(INSIDE, self.space.literal(False))

    def _unevaluated(self, cases: list[Case] | None, value: Any, depth: int, left: Any) -> bool | None:
        """Exactly one case applies, so the value is inside when the case that applies lets what is left through."""
        if cases is None:
            return None
        verdict: bool | None = False
        for case in cases:
            applies = all_of(self._applies(action, value, depth) for action in case.conditions)
            if applies is False:
                continue
            inside = True if case.everything else all_of(left(case))
            if applies is True:
                return inside
            verdict = None
        return verdict

    def _applies(self, action: Action, value: Any, depth: int) -> bool | None:
        if isinstance(action, Signed):
            inside = self.inside(action.node, value, depth)
            return _not(inside) if action.mode == OUTSIDE else inside
        present = isinstance(value, dict) and action[1][1] in value
        return present if action[0] == "some" else not present


def _is_left(case: Case, name: str) -> bool:
    return name not in case.names and not any(formats.matches(pattern, name) for pattern in case.patterns)
