"""However a path is written, no handler runs without the scopes of its operation: real uvicorn, requests byte by byte over sockets."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from fastapi import APIRouter, FastAPI, Request, WebSocket
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from concordat_servicekit.guard import Guard
from concordat_servicekit.requirement import Requirement, requirements
from tests.samples.servicekit.issuer import Issuer, issuing

AUDIENCE = "shop/payments-api"
SCOPED = [
    ("POST", "/payments", "/payments"),
    ("POST", "/payments/{id}/refund", "/payments/11/refund"),
    ("GET", "/payments/{id}", "/payments/11"),
    ("POST", "/files/{p}", "/files/a"),
    ("DELETE", "/v1/orders/{order}", "/v1/orders/12"),
    ("PUT", "/v1/shares/{share}", "/v1/shares/0.5"),
    ("POST", "/inner/ledger", "/inner/ledger"),
    ("POST", "/opaque/book", "/opaque/book"),
]
"""Operations of the contract that need the scope ``all``, each with one of its paths."""
OPEN = [
    ("GET", "/tables"),
    ("GET", "/payments"),
    ("GET", "/tables/a b"),
    ("GET", "/tables/ü;v=1"),
    ("GET", "/inner/lamps"),
]
"""What any valid token opens."""

SUFFIXES = [
    *("%0A", "%0a", "%0D", "%0D%0A", "%00", "%20", "%09", "%0B", "%0C", "%1F", "%7F", "%C2%85", "%C2%A0", "%E2%80%A8"),
    *("%2F", "%2f", "%5C", "%5c", "%2Fextra", "%252F", "%250A", "%FF", "%C0%AF", "%ED%A0%80", "%3F", "%23", "%3B", "%", "%zz"),
    *("/", "//", "/.", "/..", "/%2e", "/%2E%2E/", "/./", "/extra", "/extra/..", ";x", ";x=/..", ".", "..", "...", "\\", "\\extra", "?", "?x=/", "#x", ",", "~"),
]  # fmt: skip
PREFIXES = [
    "/",
    "/.",
    "/x/..",
    "/%2e",
    "/%2e%2e",
    "\\",
    "%2F",
    "/%20",
    "/%0A",
    "/%00",
    "http://shop",
    "http://shop/",
    "http:/",
    "*",
    ".",
]


def spellings(path: str) -> Iterator[str]:
    """``path`` as somebody would write it who wants the guard and the router to disagree."""
    yield path
    yield from (path + suffix for suffix in SUFFIXES)
    yield from (prefix + path for prefix in PREFIXES)
    yield path.upper()
    yield path.title()
    yield path.replace("/", "//")
    yield path.replace("/", "/./")
    yield "/" + path[1:].replace("/", "%2F")
    yield "/" + path[1:].replace("/", "%5C")
    yield f"/%{ord(path[1]):02x}{path[2:]}"
    middle = path.rindex("/")
    for infix in ("%0A", "%2F", "%00", "%20", ";x", "/", "/.", "/x/..", "%5C", "\\"):
        yield path[:middle] + infix + path[middle:]
        yield path[: middle + 1] + infix + path[middle + 1 :]


@dataclass
class Ran:
    """Handlers that ran."""

    paths: list[str] = field(default_factory=list)


def fastapi(ran: Ran) -> ASGIApp:
    app = FastAPI(telemetry={"metrics": False, "logs": False, "operation_spans": False})
    included = APIRouter(prefix="/v1")

    async def handle(request: Request) -> dict[str, str]:
        ran.paths.append(request.url.path)
        return {}

    for method, path in (
        *(("POST", "/payments"), ("GET", "/payments"), ("POST", "/payments/{id}/refund"), ("GET", "/payments/{id}")),
        *(("POST", "/files/{p:path}"), ("GET", "/tables"), ("GET", "/tables/{table}")),
    ):
        app.add_api_route(path, handle, methods=[method])
    included.add_api_route("/orders/{order:int}", handle, methods=["DELETE"])
    included.add_api_route("/shares/{share:float}", handle, methods=["PUT"])
    app.include_router(included)
    app.mount("/inner", Router(routes=inner(ran)))
    app.mount("/opaque", opaque(ran))

    @app.websocket("/payments/{id}")
    async def live(socket: WebSocket) -> None:
        ran.paths.append("websocket")
        await socket.accept()

    return app


def starlette(ran: Ran) -> ASGIApp:
    async def handle(request: Request) -> PlainTextResponse:
        ran.paths.append(request.url.path)
        return PlainTextResponse("")

    async def live(socket: WebSocket) -> None:
        ran.paths.append("websocket")
        await socket.accept()

    class Payments(HTTPEndpoint):
        """Looks methods up by their name in small letters."""

        async def get(self, request: Request) -> PlainTextResponse:
            return PlainTextResponse("")

        async def post(self, request: Request) -> PlainTextResponse:
            return await handle(request)

    return Starlette(
        routes=[
            Route("/payments", Payments),
            Route("/payments/{id}/refund", handle, methods=["POST"]),
            Route("/payments/{id}", handle),
            WebSocketRoute("/payments/{id}", live),
            Route("/files/{p:path}", handle, methods=["POST"]),
            Route("/tables", handle),
            Route("/tables/{table}", handle),
            Mount(
                "/v1",
                routes=[
                    Route("/orders/{order:int}", handle, methods=["DELETE"]),
                    Route("/shares/{share:float}", handle, methods=["PUT"]),
                ],
            ),
            Mount("/inner", app=Starlette(routes=inner(ran))),
            Mount("/opaque", app=opaque(ran)),
        ]
    )


def inner(ran: Ran) -> list[BaseRoute]:
    async def handle(request: Request) -> PlainTextResponse:
        ran.paths.append(request.url.path)
        return PlainTextResponse("")

    return [Route("/ledger", handle, methods=["POST"]), Route("/lamps", handle)]


def opaque(ran: Ran) -> ASGIApp:
    """Answers whatever path and method it is asked for."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        ran.paths.append(scope["path"])
        await PlainTextResponse("")(scope, receive, send)

    return app


APPLICATIONS = {"FastAPI": fastapi, "Starlette": starlette}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        found.add("rsa")
        yield found


@dataclass(frozen=True, kw_only=True)
class Served:
    """A guarded application behind a real server."""

    port: int
    ran: Ran
    root: str = ""

    def ask(self, method: str, path: str, token: str, headers: str = "") -> int:
        """The status; 0 where the server hung up, as it may on what is no HTTP."""
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        request = f"{method} {path} HTTP/1.1\r\nHost: shop\r\n{authorization}{headers}Connection: close\r\n\r\n"
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=10)) as connection:
            connection.sendall(request.encode())
            try:
                line = connection.makefile("rb").readline().split()
            except ConnectionResetError:
                return 0
        return int(line[1]) if line else 0


def _requirements(issuer: Issuer) -> tuple[Requirement, ...]:
    operations = [{"method": method, "paths": [path], "scopes": ["all"]} for method, path, _ in SCOPED]
    demand = {"contract": AUDIENCE, "issuer": issuer.url, "audience": AUDIENCE, "operations": operations}
    return requirements(json.dumps([demand]))


@contextmanager
def serving(app: ASGIApp, ran: Ran, issuer: Issuer, *, http: str, root: str = "") -> Iterator[Served]:
    """uvicorn in a thread of its own, on a free port."""
    guard = Guard(app, _requirements(issuer), realm="shop")
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(guard, http=http, root_path=root, log_level="critical", lifespan="off")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield Served(port=listening.getsockname()[1], ran=ran, root=root)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture(
    scope="module",
    params=[
        (name, http, root)
        for name in APPLICATIONS
        for http, root in (("h11", ""), ("httptools", ""), ("httptools", "/api"))
    ],
    ids=lambda param: " ".join(param),
)
def served(request: pytest.FixtureRequest, issuer: Issuer) -> Iterator[Served]:
    name, http, root = request.param
    ran = Ran()
    with serving(APPLICATIONS[name](ran), ran, issuer, http=http, root=root) as found:
        yield found


@pytest.fixture
def without(issuer: Issuer) -> str:
    """A valid token without any scope."""
    return issuer.token("rsa", aud=AUDIENCE)


@pytest.fixture
def with_all(issuer: Issuer) -> str:
    """A token with every scope."""
    return issuer.token("rsa", aud=AUDIENCE, scope="all")


@pytest.mark.parametrize(("method", "_template", "path"), SCOPED)
def test_no_spelling_of_a_path_passes_its_scopes_by(
    served: Served, without: str, method: str, _template: str, path: str
) -> None:
    """Every suffix, prefix and infix is answered with a refusal, and the handler does not run."""
    served.ran.paths.clear()
    answers = {spelt: served.ask(method, spelt, without) for spelt in spellings(path)}
    assert {} == {spelt: status for spelt, status in answers.items() if status not in (0, 400, 403, 404, 405)}
    assert [] == served.ran.paths
    assert 403 == answers[path]


@pytest.mark.parametrize(("method", "_template", "path"), SCOPED)
def test_no_spelling_of_a_method_passes_the_scopes_by(
    served: Served, without: str, method: str, _template: str, path: str
) -> None:
    """Small letters, inventions, and headers that name another method than the request."""
    served.ran.paths.clear()
    for spelt in (method.lower(), method.title(), "DISPATCH", "PROPFIND", "CONNECT"):
        assert served.ask(spelt, path, without) in (0, 400, 403, 404, 405), spelt
    if method == "GET":
        assert 403 == served.ask("HEAD", path, without)
    for header in ("X-HTTP-Method-Override", "x-http-method", "X-Method-Override"):
        assert 400 == served.ask("GET", "/tables", without, f"{header}: {method if method != 'GET' else 'POST'}\r\n")
    preflight = f"Origin: https://shop.example.com\r\nAccess-Control-Request-Method: {method}\r\n"
    assert served.ask("OPTIONS", path, "", preflight) in (401, 403, 405), "asked without a token"
    assert [] == served.ran.paths


@pytest.mark.parametrize(("method", "_template", "path"), SCOPED)
def test_whoever_has_the_scopes_gets_in(served: Served, with_all: str, method: str, _template: str, path: str) -> None:
    """The guard refuses no request that is in order."""
    assert 200 == served.ask(method, path, with_all)
    assert served.ask(method, f"/%{ord(path[1]):02x}{path[2:]}", with_all) == 200, "an ordinary escape"


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_what_no_operation_describes_wants_a_token_alone(served: Served, without: str, method: str, path: str) -> None:
    """As long as a route of the application answers it; and never none at all."""
    escaped = path.replace(" ", "%20").replace("ü", "%C3%BC")
    assert 200 == served.ask(method, escaped, without)
    assert 401 == served.ask(method, escaped, "")


def test_what_no_route_answers_wants_every_scope(served: Served, without: str, with_all: str) -> None:
    """Whoever has them is told that it is not there."""
    assert 403 == served.ask("GET", "/nothing/there", without)
    assert 404 == served.ask("GET", "/nothing/there", with_all)


@pytest.mark.parametrize("name", APPLICATIONS)
async def test_a_websocket_is_held_to_the_operation_of_its_path(
    issuer: Issuer, without: str, with_all: str, name: str
) -> None:
    """It is opened by a GET. Asked by ASGI itself: uvicorn needs a further library to speak the protocol."""

    async def opened(path: str, token: str) -> bool:
        sent: list[str] = []

        async def send(message: Any) -> None:
            sent.append(message["type"])

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        ran = Ran()
        guard = Guard(APPLICATIONS[name](ran), _requirements(issuer), realm="shop")
        scope = {"type": "websocket", "path": path, "query_string": b"", "subprotocols": []}
        await guard(scope | {"headers": [(b"authorization", f"Bearer {token}".encode())]}, receive, send)
        assert sent == (["websocket.accept"] if ran.paths else ["websocket.close"])
        return bool(ran.paths)

    refused = ["/payments/11", "/payments/11\n", "//payments/11", "/payments/\n", "/payments/11/"]
    assert [] == [path for path in refused if await opened(path, without)]
    assert await opened("/payments/11", with_all)


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_of_an_application_whose_routes_are_unknown_nothing_unnamed_is_open(
    issuer: Issuer, without: str, with_all: str, http: str
) -> None:
    """It may read any path as any operation."""
    ran = Ran()
    with serving(opaque(ran), ran, issuer, http=http) as served:
        asked = [(method, spelt) for method, _, path in SCOPED for spelt in spellings(path)]
        found = {(method, spelt): served.ask(method, spelt, without) for method, spelt in asked}
        assert {} == {one: status for one, status in found.items() if status not in (0, 400, 403)}
        assert [] == ran.paths
        assert 200 == served.ask("POST", "/payments", with_all)
