"""
The informers of one engine: what is watched, since when it has been silent, and which optional kinds come and go.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from typing import Any

from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.discovery import Discovery
from concordat.cluster.informer import Informer, Sink
from concordat.manifest import Kind, conventions
from concordat.resources import kinds

logger = logging.getLogger(__name__)

CHILDREN_OF_OURS = f"{conventions.LABEL_MANAGED_BY}={conventions.MANAGED_BY}"
DISCOVERY = 15.0
"""Seconds between two looks at which optional kinds are served."""
HUNG = 150.0
"""Seconds: twice the silence after which a watch is opened anew."""


class Watches:
    """One informer a kind and scope; the optional kinds' as long as they are served."""

    def __init__(
        self,
        client: Client,
        scopes: tuple[str | None, ...],
        *,
        children: Callable[[Kind, str | None], Sink[Any]],
        withdrawn: Callable[[Kind, str | None], object],
        readable: Callable[[], object],
        recovered: Callable[[], object],
    ) -> None:
        """
        ``children`` makes what keeps the children of a kind, ``withdrawn`` throws it away.

        ``readable`` is called when what may be read has changed, ``recovered`` when an outage is over.
        """
        self.informers: dict[tuple[str, str | None], Informer[Any]] = {}
        self.installed: frozenset[str] = frozenset()
        """Optional kinds that are served."""
        self.scopes = scopes
        self._client = client
        self._children = children
        self._withdrawn = withdrawn
        self._readable = readable
        self._recovered = recovered
        self._discovered = asyncio.Event()
        self._discovery = Discovery(client, (kind for kind in kinds.ALL if kind.optional))
        self._tasks: dict[tuple[str, str | None], asyncio.Task[None]] = {}
        self._following: asyncio.Task[None] | None = None

    def open(self, kind: Kind, sink: Sink[Any], scope: str | None, *, selector: str = "") -> Informer[Any]:
        """Keep ``sink`` equal to what the API server has of a kind."""
        informer = Informer(
            self._client,
            kind,
            sink,
            namespace=scope,
            selector=selector,
            readable=self._readable,
            recovered=self._recovered,
        )
        self.informers[kind.kind, scope] = informer
        self._tasks[kind.kind, scope] = asyncio.create_task(informer.run(), name=f"watch {kind} {scope or ''}")
        return informer

    async def filled(self) -> None:
        """Watch every kind of child besides what is open already; returns when all have been listed."""
        for kind in kinds.ALL:
            if not kind.optional:
                self._open_children(kind)
        await _listed(self.informers.values())
        self._following = asyncio.create_task(self._follow_discovery(), name="discovery")
        await self._discovered.wait()

    def hung(self) -> str:
        """What does not move any more, in words; empty while everything does."""
        for (kind, namespace), informer in self.informers.items():
            if informer.silence() > HUNG or self._tasks[kind, namespace].done():
                return f"the watch of {kind} in {namespace or 'all namespaces'} hangs"
        return "discovery has ended" if self._following is not None and self._following.done() else ""

    async def close(self) -> None:
        """No more news."""
        tasks = [*self._tasks.values(), *([self._following] if self._following else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _open_children(self, kind: Kind) -> list[Informer[Any]]:
        return [self.open(kind, self._children(kind, scope), scope, selector=CHILDREN_OF_OURS) for scope in self.scopes]

    async def _close_children(self, kind: Kind) -> None:
        for scope in self.scopes:
            task = self._tasks.pop((kind.kind, scope))
            del self.informers[kind.kind, scope]
            self._withdrawn(kind, scope)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _follow_discovery(self) -> None:
        while True:
            try:
                await self._discover()
                self._discovered.set()
            except ApiError as error:
                logger.debug("discovery: %s", error)
            await asyncio.sleep(DISCOVERY * random.uniform(0.8, 1.2) if self._discovered.is_set() else 0.5)

    async def _discover(self) -> None:
        served = await self._discovery.served()
        names = frozenset(kind.kind for kind in served)
        if names == self.installed:
            return
        for kind in kinds.ALL:
            if kind in served and kind.kind not in self.installed:
                logger.info("%s is served now", kind)
                await _listed(self._open_children(kind))
            elif kind.kind in self.installed - names:
                logger.info("%s is no longer served", kind)
                await self._close_children(kind)
        self.installed = names
        self._readable()


async def _listed(informers: Iterable[Informer[Any]]) -> None:
    for informer in list(informers):
        await informer.listed.wait()
