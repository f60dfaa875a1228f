"""An array in a branch, built item by item, or the proof that there is none."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from concordat_contracts.schema.model.looks import enumerated
from concordat_contracts.schema.model.values import canonical
from concordat_contracts.schema.solver.answers import EMPTY, MOST_VALUES, UNKNOWN, Answer, Sample
from concordat_contracts.schema.solver.membership import accepts
from concordat_contracts.schema.solver.terms import INSIDE, OUTSIDE, ArrayBranch, Signed

if TYPE_CHECKING:
    from concordat_contracts.schema.model.node import Node
    from concordat_contracts.schema.solver.search import Search

LONGEST = 400
PLANS = 200
MOST_SEARCHED = 24
"""Items that must differ from those before, each found by a search that leaves all others out; the work grows with the square."""


@dataclass(frozen=True)
class _Need:
    """An item that must be there, from an index on; needs of one ``group`` go to different items."""

    start: int
    signed: Signed
    group: int | None = None


@dataclass
class _Plan:
    extra: dict[int, frozenset[Signed]] = field(default_factory=dict)
    groups: frozenset[tuple[int, int]] = frozenset()

    def put(self, index: int, need: _Need) -> "_Plan":
        extra = {**self.extra, index: self.extra.get(index, frozenset()) | {need.signed}}
        groups = self.groups if need.group is None else self.groups | {(index, need.group)}
        return _Plan(extra, groups)


def pick(search: "Search", branch: ArrayBranch) -> Answer:
    """A value of the branch."""
    if branch.settled > LONGEST or branch.least > LONGEST:
        return _long(search, branch)
    return _Builder(search, branch).build()


def _long(search: "Search", branch: ArrayBranch) -> Answer:
    if (
        branch.settled > LONGEST
        or branch.some
        or branch.counts
        or branch.distinct
        or branch.twice
        or branch.least > 20_000
    ):
        return UNKNOWN
    items = [search.find(branch.here(index)) for index in range(branch.settled + 1)]
    if EMPTY in items:
        return EMPTY
    if UNKNOWN in items:
        return UNKNOWN
    samples = [item for item in items if isinstance(item, Sample)]
    size = branch.least * max(sample.full_size for sample in samples)
    if size > MOST_VALUES:
        return UNKNOWN
    value = [samples[min(index, branch.settled)].value for index in range(branch.least)]
    return Sample(value, all(sample.sure for sample in samples), 1 + size)


class _Builder:
    def __init__(self, search: "Search", branch: ArrayBranch) -> None:
        self.search = search
        self.branch = branch
        self.settled = branch.settled
        self.most = branch.most
        self.undecided = False
        self.tried = 0

    def build(self) -> Answer:
        for index in range(self.settled + 1):
            if self.most is not None and index >= self.most:
                break
            if self.search.is_empty(self.branch.here(index)):
                self.most = index
                break
        if self._is_impossible():
            return EMPTY
        needs = self._needs()
        if needs is None:
            return UNKNOWN
        if any(self._nowhere(need) for need in needs):
            return EMPTY
        for plan in self._plans(needs, _Plan()):
            answer = self._fill(plan)
            if isinstance(answer, Sample):
                return answer
        return UNKNOWN if self.undecided or self.tried >= PLANS else EMPTY

    def _is_impossible(self) -> bool:
        branch = self.branch
        if self.most is not None and branch.least > self.most:
            return True
        if branch.distinct and self._too_few_distinct():
            return True
        for schema, _, most in branch.counts:
            if most is not None and self._forced(schema) > most:
                return True
        return any(
            most is not None and least > most and self._contained(inner, outer)
            for inner, least, _ in branch.counts
            for outer, _, most in branch.counts
        )

    def _indices(self) -> range:
        last = self.settled if self.most is None else min(self.settled, self.most - 1)
        return range(last + 1)

    def _contained(self, inner: "Node", outer: "Node") -> bool:
        pair = {Signed(INSIDE, inner), Signed(OUTSIDE, outer)}
        return inner is outer or all(self.search.is_empty(self.branch.here(index) | pair) for index in self._indices())

    def _forced(self, schema: "Node") -> int:
        """How many of the items that must be there are inside the schema whatever they are."""
        outside = Signed(OUTSIDE, schema)
        forced = sum(
            self.search.is_empty(self.branch.here(index) | {outside})
            for index in range(min(self.branch.least, self.settled))
        )
        if self.branch.least > self.settled and self.search.is_empty(self.branch.here(self.settled) | {outside}):
            forced += self.branch.least - self.settled
        return forced

    def _too_few_distinct(self) -> bool:
        values: set[Any] = set()
        for index in range(min(self.branch.least, self.settled + 1)):
            here = self.branch.here(index)
            listed = [enumerated(signed.node) for signed in here if signed.mode != OUTSIDE]
            known = [values_listed for values_listed in listed if values_listed is not None]
            if not known:
                return False
            for value in known[0]:
                if all(accepts(self.search.space, signed, value) is not False for signed in here):
                    values.add(canonical(value))
        return len(values) < self.branch.least

    def _needs(self) -> list[_Need] | None:
        needs = [_Need(start, signed) for start, signed in self.branch.some]
        for group, (schema, least, _) in enumerate(self.branch.counts):
            if least > 60:
                return None
            needs += [_Need(0, Signed(INSIDE, schema), group)] * least
        return needs

    def _nowhere(self, need: _Need) -> bool:
        indices = range(need.start, max(need.start, self.settled) + 1)
        possible = [index for index in indices if self.most is None or index < self.most]
        return all(self.search.is_empty(self.branch.here(index) | {need.signed}) for index in possible)

    def _plans(self, needs: list[_Need], plan: _Plan) -> Iterator[_Plan]:
        if self.tried >= PLANS:
            return
        if not needs:
            yield from self._twins(plan)
            return
        need, others = needs[0], needs[1:]
        highest = max([self.settled, need.start, *(index + 1 for index in plan.extra)])
        for index in range(need.start, highest + 1):
            if self.most is not None and index >= self.most:
                break
            if need.group is not None and (index, need.group) in plan.groups:
                continue
            put = plan.put(index, need)
            if not self.search.is_empty(self.branch.here(index) | put.extra[index]):
                yield from self._plans(others, put)

    def _twins(self, plan: _Plan) -> Iterator[_Plan]:
        """Where two items must be equal, both are to be the same value: the second takes what the first must be."""
        if not self.branch.twice:
            self.tried += 1
            yield plan
            return
        highest = max([self.settled + 1, *(index + 1 for index in plan.extra)])
        for second in range(1, highest + 1):
            if self.most is not None and second >= self.most:
                break
            for first in range(second):
                both = self._question(plan, first) | self._question(plan, second)
                answer = self.search.find(both)
                if answer is EMPTY:
                    continue
                if not isinstance(answer, Sample):
                    self.undecided = True
                    continue
                same = Signed(INSIDE, self.search.space.literal({"enum": [answer.value]}))
                self.tried += 1
                yield plan.put(first, _Need(0, same)).put(second, _Need(0, same))
                # Another value for the pair may be what the rest needs.
                self.undecided = self.undecided or bool(self.branch.counts)

    def _question(self, plan: _Plan, index: int) -> frozenset[Signed]:
        return self.branch.here(index) | plan.extra.get(index, frozenset())

    def _fill(self, plan: _Plan) -> Answer:
        length = max([self.branch.least, *(index + 1 for index in plan.extra)])
        return self._fill_to(plan, length)

    def _fill_to(self, plan: _Plan, length: int) -> Answer:
        items: list[Any] = []
        sure, size = True, 1
        others = _Others(self.search) if self.branch.distinct else None
        for index in range(length):
            answer = self._item(plan, index, others)
            if not isinstance(answer, Sample):
                self.undecided = True
                return UNKNOWN
            items.append(answer.value)
            sure = sure and answer.sure
            size += answer.full_size
            if size > MOST_VALUES:
                self.undecided = True
                return UNKNOWN
            if others is not None:
                others.take(answer.value)
        for schema, least, most in self.branch.counts:
            inside = sum(accepts(self.search.space, Signed(INSIDE, schema), item) is True for item in items)
            if inside < least or (most is not None and inside > most):
                self.undecided = True
                return UNKNOWN
        return Sample(items, sure, size)

    def _item(self, plan: _Plan, index: int, others: "_Others | None") -> Answer:
        question = self._question(plan, index)
        if others is not None and others.taken:
            simple = None if self.branch.counts else others.simple(question)
            if simple is not None:
                return simple
            if len(others.taken) > MOST_SEARCHED:
                return UNKNOWN
            question |= {Signed(OUTSIDE, self.search.space.literal({"enum": list(others.taken)}))}
        spared = question | {
            Signed(OUTSIDE, schema)
            for group, (schema, _, most) in enumerate(self.branch.counts)
            if most is not None and (index, group) not in plan.groups
        }
        if spared != question:
            answer = self.search.find(spared)
            if isinstance(answer, Sample):
                return answer
        return self.search.find(question)


class _Others:
    """The items of one array so far, none of which may be met again."""

    def __init__(self, search: "Search") -> None:
        self.search = search
        self.taken: list[Any] = []
        self._known: set[Any] = set()
        self._tried: dict[frozenset[Signed], int] = {}

    def take(self, value: Any) -> None:
        """``value`` is in the array now."""
        self.taken.append(value)
        self._known.add(canonical(value))

    def simple(self, question: frozenset[Signed]) -> Sample | None:
        """The next number, or number as text, that fits and is not yet taken; ``None`` where a search has to find one."""
        for number in range(self._tried.get(question, 0), LONGEST + len(self._known)):
            self._tried[question] = number
            for value in (number, str(number)):
                if canonical(value) in self._known:
                    continue
                checks = [accepts(self.search.space, signed, value) for signed in question]
                if False not in checks:
                    return Sample(value, sure=None not in checks)
            if number == MOST_SEARCHED and not any(isinstance(each, int | str) for each in self.taken):
                break
        return None
