"""
The default metric profile: OpenTelemetry's names in Prometheus' spelling.

Two things are easily forgotten and make an objective unmeasurable. A latency threshold that is no bucket cannot be
counted. A series born with its first error has no increase in the scrape that brings it: the error that matters most is
the one ``rate()`` does not see. So thresholds become buckets, and every route's series exist before the first request.
"""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, GCCollector, Histogram, Info, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics import disable_created_metrics
from prometheus_client.registry import Collector

from concordat_servicekit.routes import RouteTemplate

REQUEST_DURATION = "http_server_request_duration_seconds"
ACTIVE_REQUESTS = "http_server_active_requests"
BUILD = "app_build"

LABELS = ("http_request_method", "http_route", "http_response_status_code")

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds, as OpenTelemetry advises: semantic conventions, HTTP metrics, ``http.server.request.duration``."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
OTHER_METHOD = "_OTHER"
"""OpenTelemetry's name for a method not in the list, so that a client cannot invent series."""

SERVER_ERROR = 500

Observe = Callable[[float, dict[str, str] | None], None]


class HttpMetrics:
    """The series of one service, in a registry of their own."""

    def __init__(self, *, version: str, revision: str, buckets: Iterable[float], active: Callable[[], int]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # Prometheus would keep them as series of their own
        self.registry = CollectorRegistry()
        self._duration = Histogram(
            REQUEST_DURATION,
            "Seconds from the request's arrival to the end of its answer.",
            LABELS,
            registry=self.registry,
            buckets=sorted({*DEFAULT_BUCKETS, *buckets}),
        )
        self._observers: dict[tuple[str, str, int], Observe] = {}
        Info(BUILD, "What is running.", registry=self.registry).info({"version": version, "revision": revision})
        self.registry.register(_ActiveRequests(active))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)

    def initialise(self, routes: Iterable[RouteTemplate]) -> None:
        """Let the series of success and failure exist at 0 for each route and method."""
        for route in routes:
            for method in route.methods:
                for status in (route.success, SERVER_ERROR):
                    self._observer(method, route.path, status)

    def observe(self, *, method: str, route: str, status: int, duration: float, trace_id: str | None) -> None:
        """Count a finished request. ``trace_id`` of a sampled trace becomes the bucket's exemplar."""
        observer = self._observers.get((method, route, status)) or self._observer(method, route, status)
        observer(duration, {"trace_id": trace_id} if trace_id else None)

    def _observer(self, method: str, route: str, status: int) -> Observe:
        known = method if method in METHODS else OTHER_METHOD
        observer: Observe = self._duration.labels(known, route, str(status)).observe
        if known == method:  # the cache may grow by nothing a client sends
            self._observers[method, route, status] = observer
        return observer


class _ActiveRequests(Collector):
    """Read when scraped, so that counting costs a request no lock."""

    def __init__(self, active: Callable[[], int]) -> None:
        self._active = active

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily(ACTIVE_REQUESTS, "Requests being answered right now.", value=self._active())
