"""
Who is next: by namespace in turn, and by the memory there is.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Turns:
    """
    At most ``at_once`` at the same time, at most ``of_one`` of them for one namespace.

    With ``of_one`` below ``at_once`` there is always room for another namespace, whatever one of them asks for.
    """

    def __init__(self, *, at_once: int, of_one: int) -> None:
        self._at_once = at_once
        self._of_one = of_one
        self._active: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def of(self, namespace: str) -> AsyncIterator[None]:
        """Wait for a turn of this namespace, and hold it."""
        await self._take(namespace)
        try:
            yield
        finally:
            self._give_back(namespace)

    @property
    def busy(self) -> bool:
        return bool(self._active) or bool(self._waiting)

    async def _take(self, namespace: str) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(namespace, deque()).append(future)
        self._hand_out()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._give_back(namespace)
            else:
                self._leave(namespace, future)
            raise

    def _leave(self, namespace: str, future: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(namespace)
        if waiting is not None and future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[namespace]

    def _give_back(self, namespace: str) -> None:
        self._active[namespace] -= 1
        if not self._active[namespace]:
            del self._active[namespace]
        self._hand_out()

    def _hand_out(self) -> None:
        while self._active.total() < self._at_once:
            namespace = next((one for one in self._waiting if self._active[one] < self._of_one), None)
            if namespace is None:
                break
            waiting = self._waiting.pop(namespace)
            future = waiting.popleft()
            if waiting:
                self._waiting[namespace] = waiting  # behind the others
            if not future.done():
                self._active[namespace] += 1
                future.set_result(None)


class Memory:
    """A number of bytes, of which everybody takes a part."""

    overtaken_at_most = 16
    """Small ones that go before a large one waiting for room; after that they wait as well."""

    def __init__(self, total: Callable[[], int]) -> None:
        self._total = total
        self._taken = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._overtaken = 0

    @asynccontextmanager
    async def of(self, wanted: int, *, leave: int) -> AsyncIterator[int]:
        """Bytes that may be used: ``wanted``, or all there is but ``leave``, so that a small one finds room beside a large one."""
        size = min(wanted, self._total() - leave)
        await self._take(size)
        try:
            yield size
        finally:
            self._taken -= size
            self._hand_out()

    async def _take(self, size: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, future))
        self._hand_out()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._taken -= size
            self._waiting = deque(each for each in self._waiting if each[1] is not future)
            self._hand_out()
            raise

    def _hand_out(self) -> None:
        total, still = self._total(), deque[tuple[int, asyncio.Future[None]]]()
        for size, future in self._waiting:
            fits = self._taken == 0 or self._taken + size <= total
            if not fits or (still and self._overtaken >= self.overtaken_at_most):
                still.append((size, future))
                continue
            self._overtaken = self._overtaken + 1 if still else 0
            if not future.done():
                self._taken += size
                future.set_result(None)
        self._waiting = still
