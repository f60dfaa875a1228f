"""
A thin client for the API server: seven verbs, errors that mean something, one pause for all when told to slow down.

It shares its HTTP session with Kopf (:meth:`Client.session`). What it does not do on purpose: retry. Who asked knows
whether asking again still makes sense.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import orjson
from yarl import URL

from concordat.cluster.connection.access import Access
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.connection.session import Middleware, Session
from concordat.cluster.connection.watch_line import identity
from concordat.manifest import Kind, Manifest, Object, as_yaml
from concordat.manifest.conventions import FIELD_MANAGER

WHOLE = "application/json"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

SILENCE = 75.0
"""Seconds without a byte after which a watch is taken for dead; the API server sends a bookmark every minute."""
WATCH_SECONDS = 290
"""The server ends a watch after this, spread by a third, so that not all of them come back at once."""
PAGE, LARGEST_PAGE = 25, 100
"""Objects of one answer to a LIST, at first and at most: what is parsed at a time is what memory must hold at a time."""
PAGE_BYTES = 2**20
"""Of an answer: after a larger one the next page is smaller, after a smaller one larger. Parsing takes 5 ms of the event loop."""
UNINTERRUPTED = 0.01
"""Seconds in which the objects of a page are taken without a look at what else waits."""


class Cluster(Protocol):
    """What a reconcile may do to a cluster."""

    async def create(self, kind: Kind, manifest: Manifest) -> Object: ...
    async def apply(self, kind: Kind, manifest: Manifest, *, force: bool) -> Object: ...
    async def patch(self, kind: Kind, namespace: str, name: str, operations: Sequence[Mapping[str, Any]]) -> Object: ...
    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> None: ...
    async def read(self, kind: Kind, namespace: str, name: str) -> Object: ...
    async def find(self, kind: Kind, namespace: str, name: str) -> Object | None: ...
    async def patch_status(
        self, kind: Kind, namespace: str, name: str, status: Mapping[str, Any], *, uid: str
    ) -> Object: ...


Taken = TypeVar("Taken")


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[Taken]):
    """What a LIST said, all pages together."""

    items: list[Taken]
    resource_version: str


class Client:
    """The live cluster."""

    def __init__(
        self,
        access: Access,
        *,
        in_flight: int = 40,
        observe: Callable[[str, int], object] = lambda method, status: None,
        middlewares: Sequence[Middleware] = (),
    ) -> None:
        self.access = access
        self.host = urlsplit(access.server).netloc
        self._observe = observe
        self._session = Session(access, middlewares)
        self._slots = asyncio.Semaphore(in_flight)
        self._resume_at = 0.0

    def session(self) -> aiohttp.ClientSession:
        """The open session."""
        return self._session.get()

    async def close(self) -> None:
        """Close the session with everything that is open on it."""
        await self._session.close()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    # --- children and parents -----------------------------------------------------------------------------------------

    async def create(self, kind: Kind, manifest: Manifest) -> Object:
        """POST. Raises :exc:`ApiError` with ``already_exists`` when the name is taken."""
        path = f"{_path(kind, manifest['metadata']['namespace'])}?fieldManager={FIELD_MANAGER}"
        return await self._send("POST", path, manifest, content_type=WHOLE, accept=_accept(kind))

    async def apply(self, kind: Kind, manifest: Manifest, *, force: bool) -> Object:
        """Server-side apply. With ``force``, fields of others that we state become ours; without, that is a 409."""
        metadata = manifest["metadata"]
        query = f"fieldManager={FIELD_MANAGER}&force={'true' if force else 'false'}"
        path = f"{_path(kind, metadata['namespace'], metadata['name'])}?{query}"
        return await self._send("PATCH", path, manifest, content_type=APPLY, accept=_accept(kind))

    async def patch(self, kind: Kind, namespace: str, name: str, operations: Sequence[Mapping[str, Any]]) -> Object:
        """JSON patch (RFC 6902). A ``test`` that fails is a 422."""
        path = f"{_path(kind, namespace, name)}?fieldManager={FIELD_MANAGER}"
        return await self._send("PATCH", path, operations, content_type=JSON_PATCH, accept=_accept(kind))

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> None:
        """Delete this very object; one of the same name that came after it stays (409)."""
        options = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        await self._send("DELETE", _path(kind, namespace, name), options, content_type=WHOLE, accept=METADATA)

    async def read(self, kind: Kind, namespace: str, name: str) -> Object:
        """Metadata of one object."""
        return await self._send("GET", _path(kind, namespace, name), None, accept=METADATA)

    async def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """Metadata of one object, if there is one. Needs the right to list, which whoever watches has."""
        query = urlencode({"fieldSelector": f"metadata.name={name}"})
        found = await self._send("GET", f"{_path(kind, namespace)}?{query}", None, accept=METADATA_LIST)
        return next(iter(found.get("items") or ()), None)

    async def read_whole(self, kind: Kind, namespace: str, name: str) -> Object:
        """One object."""
        return await self._send("GET", _path(kind, namespace, name), None, accept=WHOLE)

    async def patch_status(
        self, kind: Kind, namespace: str, name: str, status: Mapping[str, Any], *, uid: str
    ) -> Object:
        """Merge into the status subresource of this very object (409 for another); metadata of the answer."""
        path = f"{_path(kind, namespace, name)}/status?fieldManager={FIELD_MANAGER}"
        body = {"metadata": {"uid": uid}, "status": status}
        return await self._send("PATCH", path, body, content_type=MERGE, accept=METADATA)

    # --- anything else ------------------------------------------------------------------------------------------------

    async def send(self, method: str, path: str, body: Any = None, *, content_type: str = WHOLE) -> Object:
        """
        Any request that fits no verb above, e.g. for a Lease.

        At once: neither behind other requests nor behind the common pause, because a leader that waits is none any more.
        """
        return await self._exchange(method, path, body, content_type=content_type, accept=WHOLE)

    async def discover(self, etag: str) -> tuple[Object | None, str]:
        """The aggregated discovery document and its ETag; ``None`` while it is the one of ``etag``."""
        accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        headers = {"Accept": accept} | ({"If-None-Match": etag} if etag else {})
        try:
            async with self.session().get(URL(f"{self.access.server}/apis", encoded=True), headers=headers) as response:
                self._observe("GET", response.status)
                if response.status == 304:
                    return None, etag
                body = await response.read()
                if response.status >= 400:
                    raise self._failure(response, body)
                return orjson.loads(body), response.headers.get("ETag", "")
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise self._unreachable("GET", error) from error

    async def list(
        self,
        kind: Kind,
        take: Callable[[Object], Taken],
        *,
        namespace: str | None = None,
        selector: str = "",
        metadata_only: bool = True,
    ) -> Listing[Taken]:
        """
        Everything of a kind as it is now, page by page. Raises ``expired`` when the pages outlive the history.

        Of each object only what ``take`` makes of it is kept: a thousand whole Deployments at once would fill more
        memory than the operator otherwise needs, and never give it back.
        """
        items: list[Taken] = []
        proceed, limit = "", PAGE
        while True:
            query = {"limit": str(limit)}
            query |= {"labelSelector": selector} if selector else {}
            query |= {"continue": proceed} if proceed else {}
            path = f"{_path(kind, namespace)}?{urlencode(query)}"
            page, size = await self._page(path, accept=METADATA_LIST if metadata_only else WHOLE)
            limit = max(1, limit // 2) if size > PAGE_BYTES else min(LARGEST_PAGE, limit * 2)
            async for item in _in_turns(page.get("items") or ()):
                items.append(take(item))
            proceed = page["metadata"].get("continue") or ""
            if not proceed:
                return Listing(items=items, resource_version=page["metadata"]["resourceVersion"])

    async def watch(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        selector: str = "",
        metadata_only: bool = True,
        resource_version: str,
        known: Callable[[str, str, str], bool] = lambda namespace, name, resource_version: False,
    ) -> AsyncIterator[tuple[str, Object]]:
        """
        Events from ``resource_version`` on, bookmarks included, until the server ends the stream. That it is open is
        told at once, by a bookmark of our own.

        An object that is ``known`` in its version, as the echoes of our own writes are, is not even parsed: it counts
        as a bookmark. That is half of all events while much is being built.

        Raises :exc:`ApiError`: of status 0 for a connection that breaks or falls silent, else what the server said,
        be it as a response or as an ERROR event.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(int(WATCH_SECONDS * random.uniform(1, 1.33))),
        }
        query |= {"labelSelector": selector} if selector else {}
        url = URL(f"{self.access.server}{_path(kind, namespace)}?{urlencode(query)}", encoded=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=SILENCE)
        headers = {"Accept": METADATA if metadata_only else WHOLE}
        await self._until_allowed()
        try:
            async with self.session().get(url, headers=headers, timeout=timeout) as response:
                self._observe("GET", response.status)
                if response.status >= 400:
                    raise self._failure(response, await response.read())
                yield "BOOKMARK", {"metadata": {"resourceVersion": resource_version}}
                rest = b""
                async for chunk in response.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        echo = identity(line)
                        if echo is not None and known(*echo):
                            yield "BOOKMARK", {"metadata": {"resourceVersion": echo[2]}}
                            continue
                        event = orjson.loads(line)
                        if event["type"] == "ERROR":
                            raise ApiError.from_status(event["object"].get("code") or 500, event["object"])
                        yield event["type"], event["object"]
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise self._unreachable("GET", error) from error

    # --- one request --------------------------------------------------------------------------------------------------

    async def _send(self, method: str, path: str, body: Any, *, accept: str, content_type: str = WHOLE) -> Object:
        async with self._slots:
            await self._until_allowed()
            return await self._exchange(method, path, body, accept=accept, content_type=content_type)

    async def _page(self, path: str, *, accept: str) -> tuple[Object, int]:
        """An answer and how many bytes it had."""
        async with self._slots:
            await self._until_allowed()
            answer = await self._answer("GET", path, None, accept=accept, content_type=WHOLE)
        return self._parsed("GET", answer), len(answer)

    async def _exchange(self, method: str, path: str, body: Any, *, accept: str, content_type: str) -> Object:
        return self._parsed(method, await self._answer(method, path, body, accept=accept, content_type=content_type))

    def _parsed(self, method: str, answer: bytes) -> Object:
        try:
            found: Object = orjson.loads(answer)
        except orjson.JSONDecodeError as error:
            raise self._unreachable(method, error) from error
        return found

    async def _answer(self, method: str, path: str, body: Any, *, accept: str, content_type: str) -> bytes:
        headers = {"Accept": accept}
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = as_yaml(body) if content_type == APPLY else orjson.dumps(body)
        try:
            async with self.session().request(
                method, URL(self.access.server + path, encoded=True), data=data, headers=headers
            ) as response:
                self._observe(method, response.status)
                answer = await response.read()
                if response.status >= 400:
                    raise self._failure(response, answer)
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(method, error) from error

    async def _until_allowed(self) -> None:
        """Everybody waits while the server has asked anybody to; then not all come at once."""
        wait = self._resume_at - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait * random.uniform(1.0, 1.2))
            await self._until_allowed()

    def _unreachable(self, method: str, error: Exception) -> ApiError:
        self._observe(method, 0)
        return ApiError(0, f"{self.host}: {error or type(error).__name__}")

    def _failure(self, response: aiohttp.ClientResponse, body: bytes) -> ApiError:
        try:
            status = orjson.loads(body)
        except orjson.JSONDecodeError:
            status = body.decode(errors="replace")
        error = ApiError.from_status(response.status, status, retry_after=_seconds(response.headers.get("Retry-After")))
        if response.status == 429:
            pause = max(error.retry_after, 1.0)
            self._resume_at = max(self._resume_at, asyncio.get_running_loop().time() + pause)
        return error


async def _in_turns(items: Sequence[Object]) -> AsyncIterator[Object]:
    """One after the other; whatever else waits on the event loop has its turn in between."""
    clock = asyncio.get_running_loop().time
    began = clock()
    for item in items:
        if clock() - began > UNINTERRUPTED:
            await asyncio.sleep(0)
            began = clock()
        yield item


def _accept(kind: Kind) -> str:
    return WHOLE if kind.watched_whole else METADATA


def _path(kind: Kind, namespace: str | None, name: str = "") -> str:
    collection = f"{kind.path}/namespaces/{namespace}/{kind.plural}" if namespace else f"{kind.path}/{kind.plural}"
    return f"{collection}/{quote(name)}" if name else collection


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 0.0
