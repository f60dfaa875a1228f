"""
How long a call may take, and when it is tried again.

A call is one attempt and its retries; each attempt has the whole timeout, from its beginning to the end of its answer's head,
and after that between two pieces of the answer. Only what may be repeated is: an idempotent method (RFC 9110, 9.2.2) whose
body can be sent again, after no answer or one that says "not now".
"""

import asyncio
import random
from collections.abc import Callable

import httpx

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
NOT_NOW = frozenset({502, 503, 504})
"""A gateway without an answer, a service that is busy or leaves: it was not done, or may be done again."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.2
"""
Seconds before the first retry at most, and before any: doubled each time, by chance between none and all of it ("full
jitter", AWS Architecture Blog, 2015), so that those who were refused together do not come back together.
"""


class PatientTransport(httpx.AsyncBaseTransport):
    """Gives up in time, and tries again."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        timeout: float,
        retries: int,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._timeout = timeout
        self._retries = retries
        self._chance = chance

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        repeatable = request.method in IDEMPOTENT and isinstance(request.stream, httpx.ByteStream)
        for retried in range(self._retries if repeatable else 0):
            try:
                response = await self._attempt(request)
            except httpx.TransportError:
                pass
            else:
                if response.status_code not in NOT_NOW:
                    return response
                await response.aclose()
            await asyncio.sleep(self._chance() * min(LONGEST_PAUSE, FIRST_PAUSE * 2**retried))
        return await self._attempt(request)

    async def _attempt(self, request: httpx.Request) -> httpx.Response:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._transport.handle_async_request(request)
        except TimeoutError:
            raise httpx.ReadTimeout(f"no answer within {self._timeout:g} s", request=request) from None

    async def aclose(self) -> None:
        await self._transport.aclose()
