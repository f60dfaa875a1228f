"""What a schema says of values of one kind, in simple statements, and each way in which a value can fail it."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any

from concordat_contracts.schema.model.keywords import Keywords
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.values import type_of
from concordat_contracts.schema.regex import formats
from concordat_contracts.schema.solver.evaluated import Case, item_cases, property_cases
from concordat_contracts.schema.solver.terms import INSIDE, OUTSIDE, SENT, Action, Alternative, Literal, Names, Signed

if TYPE_CHECKING:
    from concordat_contracts.schema.solver.search import Search

ONE = Fraction(1)


def admits(types: frozenset[str] | None, kind: str) -> bool:
    """Whether ``type`` lets any value of a kind through."""
    return types is None or kind in types or (kind == "number" and "integer" in types)


class Statements:
    """For one kind of value; properties that are hidden from one side say nothing there."""

    def __init__(
        self, search: "Search", kind: str, never: Signed, *, unreceived: frozenset[str], unsent: frozenset[str]
    ) -> None:
        self.search = search
        self.kind = kind
        self.never = never
        self.api = search.space.setting.api
        self.unreceived = unreceived
        self.unsent = unsent

    def exactly_one(self, options: tuple[Node, ...], part: str) -> tuple[Alternative, ...]:
        if self.api:
            return tuple((Signed(part, option),) for option in options)
        return tuple(
            (Signed(part, option), *(Signed(OUTSIDE, other) for at, other in enumerate(options) if at != chosen))
            for chosen, option in enumerate(options)
        )

    def dependencies(self, keywords: Keywords, part: str) -> Iterator[tuple[Alternative, ...]]:
        for name, also in keywords.dependent_required.items():
            present = tuple(("some", ("name", other), None) for other in also)
            yield ((("every", ("name", name), self.never),), present)
        for name, schema in keywords.dependent_schemas.items():
            yield ((("every", ("name", name), self.never),), (("some", ("name", name), None), Signed(part, schema)))

    def unevaluated(self, node: Node, inner: str) -> Iterator[tuple[Alternative, ...]]:
        cases = self._cases(node)
        if cases is None:
            yield ((("opaque", ("unevaluated", node.uid, self.kind), True),),)
            return
        schema = node.keywords.unevaluated_properties if self.kind == "object" else node.keywords.unevaluated_items
        assert schema is not None
        yield tuple((*case.conditions, *self._all_left(case, Signed(inner, schema))) for case in cases)

    def _cases(self, node: Node) -> list[Case] | None:
        return property_cases(node, self.never) if self.kind == "object" else item_cases(node, self.never)

    def _all_left(self, case: Case, signed: Signed) -> tuple[Action, ...]:
        if case.everything:
            return ()
        if self.kind == "array":
            return (("from", case.items, signed),)
        return (("every", ("others", case.names, case.patterns), signed),)

    def _some_left(self, case: Case, signed: Signed) -> tuple[Action, ...] | None:
        if case.everything:
            return None
        if self.kind == "array":
            return (("some", case.items, signed),)
        return (("some", ("others", case.names, case.patterns), signed),)

    def literals(self, node: Node, inner: str) -> Iterator[Literal]:
        """What an accepted value of this kind is, in simple statements."""
        keywords = node.keywords
        for key in keywords.opaque:
            yield ("opaque", key, True)
        if self.kind == "number":
            yield from self._number(keywords)
        elif self.kind == "string":
            if keywords.min_length:
                yield ("least", keywords.min_length)
            if keywords.max_length is not None:
                yield ("most", keywords.max_length)
            if keywords.pattern is not None:
                yield ("match", keywords.pattern)
            if formats.asserts(keywords.format, api=self.api):
                yield ("format", keywords.format)
        elif self.kind == "array":
            yield from self._array(keywords, inner)
        elif self.kind == "object":
            yield from self._object(keywords, inner)

    def _number(self, keywords: Keywords) -> Iterator[Literal]:
        if keywords.types is not None and "number" not in keywords.types:
            yield ("multiple", ONE)
        if keywords.low is not None:
            yield ("low", keywords.low)
        if keywords.high is not None:
            yield ("high", keywords.high)
        if keywords.multiple is not None:
            yield ("multiple", keywords.multiple)
        limits = formats.bounds(keywords.format) if self.api else None
        if limits is not None:
            yield ("low", limits[0])
            yield ("high", limits[1])

    def _array(self, keywords: Keywords, inner: str) -> Iterator[Literal]:
        if keywords.min_items:
            yield ("least", keywords.min_items)
        if keywords.max_items is not None:
            yield ("most", keywords.max_items)
        if keywords.unique:
            yield ("unique",)
        for index, schema in enumerate(keywords.prefix):
            yield ("at", index, Signed(inner, schema))
        if keywords.rest is not None:
            yield ("from", len(keywords.prefix), Signed(inner, keywords.rest))
        if keywords.contains is not None:
            schema, least, most = keywords.contains
            if least or most is not None:
                yield ("count", schema, least, most)

    def _object(self, keywords: Keywords, inner: str) -> Iterator[Literal]:
        hidden = self.unsent if inner == SENT else frozenset()
        if keywords.min_properties:
            yield ("least", keywords.min_properties)
        if keywords.max_properties is not None:
            yield ("most", keywords.max_properties)
        for name in keywords.required:
            if name not in hidden:
                yield ("some", ("name", name), None)
        for name, schema in keywords.properties.items():
            if name in hidden:
                yield ("every", ("name", name), self.never)
            elif schema.constant is not True:
                yield ("every", ("name", name), Signed(inner, schema))
        for pattern, schema in keywords.pattern_properties.items():
            yield ("every", ("match", pattern), Signed(inner, schema))
        if keywords.additional is not None and keywords.additional.constant is not True:
            yield ("every", _others(keywords), Signed(inner, keywords.additional))
        if keywords.names is not None:
            yield ("every", ("unless", keywords.names), self.never)

    def all_violations(self, node: Node) -> tuple[Alternative, ...]:
        """Each way to fail, written down once where it is the same in all questions."""
        if not self.api:
            return tuple(self.violations(node))  # what ``oneOf`` excludes depends on the question at hand
        key = (node, self.kind, self.unreceived)
        known = self.search.violations.get(key)
        if known is None:
            known = self.search.violations[key] = tuple(self.violations(node))
        return known

    def violations(self, node: Node) -> Iterator[Alternative]:
        """Each way in which a value of this kind can fail the schema."""
        keywords = node.keywords
        kind = self.kind
        if not admits(keywords.types, kind):
            yield ()
            return
        if keywords.enum is not None:
            values = [value for value in keywords.enum if type_of(value) == kind]
            yield from self._other_than(values)
        for key in keywords.opaque:
            yield (("opaque", key, False),)
        yield from self._literal_violations(keywords)
        for child in keywords.all_of:
            yield (Signed(OUTSIDE, child),)
        if keywords.any_of is not None:
            yield tuple(Signed(OUTSIDE, child) for child in keywords.any_of)
        if keywords.one_of is not None:
            yield tuple(Signed(OUTSIDE, child) for child in keywords.one_of)
            if not self.api:
                for first, second in combinations(keywords.one_of, 2):
                    both = Signed(INSIDE, first), Signed(INSIDE, second)
                    if not self.search.is_empty(frozenset(both)):
                        yield both
        if keywords.negated is not None:
            yield (Signed(INSIDE, keywords.negated),)
        if keywords.condition is not None:
            test, then, otherwise = keywords.condition
            if then is not None:
                yield (Signed(INSIDE, test), Signed(OUTSIDE, then))
            if otherwise is not None:
                yield (Signed(OUTSIDE, test), Signed(OUTSIDE, otherwise))
        if kind == "object":
            yield from self._object_violations(node)
        elif kind == "array":
            yield from self._array_violations(node)

    def _other_than(self, values: list[Any]) -> Iterator[Alternative]:
        """Each way to be none of the values; arrays and objects differ in one of their parts."""
        if self.kind not in ("array", "object") or not values:
            yield (("without", values),) if values else ()
        elif len(values) > 1:
            yield tuple(Signed(OUTSIDE, self._exactly(value)) for value in values)
        elif self.kind == "array":
            (items,) = values
            if items:
                yield (("most", len(items) - 1),)
            yield (("least", len(items) + 1),)
            for index, item in enumerate(items):
                yield (("least", index + 1), ("at", index, Signed(OUTSIDE, self._exactly(item))))
        else:
            (members,) = values
            yield (("some", ("others", frozenset(members), ()), None),)
            for name, member in members.items():
                yield (("every", ("name", name), self.never),)
                yield (("some", ("name", name), Signed(OUTSIDE, self._exactly(member))),)

    def _exactly(self, value: Any) -> Node:
        return self.search.space.literal({"enum": [value]})

    def _literal_violations(self, keywords: Keywords) -> Iterator[Alternative]:
        if self.kind == "number":
            opposite = {"low": "high", "high": "low", "multiple": "other"}
            for word, value in self._number(keywords):
                yield ((opposite[word], value if word == "multiple" else (value[0], not value[1])),)
        elif self.kind == "string":
            if keywords.min_length:
                yield (("most", keywords.min_length - 1),)
            if keywords.max_length is not None:
                yield (("least", keywords.max_length + 1),)
            if keywords.pattern is not None:
                yield (("mismatch", keywords.pattern),)
            if formats.asserts(keywords.format, api=self.api):
                yield (("other-format", keywords.format),)

    def _array_violations(self, node: Node) -> Iterator[Alternative]:
        keywords = node.keywords
        if keywords.min_items:
            yield (("most", keywords.min_items - 1),)
        if keywords.max_items is not None:
            yield (("least", keywords.max_items + 1),)
        if keywords.unique:
            yield (("twice",),)
        for index, schema in enumerate(keywords.prefix):
            if schema.constant is not True:
                yield (("least", index + 1), ("at", index, Signed(OUTSIDE, schema)))
        if keywords.rest is not None and keywords.rest.constant is not True:
            yield (("some", len(keywords.prefix), Signed(OUTSIDE, keywords.rest)),)
        if keywords.contains is not None:
            schema, least, most = keywords.contains
            if least:
                yield (("count", schema, 0, least - 1),)
            if most is not None:
                yield (("count", schema, most + 1, None),)
        if keywords.unevaluated_items is not None:
            yield from self._left_violations(node, keywords.unevaluated_items)

    def _object_violations(self, node: Node) -> Iterator[Alternative]:
        keywords = node.keywords
        if keywords.min_properties:
            yield (("most", keywords.min_properties - 1),)
        if keywords.max_properties is not None:
            yield (("least", keywords.max_properties + 1),)
        for name in keywords.required:
            if name not in self.unreceived:
                yield (("every", ("name", name), self.never),)
        for name, schema in keywords.properties.items():
            if schema.constant is not True and name not in self.unreceived:
                yield (("some", ("name", name), Signed(OUTSIDE, schema)),)
        for pattern, schema in keywords.pattern_properties.items():
            if schema.constant is not True:
                yield (("some", ("match", pattern), Signed(OUTSIDE, schema)),)
        if keywords.additional is not None and keywords.additional.constant is not True:
            yield (("some", _others(keywords), Signed(OUTSIDE, keywords.additional)),)
        if keywords.names is not None:
            yield (("some", ("unless", keywords.names), None),)
        for name, also in keywords.dependent_required.items():
            for other in also:
                yield (("some", ("name", name), None), ("every", ("name", other), self.never))
        for name, schema in keywords.dependent_schemas.items():
            yield (("some", ("name", name), None), Signed(OUTSIDE, schema))
        if keywords.unevaluated_properties is not None:
            yield from self._left_violations(node, keywords.unevaluated_properties)

    def _left_violations(self, node: Node, schema: Node) -> Iterator[Alternative]:
        cases = self._cases(node)
        if cases is None:
            yield (("opaque", ("unevaluated", node.uid, self.kind), False),)
            return
        for case in cases:
            left = self._some_left(case, Signed(OUTSIDE, schema))
            if left is not None and schema.constant is not True:
                yield (*case.conditions, *left)


def _others(keywords: Keywords) -> Names:
    return ("others", frozenset(keywords.properties), tuple(sorted(keywords.pattern_properties)))
