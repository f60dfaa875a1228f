"""
Health: alive while the event loop answers, ready while every check passes and nobody has asked us to go.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse

Check = Callable[[], Awaitable[object]]
"""Returns when all is well, raises when not."""

CHECK_SECONDS = 0.8
"""A check may take so long: less than the second a probe usually waits, so that the answer names what failed."""

OK = "ok"

log = structlog.get_logger(__name__)


class Health:
    """What the probes are told."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)
        self._told: dict[str, str] = {}
        self.draining = False
        """We were asked to go: not ready any more, whatever the checks say."""

    async def live(self, _: Request) -> JSONResponse:
        """``/healthz``: no checks on purpose; restarting us mends no database."""
        return JSONResponse({"status": "alive"})

    async def ready(self, _: Request) -> JSONResponse:
        """``/readyz``: 200 or 503, with the outcome of every check."""
        if self.draining:
            return JSONResponse({"status": "draining"}, status_code=503)

        outcomes = dict(zip(self._checks, await asyncio.gather(*map(_outcome, self._checks.values())), strict=True))
        self._tell(outcomes)
        ready = all(outcome == OK for outcome in outcomes.values())
        status = "ready" if ready else "not ready"
        return JSONResponse({"status": status, "checks": outcomes}, status_code=200 if ready else 503)

    def _tell(self, outcomes: dict[str, str]) -> None:
        """Log changes only: a probe comes every few seconds."""
        for check, outcome in outcomes.items():
            if outcome != self._told.get(check, OK):
                (log.info if outcome == OK else log.warning)("readiness changed", check=check, outcome=outcome)
        self._told = outcomes


async def _outcome(check: Check) -> str:
    """The error's class alone: its text may hold addresses and names that a prober has no business knowing."""
    try:
        await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception as error:
        return type(error).__name__
    return OK
