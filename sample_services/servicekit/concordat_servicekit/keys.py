"""
The public keys of an issuer: discovered (OpenID Connect Discovery 1.0), kept, and asked for again when a token names one that is new.
"""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from http.client import HTTPException
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

PATIENCE_SECONDS = 5.0
"""For one answer of the issuer."""
LONGEST_ANSWER = 1024 * 1024
"""Bytes; a set of keys has some thousand."""
PAUSE_SECONDS = 10.0
"""Between two looks because of a key nobody knows: whoever invents key ids must not make us call the issuer each time."""
FIRST_PAUSE_SECONDS = 1.0
"""The same as long as no key is known: the issuer may just be starting."""
LIFETIME_SECONDS = 3600.0
"""After that keys are asked for again, so that one that was withdrawn is not taken for ever."""
KINDS = frozenset({"RSA", "EC", "OKP"})
"""Asymmetric ones (RFC 7518, 6.1): a shared secret has no place in a public document."""

log = structlog.get_logger(__name__)


class KeysUnavailable(Exception):
    """No key is known, and the issuer does not tell any."""


Fetch = Callable[[str], Awaitable[Mapping[str, Any]]]


class Keys:
    """Of one issuer."""

    def __init__(self, issuer: str, *, fetch: Fetch | None = None, clock: Callable[[], float] = monotonic) -> None:
        self.issuer = issuer
        self._fetch = fetch or _fetch
        self._clock = clock
        self._known: dict[str, PyJWK] = {}
        self._read_at: float | None = None
        self._looked_at: float | None = None
        self._looking = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    async def find(self, name: str | None) -> PyJWK | None:
        """
        The key of that id; without an id the only key there is.

        Raises :exc:`KeysUnavailable` where nothing can be said. Who has a known key waits for nobody: an issuer that is slow or down
        changes nothing for them.
        """
        if self._named(name) is None:
            await self._look(name)
        elif self._outdated() and not self._too_soon() and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.create_task(self._look(name))
        if not self._known:
            raise KeysUnavailable
        return self._named(name)

    async def refreshed(self) -> None:
        """Returns when keys that were being asked for anew have come, or have not."""
        if self._refreshing is not None:
            await self._refreshing

    def _named(self, name: str | None) -> PyJWK | None:
        if name is not None:
            return self._known.get(name)
        return next(iter(self._known.values())) if len(self._known) == 1 else None

    def _outdated(self) -> bool:
        return self._read_at is None or self._clock() - self._read_at > LIFETIME_SECONDS

    def _too_soon(self) -> bool:
        pause = PAUSE_SECONDS if self._known else FIRST_PAUSE_SECONDS
        return self._looked_at is not None and self._clock() - self._looked_at < pause

    async def _look(self, name: str | None) -> None:
        async with self._looking:
            found_meanwhile = not self._outdated() and self._named(name) is not None
            if found_meanwhile or self._too_soon():
                return
            first = self._read_at is None
            try:
                self._known = await self._read()
            except (OSError, ValueError, HTTPException) as error:
                log.warning("the issuer does not tell its keys", issuer=self.issuer, error=repr(error))
                self._looked_at = self._clock()
                return
            self._read_at = self._clock()
            # The first look is owed to nobody's unknown key: the next rotation is seen at once.
            self._looked_at = None if first else self._read_at
            log.info("read the issuer's keys", issuer=self.issuer, keys=len(self._known))

    async def _read(self) -> dict[str, PyJWK]:
        described = await self._fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if described.get("issuer") != self.issuer:
            raise ValueError(f"it calls itself {described.get('issuer')!r}")
        address = described.get("jwks_uri")
        if not isinstance(address, str) or urlsplit(address).scheme not in ("https", urlsplit(self.issuer).scheme):
            raise ValueError(f"jwks_uri is {address!r}")
        held = (await self._fetch(address)).get("keys")
        found = {}
        for one in held if isinstance(held, list) else ():
            key = _usable(one)
            if key is not None:
                found[str(one.get("kid", ""))] = key
        if not found:
            raise ValueError("it tells no key one could use")
        return found


def _usable(described: Any) -> PyJWK | None:
    """One to verify signatures with; others stand in the same set."""
    if not isinstance(described, dict) or described.get("kty") not in KINDS or described.get("use", "sig") != "sig":
        return None
    try:
        return PyJWK(described)
    except PyJWTError:
        return None


async def _fetch(address: str) -> Mapping[str, Any]:
    return await asyncio.to_thread(_get, address)


def _get(address: str) -> Mapping[str, Any]:
    if urlsplit(address).scheme not in ("http", "https"):
        raise ValueError(f"{address!r} is no address of the web")
    request = urllib.request.Request(address, headers={"accept": "application/json"})
    try:
        with _OPENER.open(request, timeout=PATIENCE_SECONDS) as answer:
            text = answer.read(LONGEST_ANSWER + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise
    if len(text) > LONGEST_ANSWER:
        raise ValueError(f"{address} answers more than {LONGEST_ANSWER} bytes")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"{address} does not answer an object")
    return found


class _NowhereElse(urllib.request.HTTPRedirectHandler):
    """Whom the issuer's name leads to is settled by the name, and by the certificate, not by an answer."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NowhereElse())
