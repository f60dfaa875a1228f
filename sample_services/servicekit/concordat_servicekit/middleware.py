"""
Around the application: health and metrics beside it, a clock on every request, an end to every error.
"""

from collections.abc import Iterable
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from concordat_servicekit import tracing
from concordat_servicekit.health import Health
from concordat_servicekit.metrics import SERVER_ERROR, HttpMetrics
from concordat_servicekit.routes import UNMATCHED, RouteTemplate, matched

CLIENT_CLOSED_REQUEST = 499
"""nginx's number for a client that left before its answer: nobody was hurt by us."""

log = structlog.get_logger(__name__)


class Activity:
    """How many requests are being answered."""

    __slots__ = ("requests",)

    def __init__(self) -> None:
        self.requests = 0


class Instrumented:
    """
    The application, observed.

    ``endpoints`` are answered before it and stay unmeasured: probes and scrapes would thin out the ratio of errors.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: HttpMetrics,
        health: Health,
        activity: Activity,
        endpoints: dict[str, ASGIApp],
        routes: Iterable[RouteTemplate],
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._health = health
        self._activity = activity
        self._endpoints = endpoints
        self._known = frozenset(route.path for route in routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        endpoint = self._endpoints.get(scope["path"])
        if endpoint is not None:
            await endpoint(scope, receive, send)
            return
        await self._measure(scope, receive, send)

    async def _measure(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0
        trace: tracing.TraceContext | None = None
        root_path = scope.get("root_path", "")

        async def observe(message: Message) -> None:
            nonlocal status, trace
            if message["type"] == "http.response.start":
                status = message["status"]
                trace = tracing.current()  # here the framework's span has not ended yet
                if self._health.draining:
                    message = _last_of_its_connection(message)
            await send(message)

        arrived = _remember_caller(scope)
        self._activity.requests += 1
        started = perf_counter()
        try:
            await self._app(scope, receive, observe)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except Exception:
            # The one place that logs it. Before an answer has begun it becomes a 500; in the midst of one the server
            # cuts the connection, so that nobody takes half an answer for a whole one.
            log.exception("request failed", **_who(scope, trace))
            if not status:
                await _internal_server_error(scope, receive, observe)
            status = SERVER_ERROR
        except BaseException:
            status = SERVER_ERROR  # cancelled: grace is over
            raise
        else:
            if status >= SERVER_ERROR:
                log.warning("answered with an error", status=status, **_who(scope, trace))
        finally:
            duration = perf_counter() - started
            self._activity.requests -= 1
            route = matched(scope, root_path=root_path)
            self._metrics.observe(
                method=scope["method"],
                route=route if route in self._known else UNMATCHED,
                status=status or SERVER_ERROR,
                duration=duration,
                trace_id=trace.trace_id if trace is not None and trace.sampled else None,
            )
            if arrived is not None:
                tracing.incoming.reset(arrived)


def _remember_caller(scope: Scope) -> tracing.Token | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return tracing.incoming.set(tracing.parse(value))
    return None


def _who(scope: Scope, trace: tracing.TraceContext | None) -> dict[str, str]:
    return {"method": scope["method"], "path": scope["path"], **(trace.ids() if trace is not None else {})}


def _last_of_its_connection(message: Message) -> Message:
    """A client that keeps its connection would send the next request into a closing door."""
    return {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}


async def _internal_server_error(scope: Scope, receive: Receive, send: Send) -> None:
    problem = {"type": "about:blank", "title": "Internal Server Error", "status": SERVER_ERROR}
    await JSONResponse(problem, SERVER_ERROR, media_type="application/problem+json")(scope, receive, send)
