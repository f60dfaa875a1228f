"""
Calls to other services, measured as OpenTelemetry names them: what a dashboard shows of a dependency, and what a contract's
dashboard shows of a consumer. Needs httpx: ``concordat-servicekit[client]``.
"""

from time import perf_counter

import httpx
from prometheus_client import CollectorRegistry, Histogram

from concordat_servicekit import tracing
from concordat_servicekit.metrics import DEFAULT_BUCKETS

CALL_DURATION = "http_client_request_duration_seconds"
LABELS = ("http_request_method", "server_address", "http_response_status_code")

NO_ANSWER = ""
"""The status of a call that got none: refused, cut off, too late."""

INITIAL = (("GET", "200"), ("GET", "500"), ("GET", NO_ANSWER))
"""Series that exist from the first client on: a failure must not be the birth of its own series."""


class Calls:
    """The series of one service's calls."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._duration = Histogram(
            CALL_DURATION,
            "Seconds from the call to the head of its answer.",
            LABELS,
            registry=registry,
            buckets=DEFAULT_BUCKETS,
        )

    def measured(self, transport: httpx.AsyncBaseTransport, address: str) -> "MeasuredTransport":
        """``transport`` with a clock; ``address`` is the host of whom it calls most."""
        for method, status in INITIAL:
            self._duration.labels(method, address, status)
        return MeasuredTransport(transport, self._duration)


class MeasuredTransport(httpx.AsyncBaseTransport):
    """Times every call, and hands the current trace on where no instrumentation of httpx has done so."""

    def __init__(self, transport: httpx.AsyncBaseTransport, duration: Histogram) -> None:
        self._transport = transport
        self._duration = duration

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        context = tracing.current()
        if context is not None:
            request.headers.setdefault("traceparent", context.traceparent())
        address, status, started = request.url.host, NO_ANSWER, perf_counter()
        try:
            response = await self._transport.handle_async_request(request)
            status = str(response.status_code)
            return response
        finally:
            exemplar = {"trace_id": context.trace_id} if context is not None and context.sampled else None
            self._duration.labels(request.method, address, status).observe(perf_counter() - started, exemplar)

    async def aclose(self) -> None:
        await self._transport.aclose()
