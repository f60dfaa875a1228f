"""
One list and watch of a kind that nothing ends: not an outage, not an ERROR event, not a kind that is withdrawn.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.workqueue import Backoff
from concordat.manifest import Kind, Object

logger = logging.getLogger(__name__)


Kept = TypeVar("Kept")
_UNREADABLE = object()
"""Stands in a listing for an object that could not be read."""


class Sink(Protocol[Kept]):
    """Who is told."""

    refusal: str

    def take(self, item: Object) -> Kept: ...
    def replace(self, items: Iterable[Kept], resource_version: str) -> None: ...
    def observe(self, event: str, item: Object) -> None: ...
    def knows(self, namespace: str, name: str, resource_version: str) -> bool: ...


class Informer(Generic[Kept]):
    """Keeps a sink equal to what the API server has."""

    backoff = Backoff(base=0.1, cap=5.0)
    """An API server that was away for an hour is seen again a few seconds after its return."""
    failures_before_listing_again = 20
    """After a restored backup our position lies in the server's future, where it waits for ever."""
    shortest_watch = 1.0
    """Seconds. A watch that ends sooner and has told nothing was none, however politely it was opened and closed."""

    def __init__(
        self,
        client: Client,
        kind: Kind,
        sink: Sink[Kept],
        *,
        namespace: str | None = None,
        selector: str = "",
        readable: Callable[[], object] = lambda: None,
        recovered: Callable[[], object] = lambda: None,
    ) -> None:
        """``readable`` is called when a kind that was refused is no longer, ``recovered`` when a failure is over."""
        self.kind = kind
        self.sink = sink
        self.namespace = namespace
        self.listed = asyncio.Event()
        """The sink has been filled, or we know that we may not fill it."""
        self.lists = 0
        self._client = client
        self._selector = selector
        self._metadata_only = not kind.watched_whole
        self._readable = readable
        self._recovered = recovered
        self._heard_at = self._tried_at = asyncio.get_running_loop().time()
        self._failures = 0
        """Since the server last said anything at all."""
        self._in_vain = 0
        """Tries since it last said anything new: what paces the next one."""
        self._expired = False
        """We have listed because the history was gone, and have heard nothing new since."""
        self._position = ""

    def age(self) -> float:
        """Seconds since the server last said anything."""
        return asyncio.get_running_loop().time() - self._heard_at

    def silence(self) -> float:
        """Seconds since we last heard something or failed to: grows only when this task hangs."""
        return asyncio.get_running_loop().time() - self._tried_at

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._list_and_watch()
            except ApiError as error:
                await self._pause(error)

    async def _list_and_watch(self) -> None:
        await self._list()
        while self._failures < self.failures_before_listing_again:
            try:
                await self._watch_for_a_while()
            except ApiError as error:
                if not error.transient:
                    raise  # 410: list again. 403, 404: nothing to watch any more
                await self._pause(error)

    async def _list(self) -> None:
        listing = await self._client.list(
            self.kind,
            self._taken,
            namespace=self.namespace,
            selector=self._selector,
            metadata_only=self._metadata_only,
        )
        refused_before, self.sink.refusal = self.sink.refusal, ""
        self.sink.replace([kept for kept in listing.items if kept is not _UNREADABLE], listing.resource_version)
        if refused_before:
            self._readable()
        self.lists += 1
        self._heard()
        self.listed.set()
        self._position = listing.resource_version

    async def _watch_for_a_while(self) -> None:
        clock = asyncio.get_running_loop().time
        began_at, position = clock(), self._position
        try:
            await self._watch()
        finally:
            useful = self._position != position or clock() - began_at >= self.shortest_watch
            if useful:
                self._in_vain, self._expired = 0, False
        if not useful:
            raise ApiError(0, "the watch was closed as soon as it was opened")

    async def _watch(self) -> None:
        """Follow the stream to its end, from where we are."""
        self._tried_at = asyncio.get_running_loop().time()
        async for event, item in self._client.watch(
            self.kind,
            namespace=self.namespace,
            selector=self._selector,
            metadata_only=self._metadata_only,
            resource_version=self._position,
            known=self.sink.knows,
        ):
            self._position = item["metadata"]["resourceVersion"]
            self._heard()
            if event != "BOOKMARK":
                self._observed(event, item)
        self._heard()

    def _taken(self, item: Object) -> Any:
        """One object that cannot be read is passed over: it must not cost the sight of all others of its kind."""
        try:
            return self.sink.take(item)
        except Exception:
            logger.exception("%s %s: cannot be read and is passed over", self.kind, _named(item))
            return _UNREADABLE

    def _observed(self, event: str, item: Object) -> None:
        try:
            self.sink.observe(event, item)
        except Exception:
            logger.exception("%s %s: cannot be read and is passed over", self.kind, _named(item))

    def _heard(self) -> None:
        self._heard_at = self._tried_at = asyncio.get_running_loop().time()
        if self._failures:
            self._failures = 0
            self._recovered()

    async def _pause(self, error: ApiError) -> None:
        if error.expired and not self._expired:
            logger.info("%s: the history is gone, listing again", self.kind)
            self._expired = True
            return
        self._in_vain += 1
        self._failures += 1
        refused = error.forbidden or error.not_found
        broken = (
            error.status >= 500 and self.kind.optional and not self.listed.is_set()
        )  # the others do not wait for it
        if (refused and self._failures > 1) or (broken and self._failures > 4):  # an API server that starts does both
            self.sink.refusal = error.message
            self.listed.set()
        delay = max(error.retry_after, self.backoff.delay(self._in_vain))
        logger.log(
            logging.WARNING if self._in_vain in (1, 10, 100) else logging.DEBUG,
            "%s: cannot be watched, again in %.1f s: %s",
            self.kind,
            delay,
            error,
        )
        self._tried_at = asyncio.get_running_loop().time()
        await asyncio.sleep(delay)
        self._tried_at = asyncio.get_running_loop().time()


def _named(item: Object) -> str:
    """``shop/orders``, as far as it says so."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    return f"{metadata.get('namespace')}/{metadata.get('name')}" if isinstance(metadata, dict) else "without metadata"
