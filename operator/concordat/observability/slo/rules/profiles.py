"""
Metric profiles: under which names a service's requests are counted, by whom, and into which buckets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from concordat.api.objectives import FIXED_BUCKETS
from concordat.api.values.promql import Matcher, equal, like, literal
from concordat.observability.slo.rules.objective import ServiceIdentity


def _seconds(text: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, text.split()))


@dataclass(frozen=True, kw_only=True)
class MetricProfile:
    """The names and labels of one source of metrics."""

    name: str
    requests: str
    """Counter of finished requests."""
    durations: str
    """Histogram of their durations, without ``_bucket``."""
    identity: Callable[[ServiceIdentity], tuple[Matcher, ...]]
    """The matchers that mean "requests to this service"."""
    code: str
    """Label of the response status, matched against the two expressions below."""
    errors: str = "5.."
    ignored: str = "4.."
    """
    The caller's mistakes are neither good nor bad: counted as good, a flood of them would hide real errors.
    """
    route: str | None = None
    method: str | None = None
    durations_carry_code: bool = True
    milliseconds: bool = False
    """Durations are in milliseconds; the field's own libraries disagree."""
    native: bool = False
    """Durations are a native histogram: every threshold can be measured."""
    buckets: tuple[Decimal, ...] = ()
    """Upper bounds of the classic buckets, seconds."""
    buckets_follow_objectives: bool = False
    """The operator hands the thresholds to the service, which makes buckets of them."""

    def status(self, first_digit: int) -> str:
        """A response status as this source writes it: ``500``, or ``5`` where only the class is known."""
        return f"{first_digit}{self.errors[1:].replace('.', '0')}"


def _by_job(service: ServiceIdentity) -> tuple[Matcher, ...]:
    return equal("namespace", service.namespace), equal("job", service.name)


def _by_destination(service: ServiceIdentity) -> tuple[Matcher, ...]:
    """
    The caller's side: a dead destination reports nothing about the requests it missed. Both sides would count twice.
    """
    return (
        equal("reporter", "source"),
        equal("destination_service_namespace", service.namespace),
        equal("destination_service_name", service.name),
    )


def _by_http_route(service: ServiceIdentity) -> tuple[Matcher, ...]:
    """Envoy Gateway names a cluster after the rule of the HTTPRoute that leads to it."""
    return (like("envoy_cluster_name", f"httproute/{literal(service.namespace)}/{literal(service.name)}/rule/.*"),)


DEFAULT = MetricProfile(
    name="default",
    requests="http_server_request_duration_seconds_count",
    durations="http_server_request_duration_seconds",
    identity=_by_job,
    code="http_response_status_code",
    route="http_route",
    method="http_request_method",
    buckets=_seconds("0.005 0.01 0.025 0.05 0.1 0.2 0.25 0.3 0.5 0.75 1 2 2.5 5 10"),
    buckets_follow_objectives=True,
)
"""prometheus_client with OpenTelemetry's names, as our metrics library writes them."""

OTEL = MetricProfile(
    name="otel",
    requests="http_server_request_duration_seconds_count",
    durations="http_server_request_duration_seconds",
    identity=_by_job,
    code="http_response_status_code",
    route="http_route",
    method="http_request_method",
    buckets=FIXED_BUCKETS["otel"],
)
"""OpenTelemetry's stable HTTP semantic conventions with their advised buckets: 0.2 is not among them."""

OTEL_NATIVE = MetricProfile(
    name="otel-native",
    requests="http_server_request_duration_seconds",
    durations="http_server_request_duration_seconds",
    identity=_by_job,
    code="http_response_status_code",
    route="http_route",
    method="http_request_method",
    native=True,
)
"""The same as a native (exponential) histogram."""

ISTIO = MetricProfile(
    name="istio",
    requests="istio_requests_total",
    durations="istio_request_duration_milliseconds",
    identity=_by_destination,
    code="response_code",
    milliseconds=True,
    buckets=FIXED_BUCKETS["istio"],
)
"""Istio's standard metrics, from the sidecars or the gateway."""

GATEWAY = MetricProfile(
    name="gateway",
    requests="envoy_cluster_upstream_rq_xx",
    durations="envoy_cluster_upstream_rq_time",
    identity=_by_http_route,
    code="envoy_response_code_class",
    errors="5",
    ignored="4",
    durations_carry_code=False,
    milliseconds=True,
    buckets=FIXED_BUCKETS["gateway"],
)
"""Envoy's cluster statistics, as Envoy Gateway exposes them; durations include its retries and have no status."""

PROFILES = {profile.name: profile for profile in (DEFAULT, OTEL, OTEL_NATIVE, ISTIO, GATEWAY)}
