"""
From signed schemas to branches: a tableau.

Whatever holds in any case goes into the branch at once; choices (``anyOf``, a schema that must *not* hold) wait, lose the
alternatives that contradict the branch, vanish when one alternative holds already, and only then split it.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from concordat.contracts.schema import formats
from concordat.contracts.schema.answers import EMPTY, UNKNOWN, Without
from concordat.contracts.schema.evaluated import Case, item_cases, property_cases
from concordat.contracts.schema.node import Keywords, Node
from concordat.contracts.schema.terms import (
    INSIDE,
    OUTSIDE,
    SENT,
    SENT_PART,
    Action,
    Alternative,
    ArrayBranch,
    Branch,
    Literal,
    Names,
    NumberBranch,
    ObjectBranch,
    Signed,
    StringBranch,
)  # fmt: skip
from concordat.contracts.schema.values import type_of

if TYPE_CHECKING:
    from concordat.contracts.schema.search import Search

KINDS: dict[str, type[Branch]] = {
    "null": Branch, "boolean": Branch, "string": StringBranch, "number": NumberBranch, "array": ArrayBranch, "object": ObjectBranch,
}  # fmt: skip


def admits(types: frozenset[str] | None, kind: str) -> bool:
    """Whether ``type`` lets any value of a kind through."""
    return types is None or kind in types or (kind == "number" and "integer" in types)


class Tableau:
    """All branches of a set of signed schemas for values of one kind."""

    def __init__(
        self, search: "Search", kind: str, hidden_from_receiver: frozenset[str], hidden_from_sender: frozenset[str]
    ) -> None:
        self.search = search
        self.kind = kind
        self.unreceived = hidden_from_receiver
        self.unsent = hidden_from_sender
        self.space = search.space
        self.never = Signed(INSIDE, search.never)

    def branches(self, given: Iterable[Signed]) -> Iterator[Branch]:
        """
        Each conjunction that makes all the given schemas hold; together they are exactly the values of this kind.

        :raises OutOfBudget: too many
        """
        yield from self._grow(KINDS[self.kind](), frozenset(), list(given), [])

    def _grow(
        self, branch: Branch, seen: frozenset[Signed], pending: list[Action], choices: list[tuple[Alternative, ...]]
    ) -> Iterator[Branch]:
        self.search.spend()
        known = set(seen)
        while True:
            while pending:
                action = pending.pop()
                if not isinstance(action, Signed):
                    if not branch.add(action):
                        return
                    continue
                if action in known:
                    continue
                known.add(action)
                if self._is_contradicted(action, known):
                    return
                made = self._open(action, branch, pending)
                if made is None:
                    return
                choices.extend(made)
            self._close(branch, choices)
            left = self._simplify(branch, known, choices)
            if left is None:
                return
            units = [alternatives for alternatives in left if len(alternatives) == 1]
            if not units:
                choices = left
                break
            choices = [alternatives for alternatives in left if len(alternatives) > 1]
            for alternatives in units:
                pending.extend(alternatives[0])
        if not choices:
            yield branch
            return
        # What is settled already may rule all choices out, and need not be found out once for each of them.
        answer = self._outlook(branch)
        if answer is EMPTY:
            return
        if answer is UNKNOWN:
            branch.undecided = True
            yield branch
            return
        # Facts first: what a value is settles most of what it is not.
        first = min(choices, key=lambda alternatives: (not _tells(alternatives), len(alternatives)))
        others = [alternatives for alternatives in choices if alternatives is not first]
        for alternative in first:
            yield from self._grow(branch.copy(), frozenset(known), list(alternative), list(others))

    def _outlook(self, branch: Branch) -> Without | None:
        questions: list[frozenset[Signed]] = []
        if isinstance(branch, ObjectBranch):
            questions = [self.search.about(branch, name) for name in sorted(branch.changed)]
            branch.changed = set()
        elif isinstance(branch, ArrayBranch):
            questions = [branch.here(index) for index in range(min(branch.least, branch.settled + 1, 64))]
        outlook: Without | None = None
        for question in questions:
            answer = self.search.find(question)
            if answer is EMPTY:
                return EMPTY
            if answer is UNKNOWN:
                outlook = UNKNOWN
        return outlook

    def _is_contradicted(self, signed: Signed, known: set[Signed]) -> bool:
        mode, node = signed
        if mode == OUTSIDE:
            return any(Signed(other, node) in known for other in (INSIDE, SENT, SENT_PART))
        return Signed(OUTSIDE, node) in known

    def _close(self, branch: Branch, choices: list[tuple[Alternative, ...]]) -> None:
        """Senders send no more than they declare, once all they declare is known."""
        if not isinstance(branch, ObjectBranch) or not branch.is_sent or branch.is_open:
            return
        if any(
            isinstance(action, Signed) and action.mode == SENT_PART
            for alternatives in choices
            for alternative in alternatives
            for action in alternative
        ):
            return
        names = frozenset(names[1] for names in branch.declared if names[0] == "name")
        patterns = tuple(sorted(names[1] for names in branch.declared if names[0] == "match"))
        branch.add(("every", ("others", names, patterns), self.never))
        branch.is_sent = False

    def _simplify(
        self, branch: Branch, known: set[Signed], choices: list[tuple[Alternative, ...]]
    ) -> list[tuple[Alternative, ...]] | None:
        left = []
        for alternatives in choices:
            self.search.spend(len(alternatives) // 4)
            possible = []
            holds = False
            for alternative in alternatives:
                if all(self._holds(action, branch, known) for action in alternative):
                    holds = True
                    break
                if not any(self._fails(action, branch, known) for action in alternative):
                    possible.append(alternative)
            if holds or (len(choices) > 1 and any(self._follows(alternative, branch) for alternative in possible)):
                continue
            if not possible:
                return None
            left.append(tuple(possible))
        return left

    def _holds(self, action: Action, branch: Branch, known: set[Signed]) -> bool:
        return action in known if isinstance(action, Signed) else branch.has(action)

    def _fails(self, action: Action, branch: Branch, known: set[Signed]) -> bool:
        if isinstance(action, Signed):
            return self._is_contradicted(action, known) or not self._may_be(action)
        if action[0] in ("some", "every"):
            if isinstance(branch, ObjectBranch):
                return self._property_fails(action, branch)
            if isinstance(branch, ArrayBranch):
                return self._item_fails(action, branch)
        if action[0] in (
            "low",
            "high",
            "least",
            "most",
            "match",
            "mismatch",
            "format",
            "other-format",
            "multiple",
            "other",
        ):
            return not branch.copy().add(action)
        return False

    def _item_fails(self, literal: Literal, branch: ArrayBranch) -> bool:
        _, first, signed = literal
        indices = range(first, max(first, branch.settled) + 1)
        return all(self.search.is_empty(branch.here(index) | {signed}) for index in indices)

    def _property_fails(self, literal: Literal, branch: ObjectBranch) -> bool:
        word, names, signed = literal
        if names[0] != "name":
            return False
        if word == "every":
            return signed == self.never and names[1] in branch.present
        wanted = self.search.about(branch, names[1], also=signed)
        return self.search.is_empty(wanted)

    def _follows(self, alternative: Alternative, branch: Branch) -> bool:
        """Whether the alternative holds whatever else: a present property whose every value is refused there."""
        literal = alternative[0] if len(alternative) == 1 else ()
        if not isinstance(branch, ObjectBranch) or isinstance(literal, Signed) or literal[:1] != ("some",):
            return False
        _, names, signed = literal
        if names[0] != "name" or signed is None:
            return False
        if names[1] not in branch.present:
            return False
        return self.search.is_empty(self.search.about(branch, names[1], also=signed.opposite))

    def _may_be(self, signed: Signed) -> bool:
        if signed.node.constant is not None:
            return signed.node.constant is (signed.mode != OUTSIDE)
        return signed.mode == OUTSIDE or admits(signed.node.keywords.types, self.kind)

    def _open(self, signed: Signed, branch: Branch, pending: list[Action]) -> list[tuple[Alternative, ...]] | None:
        """Put what a signed schema says into the branch; the choices it leaves; ``None`` when it cannot hold."""
        mode, node = signed
        self.search.spend()
        if node.constant is not None:
            return [] if node.constant is (mode != OUTSIDE) else None
        if mode == OUTSIDE:
            return [tuple(self._violations(node))]
        return self._assertions(mode, node, branch, pending)

    def _assertions(
        self, mode: str, node: Node, branch: Branch, pending: list[Action]
    ) -> list[tuple[Alternative, ...]] | None:
        keywords = node.keywords
        kind = self.kind
        if not admits(keywords.types, kind):
            return None
        if keywords.enum is not None:
            values = tuple(value for value in keywords.enum if type_of(value) == kind)
            if not values:
                return None
            if branch.finite is None or len(values) < len(branch.finite):
                branch.finite = values
        if mode in (SENT, SENT_PART) and isinstance(branch, ObjectBranch):
            branch.is_sent = True
            self._declare(keywords, branch)
        part = SENT_PART if mode in (SENT, SENT_PART) else INSIDE
        inner = SENT if part == SENT_PART else INSIDE
        for literal in self._literals(node, inner):
            if not branch.add(literal):
                return None
        pending.extend(Signed(part, child) for child in keywords.all_of)
        if keywords.negated is not None:
            pending.append(Signed(OUTSIDE, keywords.negated))
        choices: list[tuple[Alternative, ...]] = []
        if keywords.any_of is not None:
            choices.append(tuple((Signed(part, child),) for child in keywords.any_of))
            if isinstance(branch, ObjectBranch) and part == SENT_PART:
                for child in keywords.any_of:
                    self._declare_all(child, branch)
        if keywords.one_of is not None:
            choices.append(self._exactly_one(keywords.one_of, part))
        if keywords.condition is not None:
            test, then, otherwise = keywords.condition
            choices.append(
                (
                    (Signed(part, test), *((Signed(part, then),) if then is not None else ())),
                    (Signed(OUTSIDE, test), *((Signed(part, otherwise),) if otherwise is not None else ())),
                )
            )
        if isinstance(branch, ObjectBranch):
            choices.extend(self._dependencies(keywords, part))
            if keywords.unevaluated_properties is not None:
                if part == SENT_PART and keywords.unevaluated_properties.constant is not False:
                    branch.is_open = True
                choices.extend(self._unevaluated(node, inner))
        if isinstance(branch, ArrayBranch) and keywords.unevaluated_items is not None:
            choices.extend(self._unevaluated(node, inner))
        return choices

    def _exactly_one(self, options: tuple[Node, ...], part: str) -> tuple[Alternative, ...]:
        if self.space.setting.api:
            return tuple((Signed(part, option),) for option in options)
        return tuple(
            (Signed(part, option), *(Signed(OUTSIDE, other) for at, other in enumerate(options) if at != chosen))
            for chosen, option in enumerate(options)
        )

    def _dependencies(self, keywords: Keywords, part: str) -> Iterator[tuple[Alternative, ...]]:
        for name, also in keywords.dependent_required.items():
            present = tuple(("some", ("name", other), None) for other in also)
            yield ((("every", ("name", name), self.never),), present)
        for name, schema in keywords.dependent_schemas.items():
            yield ((("every", ("name", name), self.never),), (("some", ("name", name), None), Signed(part, schema)))

    def _unevaluated(self, node: Node, inner: str) -> Iterator[tuple[Alternative, ...]]:
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

    def _declare(self, keywords: Keywords, branch: ObjectBranch) -> None:
        branch.declared.update(("name", name) for name in keywords.properties)
        branch.declared.update(("match", pattern) for pattern in keywords.pattern_properties)
        if keywords.additional is not None and keywords.additional.constant is not False:
            branch.is_open = True

    def _declare_all(self, node: Node, branch: ObjectBranch, depth: int = 0) -> None:
        if depth > 8 or node.constant is not None:
            return
        keywords = node.keywords
        self._declare(keywords, branch)
        for child in (*keywords.all_of, *(keywords.any_of or ()), *(keywords.one_of or ())):
            self._declare_all(child, branch, depth + 1)

    def _literals(self, node: Node, inner: str) -> Iterator[Literal]:
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
            if formats.asserts(keywords.format, api=self.space.setting.api):
                yield ("format", keywords.format)
        elif self.kind == "array":
            yield from self._array(keywords, inner)
        elif self.kind == "object":
            yield from self._object(keywords, inner)

    def _number(self, keywords: Keywords) -> Iterator[Literal]:
        if keywords.types is not None and "number" not in keywords.types:
            yield ("multiple", self.search.one)
        if keywords.low is not None:
            yield ("low", keywords.low)
        if keywords.high is not None:
            yield ("high", keywords.high)
        if keywords.multiple is not None:
            yield ("multiple", keywords.multiple)
        limits = formats.bounds(keywords.format) if self.space.setting.api else None
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

    def _violations(self, node: Node) -> Iterator[Alternative]:
        """Each way in which a value of this kind can fail the schema."""
        keywords = node.keywords
        kind = self.kind
        if not admits(keywords.types, kind):
            yield ()
            return
        if keywords.enum is not None:
            values = [value for value in keywords.enum if type_of(value) == kind]
            yield (("without", values),) if values else ()
        for key in keywords.opaque:
            yield (("opaque", key, False),)
        yield from self._literal_violations(keywords)
        for child in keywords.all_of:
            yield (Signed(OUTSIDE, child),)
        if keywords.any_of is not None:
            yield tuple(Signed(OUTSIDE, child) for child in keywords.any_of)
        if keywords.one_of is not None:
            yield tuple(Signed(OUTSIDE, child) for child in keywords.one_of)
            if not self.space.setting.api:
                for at, first in enumerate(keywords.one_of):
                    for second in keywords.one_of[at + 1 :]:
                        yield (Signed(INSIDE, first), Signed(INSIDE, second))
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
            if formats.asserts(keywords.format, api=self.space.setting.api):
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


def _tells(alternatives: tuple[Alternative, ...]) -> bool:
    return all(
        any(isinstance(action, Signed) and action.mode != OUTSIDE for action in actions) for actions in alternatives
    )


def _others(keywords: Keywords) -> Names:
    return ("others", frozenset(keywords.properties), tuple(sorted(keywords.pattern_properties)))
