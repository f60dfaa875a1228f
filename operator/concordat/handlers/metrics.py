"""
Prometheus metrics, with controller-runtime's names where they exist, so that existing dashboards and alerts fit.
"""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from concordat.manifest import conventions
from concordat.reconcile.engine import Engine

CONTROLLER = conventions.MICROSERVICE.lower()

_WORKQUEUE_BUCKETS = (0.001, 0.01, 0.1, 1, 10, 100)
_ADMISSION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_LAG_BUCKETS = (0.001, 0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 5)
_RECONCILE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


_KINDS = frozenset({conventions.MICROSERVICE, conventions.SERVICE_CONTRACT})
_OPERATIONS = frozenset({"CREATE", "UPDATE", "DELETE"})
_OTHER = "other"


class Metrics:
    """Everything that is counted while it happens. What can be looked up instead is in :class:`Looked`."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a third of the samples, and nobody asks for them
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        name = {"name": CONTROLLER}
        self._adds = self._counter("workqueue_adds", "Keys added to the queue.", "name").labels(**name)
        self._retries = self._counter("workqueue_retries", "Keys added again after a failure.", "name").labels(**name)
        self._waited = self._histogram(
            "workqueue_queue_duration_seconds", "Seconds a key waits.", _WORKQUEUE_BUCKETS, "name"
        ).labels(**name)
        self._worked = self._histogram(
            "workqueue_work_duration_seconds", "Seconds a key is worked on.", _WORKQUEUE_BUCKETS, "name"
        ).labels(**name)
        self._reconciled = self._counter(
            "controller_runtime_reconcile", "Passes by what came of them.", "controller", "result"
        )
        self._reconcile_errors = self._counter(
            "controller_runtime_reconcile_errors", "Passes that failed.", "controller"
        ).labels(controller=CONTROLLER)
        self._reconcile_seconds = self._histogram(
            "controller_runtime_reconcile_time_seconds", "Seconds a pass takes.", _RECONCILE_BUCKETS, "controller"
        ).labels(controller=CONTROLLER)
        self._active = Gauge(
            "controller_runtime_active_workers",
            "Workers that are busy.",
            ("controller",),
            registry=self.registry,
        ).labels(controller=CONTROLLER)
        self._requests = self._counter("rest_client_requests", "Requests to the API server.", "code", "method", "host")
        self.loop_lag = self._histogram(
            "concordat_event_loop_lag_seconds", "Seconds the event loop was late.", _LAG_BUCKETS
        )
        self._reviews = self._counter(
            "concordat_admission_reviews", "Answers of the webhook.", "kind", "operation", "answer"
        )
        self._review_seconds = self._histogram(
            "concordat_admission_seconds", "Seconds an answer of the webhook takes.", _ADMISSION_BUCKETS, "kind"
        )
        for result in ("success", "error", "requeue", "requeue_after"):
            self._reconciled.labels(controller=CONTROLLER, result=result)

    # --- the work queue's observer ------------------------------------------------------------------------------------

    def added(self) -> None:
        self._adds.inc()

    def retried(self) -> None:
        self._retries.inc()

    def waited(self, seconds: float) -> None:
        self._waited.observe(seconds)

    def worked(self, seconds: float) -> None:
        self._worked.observe(seconds)

    # --- the engine's watcher -----------------------------------------------------------------------------------------

    def reconciled(self, result: str, seconds: float) -> None:
        self._reconciled.labels(controller=CONTROLLER, result=result).inc()
        self._reconcile_seconds.observe(seconds)
        if result == "error":
            self._reconcile_errors.inc()

    def working(self, change: int) -> None:
        self._active.inc(change)

    # --- the client's observer ----------------------------------------------------------------------------------------

    def requested(self, host: str, method: str, status: int) -> None:
        self._requests.labels(code=str(status) if status else "<error>", method=method, host=host).inc()

    # --- the webhook's observer ---------------------------------------------------------------------------------------

    def reviewed(self, kind: str, operation: str, answer: str, seconds: float) -> None:
        """``kind`` and ``operation`` are words of the question, and a series of its own for each would stay for good."""
        kind = kind if kind in _KINDS else _OTHER
        operation = operation if operation in _OPERATIONS else _OTHER
        self._reviews.labels(kind=kind, operation=operation, answer=answer).inc()
        self._review_seconds.labels(kind=kind).observe(seconds)

    # --- construction -------------------------------------------------------------------------------------------------

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)


class Looked(Collector):
    """What is looked up when somebody scrapes."""

    def __init__(self, engine: Engine, leading: "Leading") -> None:
        self._engine = engine
        self._leading = leading

    def collect(self) -> Iterator[Metric]:
        engine = self._engine
        waiting = len(engine.queue) if self._leading() else 0  # a standby works on none
        yield _gauge("workqueue_depth", "Keys that wait.", ("name",), {(CONTROLLER,): waiting})
        yield _gauge(
            "workqueue_longest_running_processor_seconds",
            "Seconds the longest-held key has been held.",
            ("name",),
            {(CONTROLLER,): engine.queue.longest_running()},
        )
        yield _gauge(
            "controller_runtime_max_concurrent_reconciles",
            "Workers there are.",
            ("controller",),
            {(CONTROLLER,): engine.settings.at_once},
        )
        yield _gauge(
            "leader_election_master_status",
            "Whether this operator leads.",
            ("name",),
            {(self._leading.name,): float(self._leading())},
        )
        yield _gauge(
            "concordat_microservices",
            "Microservices by their Ready condition.",
            ("ready", "reason"),
            engine.census.readiness(),
        )
        yield _gauge(
            "concordat_contracts",
            "ServiceContracts by condition and its status.",
            ("condition", "status"),
            engine.census.contracts_by_condition(),
        )
        yield _gauge(
            "concordat_contract_failing",
            "Conditions of ServiceContracts that are False, but for those somebody paused.",
            ("contract", "team", "condition", "reason"),
            engine.census.contracts_failing(),
        )
        yield _gauge(
            "concordat_break_glass",
            "Lets breaks through, by what carries the annotation.",
            ("kind",),
            engine.census.broken_glass(),
        )
        yield _gauge(
            "concordat_paused", "Hands off, by what carries the annotation.", ("kind",), engine.census.paused()
        )
        yield _gauge(
            "concordat_conflicts", "Microservices that want a stranger's name.", (), {(): engine.census.conflicts()}
        )
        yield _gauge("concordat_cache_objects", "Objects in the caches.", ("kind",), engine.census.cached())
        yield _gauge(
            "concordat_watch_age_seconds",
            "Seconds since the API server last said anything about a kind.",
            ("kind", "namespace"),
            {where: informer.age() for where, informer in engine.watched()},
        )
        yield _gauge(
            "concordat_lists",
            "Full lists of a kind since the start; more than one means that history was lost.",
            ("kind", "namespace"),
            {where: informer.lists for where, informer in engine.watched()},
        )


class Leading:
    """Whether we lead; without an election always."""

    def __init__(self, name: str = "") -> None:
        self.name = name or "none"
        self.value = False

    def __call__(self) -> bool:
        return self.value


def _gauge(name: str, text: str, labels: tuple[str, ...], samples: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for where, value in samples.items():
        family.add_metric(where, value)
    return family
