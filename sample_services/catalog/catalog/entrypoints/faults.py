"""
A bad release, on purpose: for demonstrations and for tests of alerts, dashboards and rollbacks.
"""

import asyncio
import math

from fastapi import HTTPException, Request

from catalog.config import FaultSettings


class Saboteur:
    """Spreads the failures evenly and not by chance: of 100 requests at 0.05 exactly 5 fail."""

    def __init__(self, faults: FaultSettings) -> None:
        self._faults = faults
        self._requests = 0

    async def strike(self) -> None:
        """Raises HTTPException for the requests whose turn it is."""
        if self._faults.delay:
            await asyncio.sleep(self._faults.delay)
        before, self._requests = self._requests, self._requests + 1
        if math.floor(self._requests * self._faults.errors) > math.floor(before * self._faults.errors):
            raise HTTPException(500)


async def strike(request: Request) -> None:
    """A dependency of the routes, so that a failure is counted under the route it hits."""
    await request.app.state.saboteur.strike()
