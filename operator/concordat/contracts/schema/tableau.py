"""
From signed schemas to branches: a tableau.

Whatever holds in any case goes into the branch at once; choices (``anyOf``, a schema that must *not* hold) wait, lose the
alternatives that contradict the branch, vanish when one alternative holds already, and only then split it.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from concordat.contracts.schema.answers import EMPTY, UNKNOWN, Without
from concordat.contracts.schema.node import Keywords, Node
from concordat.contracts.schema.statements import Statements, admits
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


class Tableau:
    """All branches of a set of signed schemas for values of one kind."""

    def __init__(
        self, search: "Search", kind: str, hidden_from_receiver: frozenset[str], hidden_from_sender: frozenset[str]
    ) -> None:
        self.search = search
        self.kind = kind
        self.never = Signed(INSIDE, search.never)
        self.statements = Statements(
            search, kind, self.never, unreceived=hidden_from_receiver, unsent=hidden_from_sender
        )

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
        # Plain tuples are found where signed schemas are, and cost a third to make.
        if mode == OUTSIDE:
            return (INSIDE, node) in known or (SENT, node) in known or (SENT_PART, node) in known
        return (OUTSIDE, node) in known

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
        left: list[tuple[Alternative, ...]] = []
        for alternatives in choices:
            self.search.spend(len(alternatives) // 4)
            possible: list[Alternative] = []
            holds = False
            for alternative in alternatives:
                if len(alternative) == 1:  # nearly all are, and this is where the time goes
                    (action,) = alternative
                    if self._holds(action, branch, known):
                        holds = True
                        break
                    if not self._fails(action, branch, known):
                        possible.append(alternative)
                    continue
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
        self.search.check_ends(node)
        if mode == OUTSIDE:
            return [tuple(self.statements.violations(node))]
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
        for literal in self.statements.literals(node, inner):
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
            choices.append(self.statements.exactly_one(keywords.one_of, part))
        if keywords.condition is not None:
            test, then, otherwise = keywords.condition
            choices.append(
                (
                    (Signed(part, test), *((Signed(part, then),) if then is not None else ())),
                    (Signed(OUTSIDE, test), *((Signed(part, otherwise),) if otherwise is not None else ())),
                )
            )
        if isinstance(branch, ObjectBranch):
            choices.extend(self.statements.dependencies(keywords, part))
            if keywords.unevaluated_properties is not None:
                if part == SENT_PART and keywords.unevaluated_properties.constant is not False:
                    branch.is_open = True
                choices.extend(self.statements.unevaluated(node, inner))
        if isinstance(branch, ArrayBranch) and keywords.unevaluated_items is not None:
            choices.extend(self.statements.unevaluated(node, inner))
        return choices

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


def _tells(alternatives: tuple[Alternative, ...]) -> bool:
    return all(
        any(isinstance(action, Signed) and action.mode != OUTSIDE for action in actions) for actions in alternatives
    )
