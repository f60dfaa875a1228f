"""
The rules of an availability objective in the layout of Sloth 0.16: what everybody compares with.

Seventeen rules: the error ratio of seven windows, each from the raw series; the period as the average of the recorded
five-minute ratios; seven rules of metadata; two alerts. The service, its series and its objective are those of
``concordat.observability.slo``; only the layout is another.
"""

from typing import Any

from concordat.api.values.promql import Selector, duration, equal, number
from concordat.observability.slo.rules.indicators import BadCounter
from concordat.observability.slo.rules.recording import Measured
from concordat.observability.slo.rules.windows import PAGE_FAST, PAGE_SLOW, TICKET_FAST, TICKET_SLOW, TIERS, Tier

RATIO = "slo:sli_error:ratio_rate"


def groups(measured: Measured, *, interval: str) -> list[dict[str, Any]]:
    """Its three groups."""
    service = measured.of.service
    name = f"{service.namespace}-{service.name}-{measured.objective.name}"
    return [
        {"name": f"sloth-slo-sli-recordings-{name}", "interval": interval, "rules": _ratios(measured)},
        {"name": f"sloth-slo-meta-recordings-{name}", "interval": interval, "rules": _metadata(measured)},
        {"name": f"sloth-slo-alerts-{name}", "interval": interval, "rules": _alerts(measured)},
    ]


def _identity(measured: Measured) -> dict[str, str]:
    service = measured.of.service
    identity = f"{service.namespace}-{service.name}-{measured.objective.name}"
    return {"sloth_id": identity, "sloth_service": service.name, "sloth_slo": measured.objective.name}


def _own(measured: Measured, metric: str) -> Selector:
    return Selector(metric=metric, matchers=tuple(equal(*pair) for pair in _identity(measured).items()))


def _ratios(measured: Measured) -> list[dict[str, Any]]:
    ask = measured.indicator
    assert isinstance(ask, BadCounter)
    windows = sorted({window for tier in TIERS for window in (tier.short, tier.long)})
    period = _own(measured, f"{RATIO}5m").over(measured.objective.period)
    return [
        *(
            _record(
                measured,
                f"{RATIO}{duration(window)}",
                f"(sum(rate({ask.bad_events.over(window)}))) / (sum(rate({ask.events.over(window)})))",
                sloth_window=duration(window),
            )
            for window in windows
        ),
        _record(
            measured,
            f"{RATIO}{measured.objective.window}",
            f"sum_over_time({period}) / ignoring (sloth_window) count_over_time({period})",
            sloth_window=measured.objective.window,
        ),
    ]


def _metadata(measured: Measured) -> list[dict[str, Any]]:
    target = number(measured.objective.target / 100)
    on = "on (sloth_id, sloth_slo, sloth_service) group_left"
    budget = _own(measured, "slo:error_budget:ratio")
    return [
        _record(measured, "slo:objective:ratio", f"vector({target})"),
        _record(measured, "slo:error_budget:ratio", f"vector(1 - {target})"),
        _record(measured, "slo:time_period:days", f"vector({measured.objective.period // 86_400})"),
        _record(measured, "slo:current_burn_rate:ratio", f"{_own(measured, f'{RATIO}5m')} / {on} {budget}"),
        _record(
            measured,
            "slo:period_burn_rate:ratio",
            f"{_own(measured, f'{RATIO}{measured.objective.window}')} / {on} {budget}",
        ),
        _record(
            measured,
            "slo:period_error_budget_remaining:ratio",
            f"1 - {_own(measured, 'slo:period_burn_rate:ratio')}",
        ),
        _record(measured, "sloth_slo_info", "vector(1)"),
    ]


def _alerts(measured: Measured) -> list[dict[str, Any]]:
    def burns(tier: Tier) -> str:
        threshold = number(tier.threshold(measured.objective.budget))
        short, long = (_own(measured, f"{RATIO}{duration(window)}") for window in (tier.short, tier.long))
        return (
            f"(max({short} > {threshold}) without (sloth_window) and max({long} > {threshold}) without (sloth_window))"
        )

    return [
        {"alert": "SlothBurn", "expr": f"{burns(fast)} or {burns(slow)}", "labels": {"sloth_severity": severity}}
        for severity, fast, slow in (("page", PAGE_FAST, PAGE_SLOW), ("ticket", TICKET_FAST, TICKET_SLOW))
    ]


def _record(measured: Measured, name: str, expr: str, **labels: str) -> dict[str, Any]:
    return {"record": name, "expr": expr, "labels": {**_identity(measured), **labels}}
