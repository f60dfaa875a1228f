"""
What became of the promises: read from what the rules have recorded, judged here.

Nothing here asks anybody: :data:`QUERIES` says what to ask of Prometheus, :func:`report` reads its answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

from concordat.api.values.promql import HOUR, MINUTE, Matcher, Selector, duration, equal
from concordat.observability.records import BUDGET_REMAINING, PERIOD_RATIO, TARGET, ratio
from concordat.observability.slo.rules.windows import PERIODS

Answer = Sequence[Mapping[str, Any]]
"""The ``result`` of an instant query: ``[{"metric": {...}, "value": [time, "text"]}]``."""

BURN_WINDOWS = (5 * MINUTE, HOUR, 6 * HOUR)
"""What happens now, what pages, what will last; seconds."""
DURATIONS = "http_server_request_duration_seconds_bucket"
"""Routes are known to the profiles ``default`` and ``otel`` only: others do not count by them."""
SLOWEST = 5

_IDENTITY = ("namespace", "service", "slo")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One objective, as it stands."""

    namespace: str
    service: str
    slo: str
    team: str
    tier: str
    window: str
    """A key of :data:`concordat.observability.slo.rules.windows.PERIODS`."""
    target: float
    """Share of good events that is promised: 0.999."""
    error_ratio: float | None
    """Share of bad events over the whole window; None while nothing was measured."""
    budget_remaining: float | None
    """Share of the budget that is left; below zero the promise is broken."""
    burn_rates: Mapping[str, float | None]
    """By window: 1 uses exactly the budget."""
    alerts: tuple[str, ...]
    """Names of its alerts that fire now."""

    @property
    def lasts(self) -> float | None:
        """Seconds until the budget is gone at the pace of the longest burn window; None: never, or it is gone."""
        pace = self.burn_rates[duration(BURN_WINDOWS[-1])]
        if not pace or not self.budget_remaining or self.budget_remaining <= 0 or self.window not in PERIODS:
            return None
        return self.budget_remaining * PERIODS[self.window] / pace


@dataclass(frozen=True, kw_only=True)
class SlowRoute:
    """One route of one service."""

    namespace: str
    service: str
    route: str
    p99: float
    """Seconds."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Objectives with the least budget first; the slowest routes first."""

    standings: tuple[Standing, ...]
    routes: tuple[SlowRoute, ...]


def queries(*, namespace: str = "", service: str = "", over: int = HOUR) -> dict[str, str]:
    """What to ask, by a name :func:`report` knows; of everything, or of one namespace or service. ``over`` in seconds."""
    own = [equal("namespace", namespace)] if namespace else []
    of = (*own, *([equal("service", service)] if service else []))
    job = (*own, *([equal("job", service)] if service else []))
    slowest = (
        f"topk({SLOWEST}, histogram_quantile(0.99, sum by (namespace, job, http_route, le)"
        f" (rate({Selector(metric=DURATIONS, matchers=job).over(over)}))) > 0)"
    )
    records = (TARGET, PERIOD_RATIO, BUDGET_REMAINING, *map(ratio, BURN_WINDOWS))
    return {
        **{record: str(Selector(metric=record, matchers=of)) for record in records},
        "alerts": str(Selector(metric="ALERTS", matchers=(*of, equal("alertstate", "firing"), _OF_OBJECTIVES))),
        "routes": slowest,
    }


_OF_OBJECTIVES = Matcher(label="slo", op="!=", value="")


def budget_history(*, namespace: str = "", service: str = "") -> str:
    """The query behind the chart."""
    wanted = (("namespace", namespace), ("service", service))
    return str(Selector(metric=BUDGET_REMAINING, matchers=tuple(equal(*each) for each in wanted if each[1])))


def report(answers: Mapping[str, Answer]) -> Report:
    """From the answers to :func:`queries`, by the same names."""
    records = {record: _by_identity(answers[record]) for record in (PERIOD_RATIO, BUDGET_REMAINING)}
    burning = {window: _by_identity(answers[ratio(window)]) for window in BURN_WINDOWS}
    firing: dict[tuple[str, ...], list[str]] = {}
    for series in answers["alerts"]:
        firing.setdefault(_identity(series), []).append(series["metric"]["alertname"])
    standings = []
    for series in answers[TARGET]:
        metric, identity, target = series["metric"], _identity(series), _value(series)
        standings.append(
            Standing(
                **dict(zip(_IDENTITY, identity, strict=True)),
                **{label: metric.get(label, "") for label in ("team", "tier", "window")},
                target=target,
                error_ratio=records[PERIOD_RATIO].get(identity),
                budget_remaining=records[BUDGET_REMAINING].get(identity),
                burn_rates={
                    duration(window): _divided(found.get(identity), 1 - target) for window, found in burning.items()
                },
                alerts=tuple(sorted(firing.get(identity, ()))),
            )
        )
    return Report(standings=tuple(sorted(standings, key=_danger)), routes=tuple(_routes(answers["routes"])))


def _danger(standing: Standing) -> tuple[bool, float, tuple[str, ...]]:
    """Least budget first, unmeasured last."""
    left = standing.budget_remaining
    return left is None, left or 0.0, (standing.namespace, standing.service, standing.slo)


def _routes(answer: Answer) -> Iterable[SlowRoute]:
    found = [
        SlowRoute(
            namespace=series["metric"].get("namespace", ""),
            service=series["metric"].get("job", ""),
            route=series["metric"].get("http_route", ""),
            p99=_value(series),
        )
        for series in answer
        if isfinite(_value(series))
    ]
    return sorted(found, key=lambda route: -route.p99)


def _by_identity(answer: Answer) -> dict[tuple[str, ...], float]:
    return {_identity(series): _value(series) for series in answer if not isnan(_value(series))}


def _identity(series: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(series["metric"].get(label, "") for label in _IDENTITY)


def _value(series: Mapping[str, Any]) -> float:
    return float(series["value"][1])


def _divided(value: float | None, by: float) -> float | None:
    return None if value is None or not by else value / by
