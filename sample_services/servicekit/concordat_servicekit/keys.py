"""
The public keys of an issuer: discovered (OpenID Connect Discovery 1.0), kept, and asked for again when a token names one that is new.
"""

import asyncio
import http.client
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http.client import HTTPException
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

PATIENCE_SECONDS = 5.0
"""For one answer of the issuer, from the first byte we send to the last we read: a byte a second does not buy more time."""
LOOK_SECONDS = 12.0
"""For both answers together, name resolution included."""
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
                async with asyncio.timeout(LOOK_SECONDS):
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


def _get(address: str, *, patience: float = PATIENCE_SECONDS) -> Mapping[str, Any]:
    if urlsplit(address).scheme not in ("http", "https"):
        raise ValueError(f"{address!r} is no address of the web")
    request = urllib.request.Request(address, headers={"accept": "application/json"})
    line = _Line()
    opener = urllib.request.build_opener(_NowhereElse(), _Http(line), _Https(line))
    deadline = threading.Timer(patience, line.cut)
    deadline.daemon = True
    deadline.start()
    try:
        with opener.open(request, timeout=patience) as answer:
            text = answer.read(LONGEST_ANSWER + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise
    finally:
        deadline.cancel()
        line.close()
    if line.was_cut:
        raise TimeoutError(f"{address} takes more than {patience} seconds")
    if len(text) > LONGEST_ANSWER:
        raise ValueError(f"{address} answers more than {LONGEST_ANSWER} bytes")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"{address} does not answer an object")
    return found


class _Line:
    """
    The connections of one request, to be cut from another thread.

    A socket's timeout begins anew with every byte. It is held by a copy of its descriptor, since urllib closes and TLS
    detaches the object it was made as.
    """

    def __init__(self) -> None:
        self.was_cut = False
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()

    def connect(self, *args: Any, **kwargs: Any) -> socket.socket:
        made = socket.create_connection(*args, **kwargs)
        with self._lock:
            if self.was_cut:
                made.close()
                raise TimeoutError("connected too late")
            self._held.append(made.dup())
        return made

    def cut(self) -> None:
        with self._lock:
            self.was_cut = True
            for one in self._held:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side was faster

    def close(self) -> None:
        with self._lock:
            for one in self._held:
                one.close()
            self._held.clear()


def _connection(made: Callable[..., http.client.HTTPConnection], line: _Line, host: str, **kwargs: Any) -> Any:
    connection = made(host, **kwargs)
    connection._create_connection = line.connect  # type: ignore[attr-defined]  # where http.client itself lets it be replaced
    return connection


class _Http(urllib.request.HTTPHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(partial(_connection, http.client.HTTPConnection, self._line), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(partial(_connection, http.client.HTTPSConnection, self._line), req)


class _NowhereElse(urllib.request.HTTPRedirectHandler):
    """Whom the issuer's name leads to is settled by the name, and by the certificate, not by an answer."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None
