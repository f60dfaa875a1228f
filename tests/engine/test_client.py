"""
Client and informer against a small HTTP server that misbehaves on command; what it plays is what real ones were seen to do.
"""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web

from concordat.cluster.children import ChildStore
from concordat.cluster.connection import client as client_module
from concordat.cluster.connection.access import Access, StaticToken
from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.connection.watch_line import identity
from concordat.cluster.informer import Informer
from concordat.cluster.workqueue import Backoff
from concordat.manifest import Object
from concordat.resources.kinds import HTTP_ROUTE, SERVICE
from tests.engine.test_children import found

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Answer, *, token: str = "") -> AsyncIterator[Client]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    access = Access(server=f"http://127.0.0.1:{port}", tls=None, token=StaticToken(token))
    try:
        async with Client(access) as client:
            yield client
    finally:
        await runner.cleanup()


def status(code: int, reason: str, message: str = "", **details: Any) -> web.Response:
    body = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}
    return web.json_response(body, status=code)


async def test_a_refusal_carries_reason_message_and_causes() -> None:
    """What people and decisions need of a ``Status``."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return status(403, "Forbidden", "namespace is ending", causes=[{"reason": "NamespaceTerminating"}])

    async with serving(answer) as client:
        with pytest.raises(ApiError, match="namespace is ending") as caught:
            await client.read(SERVICE, "shop", "orders")
    assert (caught.value.forbidden, caught.value.namespace_ending, caught.value.transient) == (True, True, False)


async def test_a_proxy_that_answers_html_is_an_error_too() -> None:
    """Not a traceback of a JSON parser."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Bad gateway</html>", status=502)

    async with serving(answer) as client:
        with pytest.raises(ApiError, match="Bad gateway") as caught:
            await client.read(SERVICE, "shop", "orders")
    assert caught.value.transient


async def test_nobody_there_is_a_transient_error() -> None:
    """Status 0: time will help."""
    access = Access(server="http://127.0.0.1:1", tls=None, token=StaticToken(""))
    async with Client(access) as client:
        with pytest.raises(ApiError) as caught:
            await client.read(SERVICE, "shop", "orders")
    assert (caught.value.status, caught.value.transient) == (0, True)


async def test_asked_to_slow_down_everybody_does() -> None:
    """429 with Retry-After holds back all requests, not only the one that was refused."""
    seen: list[float] = []

    async def answer(_: web.Request) -> web.StreamResponse:
        seen.append(asyncio.get_running_loop().time())
        if len(seen) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"}, text="{}")
        return web.json_response(found("a", 1))

    async with serving(answer) as client:
        with pytest.raises(ApiError) as caught:
            await client.read(SERVICE, "shop", "orders")
        await asyncio.gather(*(client.read(SERVICE, "shop", f"other-{n}") for n in range(3)))
    assert caught.value.retry_after == 1
    assert min(seen[1:]) - seen[0] >= 1


async def test_the_token_goes_with_every_request() -> None:
    """Also when Kopf makes it, on the same session."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"metadata": {}, "got": request.headers.get("Authorization")})

    async with serving(answer, token="secret") as client:
        assert (await client.read(SERVICE, "shop", "a"))["got"] == "Bearer secret"
        async with client.session().get(client.access.server) as response:
            assert (await response.json())["got"] == "Bearer secret"


async def test_pages_are_put_together() -> None:
    """A list of ten thousand comes in pieces."""

    async def answer(request: web.Request) -> web.StreamResponse:
        second = request.query.get("continue") == "next"
        metadata = {"resourceVersion": "7"} | ({} if second else {"continue": "next"})
        return web.json_response({"metadata": metadata, "items": [found("b" if second else "a", 5)]})

    async with serving(answer) as client:
        listing = await client.list(SERVICE, lambda item: item)
    assert [item["metadata"]["name"] for item in listing.items] == ["a", "b"]


class Script:
    """Lists and watches, one after the other, as written down; the last watch stays open."""

    def __init__(self, *watches: Any, items: list[list[dict[str, Any]]]) -> None:
        self.watches = list(watches)
        self.items = items
        self.lists = 0
        self.positions: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            items = self.items[min(self.lists, len(self.items) - 1)]
            self.lists += 1
            return web.json_response({"metadata": {"resourceVersion": str(10 * self.lists)}, "items": items})
        self.positions.append(request.query["resourceVersion"])
        response = web.StreamResponse()
        await response.prepare(request)
        script = self.watches.pop(0) if self.watches else [None]
        for event in script:
            if event is None:
                await asyncio.sleep(30)
            elif isinstance(event, bytes):
                await response.write(event)
            else:
                await response.write(orjson.dumps(event) + b"\n")
        return response


@asynccontextmanager
async def informed(script: Script) -> AsyncIterator[tuple[ChildStore, Informer]]:
    async with serving(script) as client:
        store = ChildStore(SERVICE)
        informer = Informer(client, SERVICE, store)
        informer.backoff = Backoff(base=0.01, cap=0.02)  # type: ignore[misc]
        task = asyncio.create_task(informer.run())
        try:
            yield store, informer
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.01)


def error(code: int) -> dict[str, Any]:
    return {"type": "ERROR", "object": {"kind": "Status", "code": code, "message": "etcd is busy"}}


async def test_a_stream_that_ends_goes_on_where_it_ended() -> None:
    """No new list: the position is kept, also by bookmarks."""
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "15"}}}
    script = Script([{"type": "ADDED", "object": found("a", 12)}, bookmark], items=[[]])
    async with informed(script) as (store, _):
        await until(lambda: len(script.positions) > 1)
        assert (script.lists, script.positions[:2]) == (1, ["10", "15"])
        assert store.find("shop", "a") is not None


@pytest.mark.parametrize("code", [500, 504])
async def test_an_error_event_ends_nothing(code: int) -> None:
    """Kopf 1.45 ends the process here; we go on from where we were."""
    script = Script([{"type": "ADDED", "object": found("a", 12)}, error(code)], items=[[]])
    async with informed(script) as (_, informer):
        await until(lambda: len(script.positions) > 1)
        assert (script.lists, script.positions[1]) == (1, "12")
        assert informer.silence() < 2


async def test_the_end_of_an_outage_is_told_before_anything_happens() -> None:
    """A quiet watch would say nothing for a minute, and failing keys would wait out their backoff."""
    recovered: list[int] = []
    script = Script([error(500)], [None], items=[[]])
    async with serving(script) as client:
        informer = Informer(client, SERVICE, ChildStore(SERVICE), recovered=lambda: recovered.append(1))
        informer.backoff = Backoff(base=0.01, cap=0.02)  # type: ignore[misc]
        task = asyncio.create_task(informer.run())
        await until(lambda: recovered)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(script.positions) == 2


class Record:
    """Of an object, as a sink makes one."""


class Latest:
    """A sink that keeps the latest record, and counts those that anybody still holds."""

    refusal = ""

    def __init__(self) -> None:
        self.kept: Record | None = None
        self.alive = weakref.WeakSet[Record]()
        self.seen: list[str] = []

    def take(self, item: Object) -> Record:
        self.seen.append(item["metadata"]["resourceVersion"])
        record = Record()
        self.alive.add(record)
        return record

    def replace(self, items: Iterable[Record], resource_version: str) -> None:
        (self.kept,) = items

    def observe(self, event: str, item: Object) -> None:
        self.kept = self.take(item)

    def knows(self, namespace: str, name: str, resource_version: str) -> bool:
        return False


async def test_a_list_is_not_kept_beside_what_was_made_of_it() -> None:
    """A watch lasts for weeks: every record that is replaced meanwhile would stay as long."""
    sink = Latest()
    script = Script([{"type": "MODIFIED", "object": found("a", 12)}, None], items=[[found("a", 5)]])
    async with serving(script) as client:
        task = asyncio.create_task(Informer(client, SERVICE, sink).run())
        await until(lambda: sink.seen == ["5", "12"])
        gc.collect()
        assert list(sink.alive) == [sink.kept]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("answer", [[], [error(410)], [error(500)]], ids=["closed", "expired", "failing"])
async def test_a_watch_that_tells_nothing_is_not_asked_again_and_again(answer: list[Any]) -> None:
    """A proxy that closes every stream, a history that is always gone, an etcd that is down: not in a hot loop."""
    script = Script(*[answer] * 10_000, items=[[]])
    async with serving(script) as client:
        informer = Informer(client, SERVICE, ChildStore(SERVICE))
        informer.backoff = Backoff(base=0.01, cap=5.0)  # type: ignore[misc]
        task = asyncio.create_task(informer.run())
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert 3 <= len(script.positions) <= 9


async def test_after_an_outage_that_outlived_the_history_is_listed_at_once() -> None:
    """The pause belongs to the outage, which is over."""
    script = Script(*[[error(500)]] * 6, [error(410)], items=[[]])
    async with serving(script) as client:
        informer = Informer(client, SERVICE, ChildStore(SERVICE))
        informer.backoff = Backoff(base=0.02, cap=5.0)  # type: ignore[misc]
        task = asyncio.create_task(informer.run())
        await until(lambda: len(script.positions) >= 7)
        await asyncio.sleep(0.3)
        assert script.lists == 2
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_nobody_stays_away_for_more_than_a_minute() -> None:
    """A Retry-After of an hour would outlast our own liveness probe."""
    asked = [ApiError.from_status(503, body, retry_after=3600) for body in ({}, "<html>")]
    asked.append(ApiError.from_status(503, {"details": {"retryAfterSeconds": 3600}}))
    assert [error.retry_after for error in asked] == [60, 60, 60]


async def test_lost_history_is_listed_again_and_leaves_no_ghost() -> None:
    """410: what was deleted meanwhile is gone, what came meanwhile is there."""
    script = Script([error(410)], items=[[found("a", 5)], [found("b", 6, uid="u2")]])
    async with informed(script) as (store, informer):
        await until(lambda: script.lists == 2 and store.find("shop", "b"))
        assert store.find("shop", "a") is None
        assert informer.lists == 2


async def test_a_torn_line_is_read_again() -> None:
    """Half an event at the end of a stream is no event."""
    torn = orjson.dumps({"type": "ADDED", "object": found("a", 12)})[:40] + b"\n"
    script = Script([torn], [{"type": "ADDED", "object": found("a", 12)}, None], items=[[]])
    async with informed(script) as (store, _):
        await until(lambda: store.find("shop", "a"))
        assert script.positions == ["10", "10"]


async def test_a_silent_stream_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-open TCP: the server sends a bookmark a minute, so silence is death."""
    monkeypatch.setattr(client_module, "SILENCE", 0.2)
    script = Script([None], [None], items=[[]])
    async with informed(script):
        await until(lambda: len(script.positions) == 2)
        assert script.lists == 1


async def test_a_kind_that_may_not_be_read_says_so_and_recovers() -> None:
    """403 degrades one kind; it is asked for again without a restart."""
    allowed = False

    async def answer(request: web.Request) -> web.StreamResponse:
        if not allowed:
            return status(403, "Forbidden", "cannot list services")
        return await Script(items=[[found("a", 5)]])(request)

    async with serving(answer) as client:
        heard: list[bool] = []
        store = ChildStore(SERVICE)
        informer = Informer(client, SERVICE, store, readable=lambda: heard.append(True))
        informer.backoff = Backoff(base=0.01, cap=0.02)  # type: ignore[misc]
        task = asyncio.create_task(informer.run())
        await informer.listed.wait()
        assert store.refusal == "cannot list services"
        allowed = True
        await until(lambda: heard)
        assert (store.refusal, store.find("shop", "a") is not None) == ("", True)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_annotations_are_no_identity() -> None:
    """Somebody names theirs like our fields, and a change of theirs would pass for an echo of another object's."""
    names = b'"name":"b","namespace":"shop","resourceVersion":"7"'
    owned = b'"name":"a","namespace":"shop","ownerReferences":[],"resourceVersion":"9"'
    for annotations in (b"{" + names + b"}", b'{"a":"],",' + names + b"}"):
        assert identity(b'{"type":"ADDED","object":{"metadata":{"annotations":' + annotations + owned) is None


async def test_an_optional_kind_that_cannot_be_listed_holds_up_nothing() -> None:
    """A conversion webhook that is gone answers 500 for ever; the kind is named, and comes back by itself."""
    broken = True

    async def answer(request: web.Request) -> web.StreamResponse:
        return status(500, "InternalError", "conversion webhook failed") if broken else await script(request)

    script = Script(items=[[]])
    async with serving(answer) as client:
        heard: list[bool] = []
        store = ChildStore(HTTP_ROUTE)
        informer = Informer(client, HTTP_ROUTE, store, readable=lambda: heard.append(True))
        informer.backoff = Backoff(base=0.01, cap=0.02)  # type: ignore[misc]
        task = asyncio.create_task(informer.run())
        await asyncio.wait_for(informer.listed.wait(), 5)
        assert store.refusal == "conversion webhook failed"
        broken = False
        await until(lambda: heard)
        assert store.refusal == ""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_kind_that_everything_needs_is_waited_for() -> None:
    """With an API server that starts slowly, nothing is decided from empty caches."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return status(500, "InternalError", "etcd is busy")

    async with serving(answer) as client:
        informer = Informer(client, SERVICE, ChildStore(SERVICE))
        informer.backoff = Backoff(base=0.01, cap=0.02)  # type: ignore[misc]
        task = asyncio.create_task(informer.run())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(informer.listed.wait(), 0.5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_an_echo_is_recognised_in_typed_and_in_custom_objects() -> None:
    """The two orders in which the API server writes metadata; a quoted imitation in an annotation is none."""
    typed = b'{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"shop","uid":"u","resourceVersion":"7"}}}'
    custom = (
        b'{"type":"MODIFIED","object":{"metadata":{"annotations":{"x":"\\"name\\":\\"b\\",\\"namespace\\":\\"c\\","},'
        b'"name":"a","namespace":"shop","resourceVersion":"7","uid":"u"}}}'
    )
    assert identity(typed) == ("shop", "a", "7")
    assert identity(custom) == ("shop", "a", "7")
    assert identity(typed.replace(b"ADDED", b"DELETED")) is None
