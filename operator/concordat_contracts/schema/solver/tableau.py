"""
From signed schemas to branches: a tableau.

Whatever holds in any case goes into the branch at once; choices (``anyOf``, a schema that must *not* hold) wait, lose the
alternatives that contradict the branch, vanish when one alternative holds already (see ``weighing``), and only then split it.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from concordat_contracts.schema.model.keywords import Keywords
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.values import type_of
from concordat_contracts.schema.solver.answers import EMPTY, UNKNOWN, Without
from concordat_contracts.schema.solver.statements import Statements, admits
from concordat_contracts.schema.solver.terms import (  # fmt: skip
    INSIDE,
    OUTSIDE,
    SENT,
    SENT_PART,
    Action,
    Alternative,
    ArrayBranch,
    Branch,
    NumberBranch,
    ObjectBranch,
    Signed,
    StringBranch,
)
from concordat_contracts.schema.solver.weighing import Weighing

if TYPE_CHECKING:
    from concordat_contracts.schema.solver.search import Search

KINDS: dict[str, type[Branch]] = {
    "null": Branch, "boolean": Branch, "string": StringBranch, "number": NumberBranch, "array": ArrayBranch, "object": ObjectBranch,
}  # fmt: skip


Begun = tuple[Branch, frozenset[Signed], list[tuple[Alternative, ...]]]


class Tableau:
    """All branches of a set of signed schemas for values of one kind."""

    def __init__(
        self, search: "Search", kind: str, hidden_from_receiver: frozenset[str], hidden_from_sender: frozenset[str]
    ) -> None:
        self.search = search
        self.kind = kind
        self.never = Signed(INSIDE, search.never)
        self.weighing = Weighing(search, kind, self.never)
        self.statements = Statements(
            search, kind, self.never, unreceived=hidden_from_receiver, unsent=hidden_from_sender
        )

    def branches(self, given: Iterable[Signed]) -> Iterator[Branch]:
        """
        Each conjunction that makes all the given schemas hold; together they are exactly the values of this kind.

        :raises OutOfBudget: too many
        """
        in_order = sorted(given, key=lambda signed: (signed.mode, signed.node.uid))  # the same answer in every run
        if in_order[-1].mode != SENT:
            yield from self._grow(KINDS[self.kind](), frozenset(), list(in_order), [])
            return
        begun = self._begun(in_order.pop())
        if begun is not None:
            branch, known, choices = begun
            yield from self._grow(branch.copy(), known, list(in_order), list(choices))

    def _begun(self, sender: Signed) -> "Begun | None":
        """What a sender says, taken in once for all the questions about it; ``None`` when it sends nothing of this kind."""
        key = (sender, self.kind, self.statements.unsent)
        if key not in self.search.begun:
            branch, known, choices = KINDS[self.kind](), set[Signed](), list[tuple[Alternative, ...]]()
            holds = self._take_in(branch, known, [sender], choices)
            self.search.begun[key] = (branch, frozenset(known), choices) if holds else None
        begun: Begun | None = self.search.begun[key]
        return begun

    def _grow(
        self, branch: Branch, seen: frozenset[Signed], pending: list[Action], choices: list[tuple[Alternative, ...]]
    ) -> Iterator[Branch]:
        self.search.spend()
        known = set(seen)
        while True:
            if not self._take_in(branch, known, pending, choices):
                return
            self._close(branch, known, choices)
            left = self.weighing.simplify(branch, known, choices)
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

    def _take_in(
        self, branch: Branch, known: set[Signed], pending: list[Action], choices: list[tuple[Alternative, ...]]
    ) -> bool:
        """Put all that is pending, and all it leads to, into the branch; ``False`` when that cannot be."""
        while pending:
            action = pending.pop()
            if not isinstance(action, Signed):
                if not branch.add(action):
                    return False
                continue
            if action in known:
                continue
            known.add(action)
            if self.weighing.is_contradicted(action, known):
                return False
            made = self._open(action, branch, pending)
            if made is None:
                return False
            choices.extend(made)
        return True

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

    def _close(self, branch: Branch, known: set[Signed], choices: list[tuple[Alternative, ...]]) -> None:
        """
        Senders send no more than they declare, once all they declare is known.

        Those who declare nothing, or say how many properties there are or how they are called, do send others, yet none that
        only the receiver knows: that would be a coincidence.
        """
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
        if branch.is_loose or not branch.declared:
            for name in sorted(set[str]().union(*map(_declared, _receivers(known))) - names):
                branch.add(("every", ("name", name), self.never))
        else:
            branch.add(("every", ("others", names, patterns), self.never))
        branch.is_sent = False

    def _open(self, signed: Signed, branch: Branch, pending: list[Action]) -> list[tuple[Alternative, ...]] | None:
        """Put what a signed schema says into the branch; the choices it leaves; ``None`` when it cannot hold."""
        mode, node = signed
        self.search.spend()
        if node.constant is not None:
            return [] if node.constant is (mode != OUTSIDE) else None
        self.search.check_ends(node)
        if mode == OUTSIDE:
            return [self.weighing.possible(self.statements.all_violations(node), branch)]
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
        branch.declared.update(("name", name) for name in keywords.required)
        branch.declared.update(("match", pattern) for pattern in keywords.pattern_properties)
        if keywords.additional is not None and keywords.additional.constant is not False:
            branch.is_open = True
        if keywords.min_properties or keywords.max_properties is not None or keywords.names is not None:
            branch.is_loose = True

    def _declare_all(self, node: Node, branch: ObjectBranch, depth: int = 0) -> None:
        if depth > 8 or node.constant is not None:
            return
        keywords = node.keywords
        self._declare(keywords, branch)
        for child in (*keywords.all_of, *(keywords.any_of or ()), *(keywords.one_of or ())):
            self._declare_all(child, branch, depth + 1)


def _receivers(known: Iterable[Signed]) -> Iterator[Node]:
    return (node for mode, node in known if mode == OUTSIDE)


def _declared(node: Node, depth: int = 0) -> set[str]:
    """The names a schema declares, behind its references and alternatives too."""
    if depth > 8 or node.constant is not None:
        return set()
    keywords = node.keywords
    children = (*keywords.all_of, *(keywords.any_of or ()), *(keywords.one_of or ()))
    return set(keywords.properties).union(*(_declared(child, depth + 1) for child in children))


def _tells(alternatives: tuple[Alternative, ...]) -> bool:
    return all(
        any(isinstance(action, Signed) and action.mode != OUTSIDE for action in actions) for actions in alternatives
    )
