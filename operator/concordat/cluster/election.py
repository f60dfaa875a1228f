"""
One leader among several operators, by a Lease of coordination.k8s.io/v1.

The rules and figures are client-go's: a lease lasts 15 s and is renewed every 2 s; a leader that could not renew for
10 s is none any more and must end at once, 5 s before anybody else may believe to be one. Whether a lease has run out
is judged by the own clock alone, from when its record was last seen to change: clocks of two machines are not compared.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.manifest import Object

logger = logging.getLogger(__name__)

LEASE_SECONDS = 15
LONGEST_LEASE = 10 * LEASE_SECONDS
"""Seconds that a duration in a Lease is believed for: anyone who may write the Lease could otherwise stop every operator for years."""
RENEW_DEADLINE = 10.0
RETRY_PERIOD = 2.0
ATTEMPT = RENEW_DEADLINE / 2
"""Seconds an attempt may take: one request that hangs must not cost the lease."""


class Election:
    """Our part in it."""

    def __init__(
        self,
        client: Client,
        *,
        namespace: str,
        name: str,
        identity: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.identity = identity
        self.leading = False
        self._client = client
        self._now = now
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path = f"{self._collection}/{name}"
        self._namespace = namespace
        self._name = name
        self._lease: Object | None = None
        """As we last wrote it: renewed by one PUT, which the server refuses if anybody else has written since."""
        self._seen: dict[str, Any] = {}
        self._seen_at = 0.0
        self._renewed_at = 0.0
        """When the request began by which we last wrote the lease: the server wrote it no earlier than that."""

    async def acquire(self) -> None:
        """
        Returns once we lead.

        An attempt that takes too long counts for nothing, even if the server has written it: by the time the answer is here,
        the lease may be about to run out for everyone else.
        """
        while not await self._attempt_in(ATTEMPT):  # noqa: ASYNC110  a Lease wakes nobody
            await asyncio.sleep(RETRY_PERIOD * random.uniform(1.0, 1.2))
        logger.info("%s leads", self.identity)

    async def keep(self) -> None:
        """Returns once we no longer lead."""
        loop = asyncio.get_running_loop()
        while loop.time() - self._renewed_at < RENEW_DEADLINE:
            await asyncio.sleep(RETRY_PERIOD)
            left = self._renewed_at + RENEW_DEADLINE - loop.time()
            if not await self._attempt_in(min(ATTEMPT, left)) and self._seen.get("holderIdentity") != self.identity:
                break
        self.leading = False
        logger.error("%s no longer leads", self.identity)

    async def release(self) -> None:
        """Let the next one in without waiting. What fails here mends itself when the lease runs out."""
        if not self.leading:
            return
        self.leading = False
        try:
            lease = await self._client.send("GET", self._path)
            record = _record(lease)
            if record.get("holderIdentity") == self.identity:
                free = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": self._time()}
                await self._client.send("PUT", self._path, lease | {"spec": record | free})
        except ApiError as error:
            logger.warning("the lease stays until it runs out: %s", error)

    async def _attempt_in(self, seconds: float) -> bool:
        """Whether the lease is ours after an attempt of ``seconds`` at most."""
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(seconds):
                ours = await self._attempt()
        except TimeoutError:
            logger.warning("lease %s/%s: no answer in %.1f s", self._namespace, self._name, seconds)
            return False
        if ours:
            self._renewed_at = began
        return ours

    async def _attempt(self) -> bool:
        """Take or renew the lease; whether it is ours afterwards."""
        lease, self._lease = self._lease, None
        try:
            if lease is None:
                lease = await self._read_or_create()
            self.leading = self._may_write(lease) and await self._write(lease)
        except ApiError as error:
            if not error.conflicting and not error.already_exists:
                logger.warning("lease %s/%s: %s", self._namespace, self._name, error)
            return False
        return self.leading

    async def _read_or_create(self) -> Object:
        try:
            return await self._client.send("GET", self._path)
        except ApiError as error:
            if not error.not_found:
                raise
        return await self._client.send(
            "POST",
            self._collection,
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"namespace": self._namespace, "name": self._name},
                "spec": {"holderIdentity": "", "leaseDurationSeconds": LEASE_SECONDS},
            },
        )

    def _may_write(self, lease: Object) -> bool:
        record = _record(lease)
        now = asyncio.get_running_loop().time()
        if record != self._seen:
            self._seen, self._seen_at = record, now
        holder = record.get("holderIdentity")
        runs_out = self._seen_at + _believed_seconds(record.get("leaseDurationSeconds"))
        return not holder or holder == self.identity or now > runs_out

    async def _write(self, lease: Object) -> bool:
        before = _record(lease)
        taken = before.get("holderIdentity") != self.identity
        record = before | {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": self._time(),
        }
        if taken:
            record |= {
                "acquireTime": self._time(),
                "leaseTransitions": _next_transition(before.get("leaseTransitions")),
            }
        written = await self._client.send("PUT", self._path, lease | {"spec": record})
        self._lease = written
        self._seen, self._seen_at = written["spec"], asyncio.get_running_loop().time()
        return True

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _record(lease: Object) -> dict[str, Any]:
    found = lease.get("spec")
    return found if isinstance(found, dict) else {}


def _believed_seconds(stated: Any) -> float:
    """Between 0 and :data:`LONGEST_LEASE`; our own duration where none is stated, or none that is a number."""
    if not isinstance(stated, int) or isinstance(stated, bool):
        return LEASE_SECONDS
    return min(max(stated, 0), LONGEST_LEASE)


def _next_transition(stated: Any) -> int:
    """The field is an int32: a count that is no number, negative, or at its end starts anew."""
    usable = isinstance(stated, int) and not isinstance(stated, bool) and 0 <= stated < 2**31 - 1
    return stated + 1 if usable else 1
