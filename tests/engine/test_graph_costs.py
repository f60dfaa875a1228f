"""
What arithmetic over the graph of services costs, counted in steps: one tenant's services must not stop everybody's operator.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from math import prod
from typing import Any

import pytest

from concordat.world.graph import Circles
from concordat.world.microservices import Parents
from concordat.world.pacing import SHARE, Pacer
from concordat.world.retry_amplification import DEEPEST
from tests.engine.test_parents import World

Uses = dict[str, dict[str, int]]
"""Attempts by whom a service calls."""


def _put(world: World, uses: Uses, *, generation: int = 1) -> None:
    for name, called in uses.items():
        consumes = [{"service": other, "retries": attempts - 1} for other, attempts in called.items()]
        world.put(name, generation=generation, consumes=consumes)


def _each_other(count: int, attempts: int = 2) -> Uses:
    names = [f"s{number}" for number in range(count)]
    return {name: {other: attempts for other in names if other != name} for name in names}


def _at_random(count: int, degree: int, seed: int) -> Uses:
    rng = random.Random(seed)
    names = [f"s{number}" for number in range(count)]
    return {
        name: {
            other: rng.randint(1, 4) for other in rng.sample(names, rng.randint(0, min(degree, count))) if other != name
        }
        for name in names
    }


def _chain(count: int) -> Uses:
    return {f"s{number}": ({f"s{number + 1}": 2} if number + 1 < count else {}) for number in range(count)}


@pytest.mark.parametrize(
    "uses",
    [_each_other(65), _at_random(100, 64, seed=11), _chain(1000)],
    ids=["65 that call each other", "100 at random", "a chain of 1,000"],
)
def test_facts_of_all_services_cost_a_few_steps_for_each_use(uses: Uses) -> None:
    """However often the ways cross. Before, 65 services cost a hundred million."""
    world = World()
    with world.parents.relations.at_once():
        _put(world, uses)
    for name in uses:
        world.facts(name)

    edges = sum(map(len, uses.values()))
    relations = world.parents.relations
    assert 0 < relations.retries.steps <= edges * DEEPEST
    assert relations.circles.steps <= edges
    assert relations.steps <= 2 * edges


def test_an_edit_costs_a_step_for_each_use_above_it() -> None:
    """And what was computed for those it does not concern stays."""
    uses = {**_each_other(20), "aside": {"beside": 3}, "beside": {"aside": 2}}
    world = World()
    _put(world, uses)
    for name in uses:
        world.facts(name)
    before = world.parents.relations.retries.steps

    world.put("aside", generation=2, consumes=[{"service": "beside", "retries": 1}])
    for name in uses:
        world.facts(name)

    assert world.parents.relations.retries.steps - before <= 2 * DEEPEST


def test_while_many_change_who_is_above_them_is_looked_for_now_and_then() -> None:
    """Twenty edits in a row that each concern all the others cost two walks, not twenty; at rest each is followed at once."""
    clock = _Clock(tick=0.001)
    parents = Parents(lambda _key, _lane: None, Pacer(clock))
    world = World()
    world.parents = parents
    _put(world, _each_other(20))
    clock.run()
    before = parents.relations.steps

    _put(world, _each_other(20, attempts=3), generation=2)
    clock.run()

    edges = 20 * 19
    assert parents.relations.steps - before <= 2 * edges


def test_a_pacer_takes_a_tenth_of_the_time_and_forgets_nothing() -> None:
    """Work that took a second is done again ten seconds later, once, and at once when that is over."""
    clock, done = _Clock(), []
    pacer = Pacer(clock)

    def work() -> None:
        done.append(clock.now)
        clock.now += 1

    pacer(work)
    pacer(work)
    assert done == [0.0]
    clock.run()
    assert done == [0.0, 1.0 * SHARE]
    clock.now += 1000
    pacer(work)
    assert done == [0.0, 10.0, clock.now - 1]


class _Clock:
    """Time that passes when the test says so, and by a ``tick`` whenever somebody looks."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now = 0.0
        self._tick = tick
        self._due: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        self.now += self._tick
        return self.now - self._tick

    def call_at(self, when: float, callback: Callable[[], object], /) -> Any:
        self._due.append((when, callback))

    def run(self) -> None:
        while self._due:
            when, callback = self._due.pop(0)
            self.now = max(self.now, when)
            callback()


# --- what is computed is right -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_the_most_calls_are_found_where_there_is_no_circle(seed: int) -> None:
    """As by following every way; in a circle no more than that, and it is told."""
    rng = random.Random(seed)
    uses = _at_random(rng.randint(2, 9), rng.randint(1, 4), seed)
    world = World()
    _put(world, uses)
    for name, called in uses.items():
        found = world.facts(name).retried
        for other, attempts in called.items():
            if attempts == 1:
                continue
            most = max(map(prod, _ways(uses, [name, other])), default=1)
            assert found[other].times <= most
            assert found[other].times == most or found[other].circular, (name, other)
            assert found[other].times == _along(uses, [one.partition("/")[2] for one in found[other].way])


def _ways(uses: Uses, way: list[str]) -> Iterator[list[int]]:
    """Attempts along every way that goes on from its last service and meets nobody twice."""
    yield []
    if len(way) - 2 < DEEPEST:
        for other, attempts in uses[way[-1]].items():
            if other not in way:
                for further in _ways(uses, [*way, other]):
                    yield [attempts, *further]


def _along(uses: Uses, way: Iterable[str]) -> int:
    return prod(uses[caller][called] for caller, called in pairwise(way))


@pytest.mark.parametrize("seed", range(40))
def test_circles_stay_right_whatever_is_edited(seed: int) -> None:
    """What was kept from before an edit says the same as what is computed afresh."""
    rng = random.Random(seed)
    world = World()
    names = [f"s{number}" for number in range(8)]
    for generation in range(1, 30):
        name = rng.choice(names)
        consumes = [{"service": other, "retries": rng.randint(0, 2)} for other in rng.sample(names, rng.randint(0, 3))]
        if rng.random() < 0.15:
            world.drop(name)
        else:
            world.put(name, generation=generation, consumes=[use for use in consumes if use["service"] != name])
        afresh = World()
        afresh.parents = Parents(lambda _key, _lane: None)
        for parent in list(world.parents):
            assert parent.service is not None
            consumed = [use.model_dump(exclude_unset=True) for use in parent.service.spec.consumes]
            afresh.put(parent.key.name, consumes=consumed)
        for parent in list(world.parents):
            here, there = world.facts(parent.key.name), afresh.facts(parent.key.name)
            assert (here.indispensable, here.retried) == (there.indispensable, there.retried)


def test_circles_without_recursion() -> None:
    """A chain of a thousand services is deeper than Python's stack."""
    circles = Circles(lambda name: [str((int(name) + 1) % 5000)])
    assert circles.same("0", "4999")
    assert circles.steps == 5000


def test_a_circle_that_tries_again_is_told() -> None:
    """Two that call each other with retries multiply without end, though no way beneath is longer than one call."""
    world = World()
    _put(world, {"orders": {"payments": 2}, "payments": {"orders": 3}})
    retried = world.facts("orders").retried["payments"]
    assert (retried.times, retried.circular) == (1, True)
