"""
The operator's own HTTP server: ``/healthz`` (restart me), ``/readyz`` (count on me), ``/metrics``.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

TOO_LATE = 30.0
"""Seconds the event loop may hang before a restart helps more than waiting."""
LOOK_EVERY = 1.0


class LoopLag:
    """How late the event loop is: something that should happen each second, and when it did."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self.last = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LOOK_EVERY)
            self.last = max(0.0, loop.time() - before - LOOK_EVERY)
            self._histogram.observe(self.last)


class HealthServer:
    """Answers the kubelet and Prometheus."""

    def __init__(
        self, registry: CollectorRegistry, *, sick: Callable[[], str], unready: Callable[[], str], port: int
    ) -> None:
        """``sick`` and ``unready`` say in words what is wrong; nothing when nothing is."""
        self._registry = registry
        self._port = port
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
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
