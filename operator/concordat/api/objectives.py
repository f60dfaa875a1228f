"""
Objectives: promises about the requests of a service, or about an operation of a contract.

What can be measured depends on who counts: a latency needs a bucket at its threshold, a route a label of its own. Those
tables are here, because the API server refuses by them; :mod:`concordat.observability.slo.rules.profiles` makes queries of them.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict, StringConstraints

from concordat.api.schema.base import Check, Schema, matching
from concordat.api.values.duration import seconds
from concordat.api.values.scalars import DnsLabel, Duration

Window = Literal["7d", "28d", "30d", "90d"]
Profile = Literal["default", "otel", "otel-native", "istio", "gateway"]


def _seconds(text: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, text.split()))


def _milliseconds(text: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(bound) / 1000 for bound in text.split())


_ENVOY = _milliseconds("0.5 1 5 10 25 50 100 250 500 1000 2500 5000 10000 30000 60000 300000 600000 1800000")
FIXED_BUCKETS: dict[str, tuple[Decimal, ...]] = {
    "otel": _seconds("0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10"),
    "istio": _ENVOY,
    "gateway": _ENVOY,
}
"""
Upper bounds of the buckets, in seconds, by profile; a threshold must be one of them. 200 ms is in nobody's.

``default`` makes a bucket of every threshold, ``otel-native`` measures any. Sources: OpenTelemetry's semantic conventions
for HTTP metrics; Envoy's ``stats_config``, which Istio keeps.
"""
WITHOUT_ROUTES = ("istio", "gateway")
"""Profiles that do not say which route or method a request had."""
OWN_METRICS = ("default", "otel", "otel-native")
"""Profiles that count inside the service, so that Prometheus must read it."""

Target = Annotated[float, Strict(), Field(ge=1, le=99.999, allow_inf_nan=False)]

_STRING = r'"([^"\\\n]|\\.)*"'
_MATCHER = rf" *[a-zA-Z_][a-zA-Z0-9_]* *(=|!=|=~|!~) *{_STRING} *"
_COUNTER = rf"[a-zA-Z_:][a-zA-Z0-9_:]*_(total|count|bucket)({{({_MATCHER}(,{_MATCHER})*)?}})?"
_COUNTER_CHECK = matching(
    _COUNTER,
    'name one counter with its matchers, like http_requests_total{code!~"5.."}: it ends in _total, _count or _bucket;'
    " rate, sum and the windows are added for you",
)
Counter = Annotated[
    str,
    StringConstraints(max_length=1000),
    Check(
        # The pattern holds quotes, so that the usual raw string would end inside it.
        cel=f"self.matches(r'''^(?:{_COUNTER})$''')",
        holds=_COUNTER_CHECK.holds,
        message=_COUNTER_CHECK.message,
    ),
]


class Promise(Schema):
    """What every objective says."""

    name: DnsLabel
    """Name of the objective, in its alerts and dashboards: availability, latency, or your own word."""
    target: Target
    """Percent of the requests of a window that must be good, e.g. `99.9`."""
    window: Window = "30d"
    """Over which time the promise is kept."""
    below: Duration | None = None
    """A request is good when it took no longer, e.g. `200ms`; left out, when it did not fail."""
    minimum_bad_events: Annotated[int, Strict(), Field(ge=1, le=1000)] = 5
    """Fewer bad requests than this in an hour never page; 5 if left out."""

    @property
    def percent(self) -> Decimal:
        """The target, exactly as it was written."""
        return Decimal(str(self.target))

    @property
    def limit(self) -> Decimal | None:
        """``below`` in seconds."""
        return None if self.below is None else seconds(self.below)


_SAYS_HOW_FAST = Check(
    cel="!self.name.startsWith('latency') || has(self.below) || (has(self.good) && has(self.total))",
    holds=lambda one: not one.name.startswith("latency") or bool(one.below or (one.good and one.total)),
    message="a latency needs a threshold: say below which time, e.g. below: 200ms",
    path=".below",
)


class Objective(Promise):
    """A promise about the requests of a service: so many percent of them are good."""

    checks: ClassVar = (
        _SAYS_HOW_FAST,
        Check(
            cel="has(self.good) == has(self.total)",
            holds=lambda one: (one.good is None) == (one.total is None),
            message="a custom objective needs both good and total",
            path=".good",
        ),
        Check(
            cel="!has(self.good) || !(has(self.below) || has(self.route) || has(self.method))",
            holds=lambda one: one.good is None or [one.below, one.route, one.method] == [None] * 3,
            message="good and total say everything: leave below, route and method out",
            path=".good",
        ),
    )

    route: (
        Annotated[
            str,
            StringConstraints(max_length=256),
            matching("/[!-~]*", "give the route as the service's metrics name it, e.g. /orders/{id}"),
        ]
        | None
    ) = None
    """Only requests of this route, as the service's metrics name it, e.g. `/orders/{id}`."""
    method: (
        Annotated[
            str,
            StringConstraints(max_length=16),
            matching("[A-Z]+", "give the HTTP method in capitals, e.g. POST"),
        ]
        | None
    ) = None
    """Only requests of this HTTP method, e.g. `POST`."""
    good: Counter | None = None
    """A counter of good events, where no request is meant; with `total`."""
    total: Counter | None = None
    """A counter of all events."""

    @property
    def is_availability(self) -> bool:
        """It speaks of every request of the service, and only of whether it failed."""
        return [self.below, self.route, self.method, self.good] == [None] * 4


class ContractObjective(Promise):
    """A promise of whoever serves the contract: so many percent of its requests are good."""

    checks: ClassVar = (
        Check(
            cel="!self.name.startsWith('latency') || has(self.below)",
            holds=lambda one: not one.name.startswith("latency") or one.below is not None,
            message=_SAYS_HOW_FAST.message,
            path=".below",
        ),
    )

    operation: (
        Annotated[
            str,
            StringConstraints(max_length=273),
            matching(
                "[A-Z]+ /[!-~]*", "give method and path, as the providers' metrics name them, e.g. POST /payments"
            ),
        ]
        | None
    ) = None
    """Only this operation, by method and path, e.g. `POST /payments`; all of them if left out."""


def written(bound: Decimal) -> str:
    """``200ms``, as people write it in ``below``."""
    return f"{(bound * 1000).normalize():f}ms"


def _all(profile: str, condition: str) -> str:
    """CEL over a spec: with this profile, every objective meets the condition."""
    metrics = "self.telemetry.metrics"
    unsaid = f"!has(self.telemetry) || !has({metrics}) || !has({metrics}.profile)"
    return (
        f"!has(self.objectives) || {unsaid} || {metrics}.profile != '{profile}' || self.objectives.all(o, {condition})"
    )


def _with(profile: str, holds: Callable[[Objective], bool]) -> Callable[[Any], bool]:
    def check(spec: Any) -> bool:
        return spec.telemetry.metrics.profile != profile or all(map(holds, spec.objectives or ()))

    return check


def _first(field: str, holds: Callable[[Objective], bool]) -> Callable[[Any], str]:
    """Where the first objective stands that breaks the condition."""

    def item(spec: Any) -> str:
        return next(f"[{n}].{field}" for n, one in enumerate(spec.objectives) if not holds(one))

    return item


def _has_bucket(profile: str) -> Check:
    buckets = FIXED_BUCKETS[profile]
    durations = ", ".join(f"duration('{written(bound)}')" for bound in buckets)
    shown = ", ".join(map(written, buckets))

    def measured(one: Objective) -> bool:
        return one.limit is None or one.limit in buckets

    return Check(
        cel=_all(profile, f"!has(o.below) || duration(o.below) in [{durations}]"),
        holds=_with(profile, measured),
        message=f"below must be a bucket of the metrics profile {profile}, else it cannot be measured: {shown};"
        " or use the profile default, which makes the bucket, or otel-native, which needs none",
        path=".objectives",
        item=_first("below", measured),
    )


def _knows_routes(profile: str) -> Check:
    def whole(one: Objective) -> bool:
        return one.route is None and one.method is None

    return Check(
        cel=_all(profile, "!has(o.route) && !has(o.method)"),
        holds=_with(profile, whole),
        message=f"the metrics profile {profile} does not say which route or method a request had: leave both out, or use"
        " the profile default or otel",
        path=".objectives",
        item=_first("route", whole),
    )


_READ = "self.telemetry.metrics.profile in ['istio', 'gateway']"
MEASURABLE = (
    *map(_has_bucket, FIXED_BUCKETS),
    *map(_knows_routes, WITHOUT_ROUTES),
    Check(
        cel="!has(self.objectives) || !has(self.telemetry) || !has(self.telemetry.metrics)"
        " || !has(self.telemetry.metrics.enabled) || self.telemetry.metrics.enabled"
        f" || (has(self.telemetry.metrics.profile) && {_READ}) || self.objectives.all(o, has(o.good))",
        holds=lambda spec: (
            spec.telemetry.metrics.enabled
            or spec.telemetry.metrics.profile not in OWN_METRICS
            or all(one.good is not None for one in spec.objectives or ())
        ),
        message="objectives are measured by the service's own metrics: leave telemetry.metrics.enabled out, or use a"
        " profile that counts elsewhere, istio or gateway",
        path=".objectives",
    ),
    Check(
        cel="!has(self.telemetry) || !has(self.telemetry.metrics) || !has(self.telemetry.metrics.profile)"
        " || self.telemetry.metrics.profile != 'gateway' || has(self.routing)",
        holds=lambda spec: spec.telemetry.metrics.profile != "gateway" or spec.routing is not None,
        message="the metrics profile gateway counts at the gateway, and no route leads there: add routing, or use"
        " another profile",
        path=".telemetry.metrics.profile",
    ),
)
"""Of a spec with ``objectives``, ``telemetry.metrics`` and ``routing``: they can be measured."""
