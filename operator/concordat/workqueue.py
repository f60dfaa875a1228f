"""
A work queue for level-triggered reconciliation: what is queued is a key, never an event.

Modelled on client-go's ``workqueue`` and controller-runtime's priority queue, in pure asyncio: no threads, no polling,
one timer. It promises:

- a key waits at most once, however often it is added;
- a key is never handed to two workers at the same time: what is added meanwhile waits until :meth:`WorkQueue.done`;
- nothing that was added is lost;
- a person's edit overtakes background work, and background work does not starve;
- groups of keys, the engine's namespaces, take turns: one that queues a thousand keys delays another's first by one key a worker;
- and no group, nor what is told to be a crowd, holds all workers at a time: what takes long holds up nothing but its like;
- a failing key backs off on its own, exponentially and with jitter; all retries together share a token bucket.
"""

import asyncio
import heapq
import random
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, Protocol, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Lane(IntEnum):
    """How soon."""

    URGENT = 0
    """Somebody waits for it: a person edited the resource, or a child was tampered with."""
    BACKGROUND = 1
    """Initial list, resync, retries, consequences of a change elsewhere."""


class ShutDown(Exception):
    """The queue takes no more work and holds none."""


class Handle(Protocol):
    """A timer that can be cancelled."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What an event loop knows of time; a test brings its own."""

    def time(self) -> float:
        """Seconds, monotonic."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> Handle:
        """Call once when :meth:`time` has reached ``when``."""


class Observer(Protocol):
    """Hears what happens; the figures of controller-runtime's ``workqueue_*`` metrics."""

    def added(self) -> None: ...
    def retried(self) -> None: ...
    def waited(self, seconds: float) -> None: ...
    def worked(self, seconds: float) -> None: ...


class _Silent:
    def added(self) -> None: ...
    def retried(self) -> None: ...
    def waited(self, seconds: float) -> None: ...
    def worked(self, seconds: float) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Delay of the n-th retry in a row: ``base * 2**n``, at most ``cap``, spread by ``jitter`` in both directions."""

    base: float = 0.05
    """Seconds. client-go starts at 5 ms; a retry here is rarely about a write race, mostly about an API that is down."""
    cap: float = 60.0
    """Seconds. An object the API server keeps refusing costs at most a request a minute."""
    jitter: float = 0.2

    def delay(self, failures: int) -> float:
        """Seconds to wait after ``failures`` failures in a row, the first being 1."""
        delay = min(self.cap, self.base * 2.0 ** min(failures - 1, 30))
        return delay * random.uniform(1 - self.jitter, 1 + self.jitter)


class TokenBucket:
    """Room for ``burst`` at once and ``rate`` a second after that; who comes too early is told how long to wait."""

    def __init__(self, *, rate: float, burst: int, clock: Clock) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._tokens = float(burst)
        self._filled_at = clock.time()

    def reserve(self) -> float:
        """Take a token, on credit if need be; seconds until it is there."""
        self._fill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def take(self) -> bool:
        """Take a token if there is one."""
        self._fill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _fill(self) -> None:
        now = self._clock.time()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now


class _Turns(Generic[Key]):
    """Keys that wait, and since when; groups take turns, and within a group who came first goes first."""

    def __init__(self, group: Callable[[Key], Hashable]) -> None:
        self._group = group
        self._waiting: dict[Hashable, dict[Key, float]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: Key) -> bool:
        return key in self._waiting.get(self._group(key), ())

    def add(self, key: Key, since: float) -> None:
        self._waiting.setdefault(self._group(key), {})[key] = since
        self._count += 1

    def remove(self, key: Key) -> float | None:
        """Since when it waited; None if it did not."""
        group = self._group(key)
        since = self._waiting.get(group, {}).pop(key, None)
        if since is not None:
            self._count -= 1
            if not self._waiting[group]:
                del self._waiting[group]
        return since

    def ready(self, may: Callable[[Hashable], bool]) -> Hashable | None:
        """The group whose turn it is among those that may go on now; None if there is none."""
        return next(filter(may, self._waiting), None)

    def next(self, group: Hashable) -> tuple[Key, float]:
        """The first key of a group, and since when it waited; its group goes to the end."""
        keys = self._waiting.pop(group)
        key = next(iter(keys))
        since = keys.pop(key)
        self._count -= 1
        if keys:
            self._waiting[group] = keys
        return key, since


def _one_group(_key: object) -> Hashable:
    return ()


def _no_limits(_group: Hashable) -> Iterable[tuple[Hashable, int]]:
    return ()


class WorkQueue(Generic[Key]):
    """See the module."""

    background_share = 8
    """Under constant urgent load every eighth key handed out is a background one."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
        retries_per_second: float = 50,
        retries_at_once: int = 200,
        observer: Observer | None = None,
        group: Callable[[Key], Hashable] = _one_group,
        limits: Callable[[Hashable], Iterable[tuple[Hashable, int]]] = _no_limits,
    ) -> None:
        """
        ``group`` tells whose a key is: groups take turns.

        ``limits`` names the crowds a group belongs to, and how many keys of each may be worked on at the same time.
        """
        self._group, self._limits = group, limits
        self._crowds: dict[Hashable, int] = {}
        self._clock = clock or asyncio.get_running_loop()
        self._backoff = backoff or Backoff()
        self._bucket = TokenBucket(rate=retries_per_second, burst=retries_at_once, clock=self._clock)
        self._observer = observer or _Silent()
        self._lanes: dict[Lane, _Turns[Key]] = {lane: _Turns(group) for lane in Lane}
        self._working: dict[Key, float] = {}
        self._dirty: dict[Key, Lane] = {}
        self._failures: dict[Key, int] = {}
        self._delayed: list[tuple[float, int, Key, Lane]] = []
        self._due: dict[Key, float] = {}
        self._sequence = 0
        self._timer: Handle | None = None
        self._urgent_in_a_row = 0
        self._getters: list[asyncio.Future[None]] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    # --- adding -------------------------------------------------------------------------------------------------------

    def add(self, key: Key, lane: Lane = Lane.BACKGROUND) -> None:
        """Queue ``key`` unless it waits already; an urgent one moves out of the background."""
        if self._closed:
            return
        if key in self._working:
            self._dirty[key] = min(lane, self._dirty.get(key, lane))
            return
        if key in self._lanes[Lane.URGENT]:
            return
        if lane is Lane.BACKGROUND and key in self._lanes[lane]:
            return
        since = self._lanes[Lane.BACKGROUND].remove(key)
        if since is None:
            self._observer.added()
            since = self._clock.time()
        self._lanes[lane].add(key, since)
        self._idle.clear()
        self._wake_one()

    def add_after(self, key: Key, seconds: float, lane: Lane = Lane.BACKGROUND) -> None:
        """Queue ``key`` after a while; of several delays for one key the earliest counts."""
        if self._closed:
            return
        if seconds <= 0:
            self.add(key, lane)
            return
        due = self._clock.time() + seconds
        if due >= self._due.get(key, float("inf")):
            return
        self._due[key] = due
        self._sequence += 1
        heapq.heappush(self._delayed, (due, self._sequence, key, lane))
        self._arm()

    def retry(self, key: Key, *, at_least: float = 0.0) -> float:
        """Queue ``key`` after its backoff; seconds until then."""
        self._failures[key] = self._failures.get(key, 0) + 1
        self._observer.retried()
        delay = max(at_least, self._backoff.delay(self._failures[key]), self._bucket.reserve())
        self.add_after(key, delay)
        return delay

    def forget(self, key: Key) -> None:
        """``key`` went well: its next failure is its first."""
        self._failures.pop(key, None)

    def is_failing(self, key: Key) -> bool:
        """Whether ``key`` has failed since it last went well."""
        return key in self._failures

    def expedite(self) -> None:
        """Whatever made keys fail is over: what is delayed comes now, and their next failure is their first."""
        self._failures.clear()
        self._delayed, delayed = [], self._delayed
        self._due.clear()
        self._arm()
        for _, _, key, lane in sorted(delayed):
            self.add(key, lane)

    # --- working ------------------------------------------------------------------------------------------------------

    async def get(self) -> Key:
        """The next key, to be given back by :meth:`done`. Raises :exc:`ShutDown` once closed and empty."""
        while (lane := self._next_lane()) is None:
            if self._closed and not len(self):
                raise ShutDown
            getter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._getters.append(getter)
            try:
                await getter
            except asyncio.CancelledError:
                if getter.done() and not getter.cancelled():
                    self._wake_one()  # the wake-up was ours; somebody else must have it
                raise
            finally:
                if getter in self._getters:
                    self._getters.remove(getter)
        group = self._lanes[lane].ready(self._may)
        key, since = self._lanes[lane].next(group)
        self._count(group, 1)
        now = self._clock.time()
        self._observer.waited(now - since)
        self._working[key] = now
        return key

    def done(self, key: Key) -> None:
        """``key`` is no longer worked on; if it was added meanwhile it is queued now."""
        self._observer.worked(self._clock.time() - self._working.pop(key))
        self._count(self._group(key), -1)
        lane = self._dirty.pop(key, None)
        if lane is not None:
            self.add(key, lane)
        if not len(self) and not self._working:
            self._idle.set()
        if self._closed:
            self._wake_all()
        elif len(self):
            self._wake_one()

    def _may(self, group: Hashable) -> bool:
        return all(self._crowds.get(crowd, 0) < most for crowd, most in self._limits(group))

    def _count(self, group: Hashable, change: int) -> None:
        for crowd, _ in self._limits(group):
            self._crowds[crowd] = self._crowds.get(crowd, 0) + change
            if not self._crowds[crowd]:
                del self._crowds[crowd]

    def _next_lane(self) -> Lane | None:
        """None while nothing waits that may be worked on."""
        urgent, background = (self._lanes[lane].ready(self._may) is not None for lane in Lane)
        if not urgent and not background:
            return None
        if not urgent or (background and self._urgent_in_a_row >= self.background_share - 1):
            self._urgent_in_a_row = 0
            return Lane.BACKGROUND
        self._urgent_in_a_row += 1
        return Lane.URGENT

    # --- ending -------------------------------------------------------------------------------------------------------

    async def drain(self) -> None:
        """Wait until nothing is queued and nobody works; what is delayed is not waited for."""
        await self._idle.wait()

    def close(self) -> None:
        """Take no more work, forget what is delayed; what is queued can still be got."""
        self._closed = True
        self._delayed.clear()
        self._due.clear()
        self._dirty.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake_all()

    # --- looking ------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Keys that wait to be handed out."""
        return sum(map(len, self._lanes.values()))

    @property
    def delayed(self) -> int:
        """Keys that wait for their time."""
        return len(self._due)

    @property
    def working(self) -> int:
        """Keys that workers hold."""
        return len(self._working)

    def longest_running(self) -> float:
        """Seconds the longest-held key has been held."""
        return self._clock.time() - min(self._working.values()) if self._working else 0.0

    # --- timers and wake-ups ------------------------------------------------------------------------------------------

    def _wake_all(self) -> None:
        for getter in self._getters:
            if not getter.done():
                getter.set_result(None)

    def _wake_one(self) -> None:
        while self._getters:
            getter = self._getters.pop(0)
            if not getter.done():
                getter.set_result(None)
                return

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(self._delayed[0][0], self._release) if self._delayed else None

    def _release(self) -> None:
        self._timer = None
        now = self._clock.time()
        while self._delayed and self._delayed[0][0] <= now:
            due, _, key, lane = heapq.heappop(self._delayed)
            if self._due.get(key) == due:  # else an earlier delay has replaced this one
                del self._due[key]
                self.add(key, lane)
        self._arm()
