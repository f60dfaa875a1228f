"""An object in a branch, built property by property, or the proof that there is none."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from concordat_contracts.schema.model.looks import enumerated
from concordat_contracts.schema.solver.answers import EMPTY, MOST_VALUES, UNKNOWN, Answer, Sample
from concordat_contracts.schema.solver.names import fresh
from concordat_contracts.schema.solver.terms import Names, ObjectBranch, Signed

if TYPE_CHECKING:
    from concordat_contracts.schema.solver.search import Question, Search

MOST_ATOMS = 5
MOST_PROPERTIES = 300
PLANS = 200


@dataclass(frozen=True)
class _Region:
    """Names that no schema mentions and that all patterns treat alike."""

    inside: tuple[Names, ...]
    outside: tuple[Names, ...]
    every: "Question"


@dataclass
class _Plan:
    """The properties to be there, by name, and what each must be besides what all its like must be."""

    extra: dict[str, frozenset[Signed]] = field(default_factory=dict)
    regions: dict[str, _Region] = field(default_factory=dict)

    def put(self, name: str, signed: Signed | None, region: _Region | None = None) -> "_Plan":
        wanted = self.extra.get(name, frozenset()) | ({signed} if signed is not None else frozenset())
        regions = {**self.regions, name: region} if region is not None else self.regions
        return _Plan({**self.extra, name: wanted}, regions)


def pick(search: "Search", branch: ObjectBranch) -> Answer:
    """A value of the branch."""
    return _Builder(search, branch).build()


class _Builder:
    def __init__(self, search: "Search", branch: ObjectBranch) -> None:
        self.search = search
        self.branch = branch
        self.undecided = False
        self.tried = 0
        self.named = self._named()
        self._every: dict[str, Question] = {}
        self._settled: dict[str, Sample] = {}
        """A value for each property that must be there, as far as is known from the branch alone."""
        self._found_regions: list[_Region] | None = None

    def build(self) -> Answer:
        plan = _Plan()
        for name, inside in self.branch.present.items():
            plan.extra[name] = inside
        unknown = False
        for name in plan.extra:
            answer = self.search.find(self._question(plan, name))
            if answer is EMPTY:
                return EMPTY
            if isinstance(answer, Sample):
                self._settled[name] = answer
            unknown = unknown or answer is UNKNOWN
        if self.branch.most is not None and len(plan.extra) > self.branch.most:
            return EMPTY
        if unknown:
            return UNKNOWN
        for candidate in self._plans(self.branch.wanted, plan):
            answer = self._fill(candidate)
            if isinstance(answer, Sample):
                return answer
        return UNKNOWN if self.undecided or self.tried >= PLANS else EMPTY

    def _named(self) -> set[str]:
        named = self.branch.named.keys() | self.branch.present.keys()
        for names, _ in [*self.branch.sets, *self.branch.wanted]:
            if names[0] == "others":
                named |= names[1]
            elif names[0] == "unless":
                named |= {value for value in enumerated(names[1]) or () if isinstance(value, str)}
        return named

    def _all_at(self, name: str) -> "Question":
        if name not in self._every:
            holds = [(self.search.is_named(names, name), signed) for names, signed in self.branch.sets]
            self.undecided = self.undecided or any(held is None for held, _ in holds)
            named = self.branch.named.get(name, frozenset())
            self._every[name] = named | {signed for held, signed in holds if held}
        return self._every[name]

    def _question(self, plan: _Plan, name: str) -> "Question":
        region = plan.regions.get(name)
        every = region.every if region is not None else self._all_at(name)
        return every | plan.extra.get(name, frozenset())

    @property
    def regions(self) -> list[_Region]:
        if self._found_regions is None:
            self._found_regions = list(self._find_regions())
        return self._found_regions

    def _find_regions(self) -> Iterator[_Region]:
        atoms: dict[Names, None] = {}
        for names, _ in [*self.branch.sets, *self.branch.wanted]:
            if names[0] in ("match", "unless"):
                atoms[names] = None
            elif names[0] == "others":
                atoms.update((("match", pattern), None) for pattern in names[2])
        if len(atoms) > MOST_ATOMS:
            self.undecided = True
            return
        for truth in product((False, True), repeat=len(atoms)):
            inside = tuple(atom for atom, holds in zip(atoms, truth, strict=True) if holds)
            outside = tuple(atom for atom, holds in zip(atoms, truth, strict=True) if not holds)
            if atoms:
                answer = fresh(self.search, inside, outside, frozenset(self.named))
                if answer is EMPTY:
                    continue
                if answer is UNKNOWN:
                    self.undecided = True
                    continue
            every = frozenset(signed for names, signed in self.branch.sets if _holds(names, inside))
            yield _Region(inside, outside, every)

    def _new_name(self, region: _Region, plan: _Plan) -> str | None:
        answer = fresh(self.search, region.inside, region.outside, frozenset(self.named | plan.extra.keys()))
        return answer.value if isinstance(answer, Sample) and isinstance(answer.value, str) else None

    def _plans(self, needs: list[tuple[Names, Signed | None]], plan: _Plan) -> Iterator[_Plan]:
        if self.tried >= PLANS:
            return
        if not needs:
            self.tried += 1
            yield plan
            return
        (names, signed), others = needs[0], needs[1:]
        for put in self._placements(names, signed, plan):
            if self.branch.most is None or len(put.extra) <= self.branch.most:
                yield from self._plans(others, put)

    def _placements(self, names: Names, signed: Signed | None, plan: _Plan) -> Iterator[_Plan]:
        """Every way to have a property of a set of names that is inside a schema: fresh, known, or one already planned."""
        also = {signed} if signed is not None else set()
        for region in self.regions:
            if not _holds(names, region.inside) or self.search.is_empty(region.every | also):
                continue
            name = self._new_name(region, plan)
            if name is None:
                self.undecided = True
                continue
            yield plan.put(name, signed, region)
        for name in sorted(self.named | plan.extra.keys()):
            region_here = plan.regions.get(name)
            inside = _holds(names, region_here.inside) if region_here else self.search.is_named(names, name)
            if inside is None:
                self.undecided = True
            if inside and not self.search.is_empty(self._question(plan, name) | also):
                yield plan.put(name, signed)

    def _fill(self, plan: _Plan) -> Answer:
        """The planned properties, and as many more as the least number asks for."""
        values: dict[str, Any] = {}
        sure, size = True, 1
        for name in plan.extra:
            answer = self._value(plan, name)
            if not isinstance(answer, Sample):
                self.undecided = self.undecided or answer is UNKNOWN
                return UNKNOWN
            values[name] = answer.value
            sure = sure and answer.sure
            size += answer.full_size
        missing = self.branch.least - len(values)
        if missing > MOST_PROPERTIES:
            self.undecided = True
            return UNKNOWN
        if missing > 0:
            for name, answer in self._more(plan):
                values[name] = answer.value
                sure = sure and answer.sure
                size += answer.full_size
                missing -= 1
                if missing == 0:
                    break
        if missing > 0:
            return UNKNOWN
        if size > MOST_VALUES:
            self.undecided = True
            return UNKNOWN
        return Sample(values, sure, size)

    def _value(self, plan: _Plan, name: str) -> Answer:
        if name in self._settled and plan.extra[name] is self.branch.present[name]:
            return self._settled[name]
        return self.search.find(self._question(plan, name))

    def _more(self, plan: _Plan) -> Iterator[tuple[str, Sample]]:
        """Further properties that may be there; when they end, no more may."""
        for name in sorted(self.named - plan.extra.keys()):
            answer = self.search.find(self._all_at(name))
            if isinstance(answer, Sample):
                yield name, answer
            elif answer is UNKNOWN:
                self.undecided = True
        grown = plan
        for region in self.regions:
            answer = self.search.find(region.every)
            if answer is UNKNOWN:
                self.undecided = True
            if not isinstance(answer, Sample):
                continue
            for _ in range(MOST_PROPERTIES):
                new = self._new_name(region, grown)
                if new is None:
                    self.undecided = True
                    break
                grown = grown.put(new, None, region)
                yield new, answer


def _holds(names: Names, inside: tuple[Names, ...]) -> bool:
    """Whether a fresh name for which exactly the statements ``inside`` hold is in a set of names."""
    if names[0] == "name":
        return False
    if names[0] == "others":
        return not any(("match", pattern) in inside for pattern in names[2])
    return names in inside
