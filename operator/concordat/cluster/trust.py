"""
Whom the API server believes to be our webhook.

Each operator makes a key and a certificate of its own, keeps them in memory, and adds the certificate to the ``caBundle``
of our ValidatingWebhookConfiguration. So there is no Secret to read, nothing to share between replicas, and nothing of
somebody else's to renew. The bundle is cleared of what has run out and of what the same operator used before.
"""

import asyncio
import base64
import json
import logging
import math
import os
import re
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from concordat.cluster.connection.client import JSON_PATCH, Client
from concordat.cluster.connection.failures import ApiError
from concordat.errors import ConcordatError

logger = logging.getLogger(__name__)

ORGANIZATION = "concordat admission"
"""As in :mod:`concordat.cluster.certificate`, which is not imported here for the sake of its memory."""
VALID = 7 * 86400.0
"""Seconds. What a pod that is gone leaves in the bundle is cleared after this."""
RENEW_AT = 2 / 3
"""Of its life; what is left is time for an API server that is away."""
LOOK = 60.0
"""Seconds between two looks at whether we are still believed: an upgrade may have written the configuration anew."""
TRY_AGAIN = 5.0
SPREADS = 3.0
"""Seconds until every API server has heard of a changed configuration, generously."""
MOST = 32
"""Certificates of ours in the bundle; enough for five replicas that are replaced each hour of a bad day."""

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", flags=re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One entry of the bundle."""

    pem: str
    owner: str
    """The operator it is of; empty for a certificate that is none of ours."""
    expires: float
    """Seconds since the epoch."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What the webhook shows, and the key to it."""

    certificate: Certificate
    pem: bytes
    """Both."""
    made_at: float
    """Seconds since the epoch, by our clock."""
    renew_at: float
    """Seconds since the epoch."""

    def is_fresh(self, now: float) -> bool:
        """
        Not due to be renewed.

        A clock that has been set back says that it was made in the future: then nobody whose clock is right believes it yet.
        """
        return self.made_at - LOOK <= now < self.renew_at


class Trust:
    """Keeps us believed: makes certificates, publishes them, renews them in time."""

    def __init__(
        self,
        client: Client,
        *,
        configuration: str,
        identity: str,
        hosts: Sequence[str],
        valid: float = VALID,
        look: float = LOOK,
        spreads: float = SPREADS,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``configuration`` is the name of our ValidatingWebhookConfiguration, ``hosts`` what it calls us by."""
        self._client = client
        self._path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{configuration}"
        self._identity = identity
        self._hosts = tuple(hosts)
        self._valid = valid
        self._look = look
        self._spreads = spreads
        self._now = now
        self._pair: Pair | None = None
        self._troubled = False

    @property
    def expires(self) -> float:
        """When what we show now runs out, seconds since the epoch; 0 before there is anything."""
        return self._pair.certificate.expires if self._pair else 0.0

    async def begin(self, show: Callable[[Pair], None]) -> None:
        """Have something to show before anybody asks."""
        self._pair = await self._make()
        show(self._pair)

    async def keep(self, show: Callable[[Pair], None]) -> None:
        """Until cancelled. A new certificate is shown once everybody had the time to hear of it."""
        while True:
            waited = self._look
            try:
                waited = await self._step(show)
                self._troubled = False
            except ConcordatError as error:
                waited = min(TRY_AGAIN, self._look)
                self._complain(error)
            await asyncio.sleep(waited)

    async def _step(self, show: Callable[[Pair], None]) -> float:
        assert self._pair is not None
        if self._pair.is_fresh(self._now()):
            await self._publish(self._pair)
            return min(self._look, max(self._pair.renew_at - self._now(), 0.1))
        fresh = await self._make()
        await self._publish(self._pair, fresh)
        await asyncio.sleep(self._spreads)
        show(fresh)
        self._pair = fresh
        logger.info("the webhook shows a new certificate")
        return self._look

    async def _publish(self, *pairs: Pair) -> None:
        found = await self._client.send("GET", self._path)
        operations: list[dict[str, Any]] = []
        for position, webhook in enumerate(found.get("webhooks") or ()):
            before = base64.b64decode(webhook["clientConfig"].get("caBundle") or "").decode(errors="replace")
            after = bundle(before, [pair.certificate for pair in pairs], now=self._now())
            if after != before:
                value = base64.b64encode(after.encode()).decode()
                path = f"/webhooks/{position}/clientConfig/caBundle"
                operations.append({"op": "add", "path": path, "value": value})
        if operations:
            version = found["metadata"]["resourceVersion"]
            unmoved = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
            await self._client.send("PATCH", self._path, [unmoved, *operations], content_type=JSON_PATCH)

    async def _make(self) -> Pair:
        now = self._now()
        pem = await _made(identity=self._identity, hosts=self._hosts, seconds=self._valid)
        (certificate,) = certificates(pem.decode())
        return Pair(certificate=certificate, pem=pem, made_at=now, renew_at=now + self._valid * RENEW_AT)

    def _complain(self, error: ConcordatError) -> None:
        """Once: two replicas that write at the same time are no trouble, and nothing unsafe gets through meanwhile."""
        raced = isinstance(error, ApiError) and (error.conflicting or error.invalid)
        if raced or self._troubled:
            return
        self._troubled = True
        logger.warning("nothing can be said at admission until this is mended: %s", error)


def certificates(text: str) -> list[Certificate]:
    """Every certificate in a PEM text; what is none is left out."""
    return [found for pem in _PEM.findall(text) if (found := _read(pem)) is not None]


def _read(pem: str) -> Certificate | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, TypeError, ValueError):  # TypeError: it holds letters beyond ASCII
        return None
    for known in context.get_ca_certs():
        subject: dict[str, str] = dict(group[0] for group in known["subject"])  # type: ignore[misc]
        if subject.get("organizationName") == ORGANIZATION:
            expires = float(ssl.cert_time_to_seconds(str(known["notAfter"])))
            return Certificate(pem=pem, owner=subject.get("commonName", ""), expires=expires)
    return Certificate(pem=pem, owner="", expires=math.inf)


def bundle(before: str, own: Iterable[Certificate], *, now: float) -> str:
    """
    The PEM bundle with ``own`` in it, all of one owner.

    Of ours goes what has run out, what the same owner showed earlier, and the oldest beyond :data:`MOST`; what is not
    ours stays, be it as it may.
    """
    own = list(own)
    owners = {certificate.owner for certificate in own}
    entries = certificates(before)
    foreign = [entry for entry in entries if not entry.owner]
    others = [entry for entry in entries if entry.owner and entry.owner not in owners and entry.expires > now]
    ours = sorted((*others, *own), key=lambda entry: (entry.expires, entry.pem))[-MOST:]
    return "".join(f"{entry.pem}\n" for entry in (*foreign, *ours))


def load(context: ssl.SSLContext, pair: Pair) -> None:
    """Show ``pair`` to whoever connects from now on. OpenSSL reads files only: this one lies in no file system."""
    if not hasattr(os, "memfd_create"):  # not Linux: a file of our own, gone again at once
        with tempfile.NamedTemporaryFile() as file:
            file.write(pair.pem)
            file.flush()
            context.load_cert_chain(file.name)
        return
    descriptor = os.memfd_create("certificate")
    try:
        os.write(descriptor, pair.pem)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


async def _made(**wanted: Any) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "concordat.cluster.certificate"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    made, said = await process.communicate(json.dumps(wanted).encode())
    if process.returncode:
        raise ConcordatError(f"no certificate could be made: {said.decode(errors='replace').strip()[-500:]}")
    return made
