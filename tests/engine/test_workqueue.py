"""
The work queue's promises, with a clock of our own: nothing is lost, nothing runs twice at once, nobody starves.
"""

import asyncio
import heapq
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concordat.cluster.workqueue import Backoff, Lane, Place, ShutDown, TokenBucket, WorkQueue


class ManualClock:
    """Stands still until told otherwise."""

    class Timer:
        def __init__(self, callback: Callable[[], object]) -> None:
            self.callback: Callable[[], object] | None = callback

        def cancel(self) -> None:
            self.callback = None

    def __init__(self) -> None:
        self.now = 1000.0
        self._timers: list[tuple[float, int, ManualClock.Timer]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object], /) -> "ManualClock.Timer":
        timer = self.Timer(callback)
        heapq.heappush(self._timers, (when, id(timer), timer))
        return timer

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            when, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, when)
            if timer.callback is not None:
                timer.callback()
        self.now = until


def queue(clock: ManualClock | None = None, **settings: Any) -> WorkQueue[str]:
    return WorkQueue(clock=clock or ManualClock(), **settings)


def take(work: WorkQueue[str]) -> str:
    """A key that is known to wait."""
    getting = work.get()
    try:
        getting.send(None)
    except StopIteration as found:
        return str(found.value)
    raise AssertionError("nothing waits")


def test_a_key_added_twice_waits_once() -> None:
    """Ten events are one reconcile."""
    work = queue()
    for _ in range(10):
        work.add("a")
    assert [take(work), len(work)] == ["a", 0]


def test_a_key_added_while_worked_on_waits_until_it_is_done() -> None:
    """Never two workers on one key, and nothing is forgotten."""
    work = queue()
    work.add("a")
    take(work)
    work.add("a")
    assert len(work) == 0
    work.done("a")
    assert take(work) == "a"


def test_an_edit_overtakes_background_work() -> None:
    """A thousand services being resynchronised hold up nobody's edit."""
    work = queue()
    for key in "abc":
        work.add(key)
    work.add("c", Lane.URGENT)
    work.add("z", Lane.URGENT)
    assert [take(work) for _ in range(4)] == ["c", "z", "a", "b"]


def test_an_edit_keeps_its_lane_while_the_key_is_worked_on() -> None:
    """What was added urgently meanwhile is urgent afterwards, whatever else was added."""
    work = queue()
    work.add("a")
    take(work)
    work.add("b")
    work.add("a", Lane.URGENT)
    work.add("a")
    work.done("a")
    assert take(work) == "a"


def test_background_work_does_not_starve() -> None:
    """Under constant urgent load every eighth key is a background one."""
    work = queue()
    work.add("background")
    handed_out = []
    for number in range(16):
        work.add(f"urgent-{number}", Lane.URGENT)
        handed_out.append(take(work))
    assert handed_out.index("background") == 7


def test_failures_back_off_exponentially_and_forgetting_resets() -> None:
    """50 ms, 100 ms, 200 ms, ... at most a minute."""
    work = queue(backoff=Backoff(base=0.05, cap=60, jitter=0))
    delays = [work.retry("a") for _ in range(13)]
    assert delays[:4] == [0.05, 0.1, 0.2, 0.4]
    assert delays[-1] == 60
    work.forget("a")
    assert work.retry("a") == 0.05


@given(st.integers(min_value=1, max_value=10_000))
def test_jitter_stays_in_its_bounds(failures: int) -> None:
    """A fifth in both directions, and no overflow."""
    plain = Backoff(jitter=0).delay(failures)
    assert 0.8 * plain <= Backoff().delay(failures) <= 1.2 * plain


def test_of_several_delays_the_earliest_counts() -> None:
    """And the key comes once."""
    clock = ManualClock()
    work = queue(clock)
    work.add_after("a", 10)
    work.add_after("a", 2)
    work.add_after("a", 5)
    clock.advance(2)
    assert take(work) == "a"
    work.done("a")
    clock.advance(20)
    assert len(work) == 0


def test_when_an_outage_is_over_nobody_waits_out_a_backoff() -> None:
    """After an hour of failures the next try would be a minute away."""
    clock = ManualClock()
    work = queue(clock, backoff=Backoff(base=1, jitter=0))
    for _ in range(6):
        work.retry("a")
    work.expedite()
    assert (take(work), work.delayed) == ("a", 0)
    work.done("a")
    assert work.retry("a") == 1
    clock.advance(100)
    assert (take(work), len(work)) == ("a", 0)


def test_retries_of_all_keys_share_a_bucket() -> None:
    """Ten thousand failing services do not hammer an API server that has just come back."""
    work = queue(backoff=Backoff(base=0.01, jitter=0), retries_per_second=10, retries_at_once=5)
    delays = [work.retry(f"key-{n}") for n in range(25)]
    assert delays[:5] == [0.01] * 5
    assert delays[24] == pytest.approx(2.0)


def test_a_bucket_fills_again_but_not_beyond_its_size() -> None:
    """A burst after a quiet hour is still a burst of that size."""
    clock = ManualClock()
    bucket = TokenBucket(rate=10, burst=3, clock=clock)
    clock.advance(3600)
    assert [bucket.reserve() for _ in range(4)] == [0, 0, 0, pytest.approx(0.1)]


async def test_a_waiting_worker_is_woken() -> None:
    """Without polling."""
    work: WorkQueue[str] = WorkQueue()
    waiting = asyncio.create_task(work.get())
    await asyncio.sleep(0)
    work.add("a")
    assert await waiting == "a"


async def test_a_worker_cancelled_just_when_woken_loses_no_key() -> None:
    """Its wake-up goes to the next one."""
    work: WorkQueue[str] = WorkQueue()
    first, second = asyncio.create_task(work.get()), asyncio.create_task(work.get())
    await asyncio.sleep(0)
    work.add("a")
    first.cancel()
    assert await second == "a"


async def test_a_closed_queue_hands_out_what_it_has_and_takes_no_more() -> None:
    """Draining ends when all are done."""
    work: WorkQueue[str] = WorkQueue()
    work.add("a")
    work.add_after("later", 60)
    work.close()
    work.add("b")
    key = await work.get()
    draining = asyncio.create_task(work.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    work.done(key)
    await draining
    with pytest.raises(ShutDown):
        await work.get()


def test_durations_are_observed() -> None:
    """How long a key waited and how long it was worked on."""
    heard: list[tuple[str, float]] = []

    class Ear:
        def added(self) -> None:
            heard.append(("added", 1))

        def retried(self) -> None:
            heard.append(("retried", 1))

        def waited(self, seconds: float) -> None:
            heard.append(("waited", seconds))

        def worked(self, seconds: float) -> None:
            heard.append(("worked", seconds))

    clock = ManualClock()
    work = queue(clock, observer=Ear())
    work.add("a")
    clock.advance(3)
    take(work)
    clock.advance(4)
    assert work.longest_running() == 4
    work.done("a")
    assert heard == [("added", 1), ("waited", 3.0), ("worked", 4.0)]


_KEYS = st.sampled_from("abcde")
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), _KEYS, st.sampled_from(Lane)),
        st.tuples(st.just("after"), _KEYS, st.floats(0, 5)),
        st.tuples(st.just("retry"), _KEYS),
        st.tuples(st.just("take")),
        st.tuples(st.just("done")),
        st.tuples(st.just("expedite")),
        st.tuples(st.just("advance"), st.floats(0, 3)),
    ),
    max_size=80,
)


@given(_STEPS)
def test_nothing_is_lost_and_nothing_runs_twice_at_once(steps: list[tuple[Any, ...]]) -> None:
    """
    Whatever happens in whatever order: after the last time a key was added it is worked on once more.

    A model remembers only which keys are owed a pass; the queue must pay all of them and hand out none that is held.
    """
    clock = ManualClock()
    work = queue(clock)
    held: list[str] = []
    owed: set[str] = set()

    def hand_out() -> None:
        key = take(work)
        assert key not in held
        held.append(key)
        owed.discard(key)

    for step, *arguments in steps:
        match step:
            case "add":
                work.add(*arguments)
                owed.add(arguments[0])
            case "after":
                work.add_after(*arguments)
                owed.add(arguments[0])
            case "retry":
                work.retry(*arguments)
                owed.add(arguments[0])
            case "take" if len(work):
                hand_out()
            case "done" if held:
                work.done(held.pop(0))
            case "expedite":
                work.expedite()
            case "advance":
                clock.advance(*arguments)

    for _ in range(100):
        while held:
            work.done(held.pop())
        clock.advance(100)
        if not len(work):
            break
        while len(work):
            hand_out()
    assert owed == set()
    assert (len(work), work.delayed, work.working) == (0, 0, 0)


def _of_tenant(key: str) -> Place:
    kind, tenant, _ = key.split("/")
    return Place(kind, tenant)


def test_a_thousand_keys_of_one_tenant_delay_another_by_one() -> None:
    """Counted in keys handed out, in both lanes."""
    for lane in Lane:
        work = queue(place=_of_tenant)
        for number in range(1000):
            work.add(f"service/loud/{number}", lane)
        work.add("service/quiet/1", lane)
        assert "service/quiet/1" in [take(work) for _ in range(2)]


def test_no_tenant_holds_all_workers() -> None:
    """What it adds beyond its part waits until one of its own is done; others and other kinds are handed out meanwhile."""
    work = queue(place=_of_tenant, most_of_tenant=3, most_of_kind=5)
    for number in range(11):
        work.add(f"contract/loud/{number}", Lane.URGENT)
    assert [take(work) for _ in range(3)] == [f"contract/loud/{number}" for number in range(3)]
    assert work._next() is None
    for key in ("contract/quiet/1", "contract/third/1", "contract/fourth/1", "service/loud/1"):
        work.add(key)
    assert {take(work) for _ in range(3)} == {"contract/quiet/1", "contract/third/1", "service/loud/1"}
    assert work._next() is None  # five of the kind
    work.done("contract/third/1")
    assert take(work) == "contract/fourth/1"
    work.done("contract/loud/0")
    assert take(work) == "contract/loud/3"


async def test_whoever_waits_for_a_place_is_woken_when_there_is_one_and_at_the_end() -> None:
    """Nothing that was queued is left behind by a limit."""
    work: WorkQueue[str] = WorkQueue(place=_of_tenant, most_of_tenant=1)
    handed_out: list[str] = []

    async def worker() -> None:
        while True:
            try:
                key = await work.get()
            except ShutDown:
                return
            handed_out.append(key)
            await asyncio.sleep(0)
            work.done(key)

    workers = [asyncio.create_task(worker()) for _ in range(3)]
    for number in range(7):
        work.add(f"service/one/{number}")
    await asyncio.sleep(0)
    work.close()
    await asyncio.wait_for(asyncio.gather(*workers), timeout=5)
    assert sorted(handed_out) == [f"service/one/{number}" for number in range(7)]
