"""
A work queue for level-triggered reconciliation: what is queued is a key, never an event.

Modelled on client-go's ``workqueue`` and controller-runtime's priority queue, in pure asyncio: no threads, no polling,
one timer. It promises:

- a key waits at most once, however often it is added;
- a key is never handed to two workers at the same time: what is added meanwhile waits until :meth:`WorkQueue.done`;
- nothing that was added is lost;
- a person's edit overtakes background work, and background work does not starve;
- tenants take turns: a thousand keys of one of them delay a key of another by one key, and no tenant holds all workers;
- a failing key backs off on its own, exponentially and with jitter; all retries together share a token bucket.
"""

import asyncio
import heapq
import random
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Lane(IntEnum):
    """How soon."""

    URGENT = 0
    """Somebody waits for it: a person edited the resource, or a child was tampered with."""
    BACKGROUND = 1
    """Initial list, resync, retries, consequences of a change elsewhere."""


class ShutDown(Exception):
    """The queue takes no more work and holds none."""


class Place(NamedTuple):
    """Where a key queues: tenants of one kind take turns, and so do kinds."""

    kind: str
    tenant: str


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


class _Lane(Generic[Key]):
    """Keys with the time each has waited since, by kind and tenant, in the order in which they are served."""

    def __init__(self) -> None:
        self._kinds: OrderedDict[str, OrderedDict[str, dict[Key, float]]] = OrderedDict()
        self.places: dict[Key, Place] = {}

    def add(self, key: Key, place: Place, since: float) -> None:
        self._kinds.setdefault(place.kind, OrderedDict()).setdefault(place.tenant, {})[key] = since
        self.places[key] = place

    def pop(self, key: Key) -> float:
        """Take it out, and its tenant and kind go behind the others."""
        kind, tenant = self.places.pop(key)
        tenants = self._kinds.pop(kind)
        keys = tenants.pop(tenant)
        since = keys.pop(key)
        if keys:
            tenants[tenant] = keys
        if tenants:
            self._kinds[kind] = tenants
        return since

    def first(self, may: Callable[[str, str | None], bool]) -> Key | None:
        """The next whose kind and tenant may have another worker."""
        for kind, tenants in self._kinds.items():
            if may(kind, None):
                for tenant, keys in tenants.items():
                    if may(kind, tenant):
                        return next(iter(keys))
        return None


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
        place: Callable[[Key], Place] = lambda _key: Place("", ""),
        most_of_kind: int | None = None,
        most_of_tenant: int | None = None,
    ) -> None:
        """``place`` tells kind and tenant of a key; the two numbers are how many of their keys may be worked on at a time."""
        self._place = place
        self._most_of_kind = most_of_kind or sys.maxsize
        self._most_of_tenant = most_of_tenant or sys.maxsize
        self._active: Counter[tuple[str, str | None]] = Counter()
        self._clock = clock or asyncio.get_running_loop()
        self._backoff = backoff or Backoff()
        self._bucket = TokenBucket(rate=retries_per_second, burst=retries_at_once, clock=self._clock)
        self._observer = observer or _Silent()
        self._lanes: dict[Lane, _Lane[Key]] = {lane: _Lane() for lane in Lane}
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
        background = self._lanes[Lane.BACKGROUND]
        if key in self._lanes[Lane.URGENT].places or (key in background.places and lane is Lane.BACKGROUND):
            return
        if key in background.places:
            since = background.pop(key)
        else:
            self._observer.added()
            since = self._clock.time()
        self._lanes[lane].add(key, self._place(key), since)
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
        while (found := self._next()) is None:
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
        lane, key = found
        self._urgent_in_a_row = self._urgent_in_a_row + 1 if lane is Lane.URGENT else 0
        self._count(key, +1)
        now = self._clock.time()
        self._observer.waited(now - self._lanes[lane].pop(key))
        self._working[key] = now
        return key

    def done(self, key: Key) -> None:
        """``key`` is no longer worked on; if it was added meanwhile it is queued now."""
        self._observer.worked(self._clock.time() - self._working.pop(key))
        self._count(key, -1)
        lane = self._dirty.pop(key, None)
        if lane is not None:
            self.add(key, lane)
        if not len(self) and not self._working:
            self._idle.set()
        if self._closed:
            self._wake_all()
        elif len(self):
            self._wake_one()  # what waited for this worker's place may be handed to another

    def _next(self) -> tuple[Lane, Key] | None:
        urgent = self._lanes[Lane.URGENT].first(self._may)
        if urgent is None or self._urgent_in_a_row >= self.background_share - 1:
            background = self._lanes[Lane.BACKGROUND].first(self._may)
            if background is not None:
                return Lane.BACKGROUND, background
        return None if urgent is None else (Lane.URGENT, urgent)

    def _may(self, kind: str, tenant: str | None) -> bool:
        most = self._most_of_kind if tenant is None else self._most_of_tenant
        return self._active[kind, tenant] < most

    def _count(self, key: Key, change: int) -> None:
        kind, tenant = self._place(key)
        for each in ((kind, None), (kind, tenant)):
            self._active[each] += change
            if not self._active[each]:
                del self._active[each]

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
        return sum(len(lane.places) for lane in self._lanes.values())

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

    def _wake_one(self) -> None:
        while self._getters:
            getter = self._getters.pop(0)
            if not getter.done():
                getter.set_result(None)
                return

    def _wake_all(self) -> None:
        for getter in self._getters:
            if not getter.done():
                getter.set_result(None)

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
