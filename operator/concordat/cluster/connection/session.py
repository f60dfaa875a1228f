"""
The HTTP session of a client: opened when needed, authenticated anew for each request, closed with all that is open on it.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import aiohttp

from concordat import __version__
from concordat.cluster.connection.access import Access

Middleware = Callable[
    [aiohttp.ClientRequest, Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]],
    Awaitable[aiohttp.ClientResponse],
]

REQUEST_TIMEOUT = 20.0
"""Seconds. The API server gives up on webhooks after 10 by default, 30 at most."""


class Session:
    """Shared by whoever talks to one API server."""

    def __init__(self, access: Access, middlewares: Sequence[Middleware]) -> None:
        self._access = access
        self._middlewares = middlewares
        self._open: aiohttp.ClientSession | None = None
        self._sockets: WeakSet[socket.socket] = WeakSet()

    def get(self) -> aiohttp.ClientSession:
        """The open session; a new one if somebody closed it, as Kopf does when credentials are refused."""
        if self._open is None or self._open.closed:
            self._open = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # watches hold theirs; requests are limited by the client
                    ssl=self._access.tls or True,
                    keepalive_timeout=90,
                    socket_factory=self._socket,
                ),
                headers={"User-Agent": f"concordat/{__version__}"},
                timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT),
                middlewares=(*((self._authenticate,) if self._access.token() else ()), *self._middlewares),
                auto_decompress=True,
            )
        return self._open

    async def close(self) -> None:
        """With everything that is open on it."""
        if self._open is not None and self._open.connector is not None:
            await self._open.connector.close(abort_ssl=True)  # a farewell would take another round trip each
            await self._open.close()
            await self._sockets_closed()

    async def _sockets_closed(self) -> None:
        """
        Those of requests that were cancelled still wait for the server's farewell: they are cut off.

        Transports close their sockets in the loop's next rounds; who ends the loop before leaves them open.
        """
        for left in self._sockets:
            with suppress(OSError):
                left.shutdown(socket.SHUT_RDWR)
        for _ in range(100):
            await asyncio.sleep(0.01)
            if all(left.fileno() == -1 for left in self._sockets):
                return

    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, *_ = address
        opened = socket.socket(family, kind, protocol)
        self._sockets.add(opened)
        return opened

    async def _authenticate(
        self,
        request: aiohttp.ClientRequest,
        send: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
    ) -> aiohttp.ClientResponse:
        token = self._access.token()
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        response = await send(request)
        if response.status == 401:
            self._access.token.refresh()
        return response
