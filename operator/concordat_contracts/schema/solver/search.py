"""
Is there a value inside these schemas and outside those? The one question everything else is put as: ``old ⊆ new`` holds when
no value is inside ``old`` and outside ``new``.

Recursive schemas end by coinduction: a question met again while it is being answered is taken to have no answer, which is
right for finite values, and what was concluded from that is kept only once the question itself is settled so.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from concordat_contracts.schema.model.keywords import Malformed
from concordat_contracts.schema.model.looks import enumerated, hidden_names, leads_to_itself
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.space import Space
from concordat_contracts.schema.model.values import TYPES, canonical, fraction
from concordat_contracts.schema.solver import arrays, numbers, objects, strings
from concordat_contracts.schema.solver.answers import EMPTY, UNKNOWN, Answer, Sample, size_of
from concordat_contracts.schema.solver.membership import accepts
from concordat_contracts.schema.solver.names import is_named
from concordat_contracts.schema.solver.statements import admits
from concordat_contracts.schema.solver.tableau import Tableau
from concordat_contracts.schema.solver.terms import (  # fmt: skip
    OUTSIDE,
    SENT,
    SENT_PART,
    Alternative,
    ArrayBranch,
    Branch,
    Names,
    NumberBranch,
    ObjectBranch,
    Signed,
    StringBranch,
)
from concordat_contracts.steps import spend

STEPS = 10_000
"""Schemas opened and alternatives weighed for one question from outside; what needs more is unknown."""
ALLOWANCE = 25_000
"""The same for all questions of one comparison."""
QUESTIONS = "its schemas, taken together, have too many combinations"
DEEPEST = 32
"""Questions inside questions; Python's own stack allows about twice that."""

Question = frozenset[Signed]


class OutOfBudget(Exception):
    """The question costs more than it may."""


class Search:
    """Answers questions in one space and remembers the answers."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.never: Node = space.literal(False)
        self.allowance = ALLOWANCE
        """What is left for all questions together; whoever begins a comparison fills it up again."""
        self._left = 0
        self._active: dict[Question, int] = {}
        self._lowest: list[int] = []
        self._provisional: dict[Question, int] = {}
        self._ends: dict[Node, bool] = {}
        self._hides: dict[Node, frozenset[str]] = {}
        self._named: dict[tuple[Names, str], bool | None] = {}
        self.begun: dict[Any, Any] = {}
        """What senders say, and in what ways schemas can fail: see :mod:`concordat_contracts.schema.solver.tableau`."""
        self.violations: dict[Any, tuple[Alternative, ...]] = {}

    def ask(self, question: Iterable[Signed]) -> Answer:
        """
        A value that all the signed schemas admit, within the budget.

        :raises TooCostly: the account of the whole comparison is empty
        """
        spend(1, QUESTIONS)
        self._left = granted = min(STEPS, self.allowance)
        try:
            return self.find(frozenset(question))
        except (OutOfBudget, RecursionError, ValueError):
            return UNKNOWN
        finally:
            self.allowance -= granted - max(self._left, 0)
            self._active.clear()
            self._lowest.clear()
            self._provisional.clear()

    def spend(self, steps: int = 1) -> None:
        """Count what was done."""
        spend(steps, QUESTIONS)
        self._left -= steps
        if self._left < 0:
            raise OutOfBudget

    def check_ends(self, node: Node) -> None:
        """
        A schema that leads to itself without stepping into a part of the value means nothing: validators loop on it.

        :raises Malformed: it does
        """
        if node not in self._ends:
            self._ends[node] = not leads_to_itself(node)
        if not self._ends[node]:
            raise Malformed("a schema that refers to itself in place")

    def is_empty(self, question: Question) -> bool:
        """Whether it is proven that no value is in all."""
        return self.find(question) is EMPTY

    def find(self, question: Question) -> Answer:
        """The same as :meth:`ask` from inside an answer."""
        settled: dict[Question, Answer] = self.space.settled
        known = settled.get(question)
        if known is not None:
            return known
        reduced = self._reduced(question)
        if reduced is None:
            return EMPTY
        if not reduced:
            return Sample(0)
        known = settled.get(reduced)
        if known is not None:
            return known
        at = self._active.get(reduced, self._provisional.get(reduced))
        if at is not None:
            self._lowest[-1] = min(self._lowest[-1], at)
            return EMPTY
        depth = len(self._lowest)
        if depth >= DEEPEST:
            return UNKNOWN
        self.spend()
        return self._settle(reduced, depth)

    def _settle(self, question: Question, depth: int) -> Answer:
        since = len(self._provisional)
        self._active[question] = depth
        self._lowest.append(depth)
        try:
            answer = self._answer(question)
        finally:
            del self._active[question]
            lowest = self._lowest.pop()
        if answer is not EMPTY:
            # Whatever was concluded from its emptiness is void.
            for key in list(self._provisional)[since:]:
                del self._provisional[key]
            if answer is not UNKNOWN or depth == 0:
                self.space.settled[question] = answer
            return answer
        if lowest >= depth:
            for key in list(self._provisional)[since:]:
                del self._provisional[key]
                self.space.settled[key] = EMPTY
            self.space.settled[question] = EMPTY
            return answer
        for key in list(self._provisional)[since:]:
            self._provisional[key] = min(self._provisional[key], lowest)
        self._provisional[question] = lowest
        if self._lowest:
            self._lowest[-1] = min(self._lowest[-1], lowest)
        return answer

    def _reduced(self, question: Question) -> Question | None:
        """Without what holds for every value; ``None`` when two of them contradict each other."""
        kept = []
        inside: set[Node] = set()
        outside: set[Node] = set()
        for signed in question:
            mode, node = signed
            constant = node.constant
            if constant is not None:
                if constant is (mode == OUTSIDE):
                    return None
                continue
            kept.append(signed)
            (outside if mode == OUTSIDE else inside).add(node)
        if not inside.isdisjoint(outside):
            return None
        return question if len(kept) == len(question) else frozenset(kept)

    def _answer(self, question: Question) -> Answer:
        listed = self._listed(question)
        if listed is not None:
            return self._first_accepted(question, listed)
        hidden = self.space.setting.hidden
        unreceived = self._hidden(question, OUTSIDE) if hidden else frozenset()
        unsent = self._hidden(question, SENT) if hidden else frozenset()
        undecided = False
        unsure: Sample | None = None
        for kind in self._kinds(question):
            for branch in Tableau(self, kind, unreceived, unsent).branches(question):
                answer = self._solve(kind, branch, question)
                if isinstance(answer, Sample):
                    if answer.sure:
                        return answer
                    unsure = unsure or answer
                undecided = undecided or answer is UNKNOWN
        if unsure is not None:
            return unsure
        return UNKNOWN if undecided else EMPTY

    def _kinds(self, question: Question) -> list[str]:
        limits = [
            signed.node.keywords.types
            for signed in question
            if signed.mode != OUTSIDE and signed.node.keywords.types is not None
        ]
        return [kind for kind in TYPES if all(admits(types, kind) for types in limits)]

    def _listed(self, question: Question) -> tuple[Any, ...] | None:
        """The shortest list of values that one of the schemas comes down to."""
        shortest: tuple[Any, ...] | None = None
        for signed in question:
            values = None if signed.mode == OUTSIDE else enumerated(signed.node)
            if values is not None and (shortest is None or len(values) < len(shortest)):
                shortest = values
        return shortest

    def _first_accepted(self, question: Question, values: Iterable[Any]) -> Answer:
        undecided: Sample | None = None
        for value in values:
            verdict: bool | None = True
            for signed in question:
                accepted = accepts(self.space, signed, value)
                if accepted is False:
                    verdict = False
                    break
                verdict = None if accepted is None else verdict
            if verdict is True:
                return Sample(value, size=size_of(value))
            if verdict is None and undecided is None:
                undecided = Sample(value, sure=False, size=size_of(value))
        return undecided or EMPTY

    def _solve(self, kind: str, branch: Branch, question: Question) -> Answer:
        self.spend()
        if branch.finite is not None:
            return self._first_accepted(question, branch.finite)
        if branch.undecided:
            return UNKNOWN
        answer = self._pick(kind, branch)
        if branch.opaque and isinstance(answer, Sample):
            return replace(answer, sure=False)
        return answer

    def _pick(self, kind: str, branch: Branch) -> Answer:
        if isinstance(branch, NumberBranch):
            without = {fraction(value) for value in branch.without}
            return numbers.pick(branch.low, branch.high, branch.multiples, branch.others, without)
        if isinstance(branch, StringBranch):
            return strings.pick(
                branch.least, branch.most, branch.patterns, branch.other_patterns, branch.formats, branch.other_formats,
                set(branch.without),
            )  # fmt: skip
        if isinstance(branch, ArrayBranch):
            return arrays.pick(self, branch)
        if isinstance(branch, ObjectBranch):
            return objects.pick(self, branch)
        left_out = {canonical(value) for value in branch.without}
        for value in (None,) if kind == "null" else (True, False):
            if canonical(value) not in left_out:
                return Sample(value)
        return EMPTY

    def _hidden(self, question: Question, mode: str) -> frozenset[str]:
        names: set[str] = set()
        for signed in question:
            if signed.mode == mode or (mode == SENT and signed.mode == SENT_PART):
                if signed.node not in self._hides:
                    self._hides[signed.node] = frozenset(hidden_names(signed.node))
                names |= self._hides[signed.node]
        return frozenset(names)

    def about(self, branch: ObjectBranch, name: str, also: Signed | None = None) -> Question:
        """All that is known of one property of the objects in a branch."""
        wanted = branch.named.get(name, frozenset()) | branch.present.get(name, frozenset())
        more = [signed for names, signed in branch.sets if self.is_named(names, name)]
        return wanted.union(more, () if also is None else (also,)) if more or also is not None else wanted

    def is_named(self, names: Names, name: str) -> bool | None:
        """Whether a set of names holds one; ``None`` where a pattern cannot be told."""
        if names[0] == "others" and not names[2]:
            return name not in names[1]
        key = (names, name)
        if key not in self._named:
            self._named[key] = is_named(self.space, names, name)
        return self._named[key]
