"""
The operator's own HTTP server: ``/healthz`` (restart me), ``/readyz`` (count on me), ``/metrics``.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

logger = logging.getLogger(__name__)

TOO_LATE = 30.0
"""Seconds the event loop may hang before a restart helps more than waiting."""
LOOK_EVERY = 0.05
"""Seconds between two looks at the loop; a stall is measured short by at most this. Twenty looks cost a millisecond a second."""
MEASURE_EVERY = 0.25
"""Seconds between two answers of ``/metrics`` that are made anew."""
IN_SIGHT = 10.0
"""Seconds; the period of the liveness probe."""
STALL = 0.25
"""Seconds. One callback that holds the loop for longer is a defect worth a line in the log: nothing else runs meanwhile."""


class LoopLag:
    """
    How late the event loop is: something that should happen every :data:`LOOK_EVERY` seconds, and when it did.

    A stall is logged together with the CPU time this thread used during it. On a busy machine the two differ: what was not computing
    waited for a core, which is no fault of ours.
    """

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._worst = 0.0
        self._worst_until = 0.0

    @property
    def last(self) -> float:
        """Seconds; the longest stall of the last :data:`IN_SIGHT` seconds, so that a probe between two looks sees it too."""
        return self._worst

    def _saw(self, late: float, now: float) -> None:
        if late >= self._worst or now > self._worst_until:
            self._worst, self._worst_until = late, now + IN_SIGHT

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            before, computed = loop.time(), time.thread_time()
            await asyncio.sleep(LOOK_EVERY)
            now = loop.time()
            late = max(0.0, now - before - LOOK_EVERY)
            self._saw(late, now)
            self._histogram.observe(late)
            if late >= STALL:
                busy = min(late, time.thread_time() - computed)
                logger.warning("the event loop stood still for %.3f s, computing for %.3f s", late, busy)


class HealthServer:
    """Answers the kubelet and Prometheus."""

    def __init__(
        self, registry: CollectorRegistry, *, sick: Callable[[], str], unready: Callable[[], str], port: int
    ) -> None:
        """``sick`` and ``unready`` say in words what is wrong; nothing when nothing is."""
        self._registry = registry
        self._port = port
        self._measured, self._measured_at = b"", float("-inf")
        app = web.Application()
        for path in ("/healthz", "/livez"):
            app.router.add_get(path, self._answer(sick))
        app.router.add_get("/readyz", self._answer(unready))
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self) -> None:
        """Listen on all addresses: the kubelet asks the pod's."""
        await self._runner.setup()
        await web.TCPSite(self._runner, None, self._port).start()

    async def stop(self) -> None:
        with contextlib.suppress(RuntimeError):
            await self._runner.cleanup()

    def _answer(self, problem: Callable[[], str]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(_: web.Request) -> web.StreamResponse:
            found = problem()
            return web.Response(text=f"{found}\n" if found else "ok\n", status=500 if found else 200)

        return answer

    async def _metrics(self, _: web.Request) -> web.StreamResponse:
        """Everything is counted for an answer, which takes a while with many services: not as often as somebody likes to ask."""
        now = asyncio.get_running_loop().time()
        if now >= self._measured_at + MEASURE_EVERY:
            self._measured, self._measured_at = generate_latest(self._registry), now
        return web.Response(body=self._measured, headers={"Content-Type": CONTENT_TYPE_LATEST})
