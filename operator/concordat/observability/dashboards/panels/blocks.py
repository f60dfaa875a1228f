"""
Panels more than one dashboard shows.
"""

from concordat.api.values.promql import DAY, HOUR, MINUTE, Matcher, Selector, duration
from concordat.observability.dashboards.model import GREEN, RED, YELLOW, Panel, Query
from concordat.observability.records import BUDGET_REMAINING, TARGET, ratio

BURN_WINDOWS = (5 * MINUTE, HOUR, 6 * HOUR, DAY)
BUDGET_STEPS = ((0.0, YELLOW), (0.25, GREEN))
BURN_STEPS = ((1.0, YELLOW), (6.0, "orange"), (14.4, RED))
"""The tiers' burn rates."""


def stat(
    title: str, description: str, expr: str, unit: str, *, width: int = 3, legend: str = "", **more: object
) -> Panel:
    """One number, or one for each ``legend``."""
    return Panel(
        kind="stat",
        title=title,
        description=description,
        queries=(Query(expr=expr, legend=legend),),
        unit=unit,
        width=width,
        height=4,
        **more,  # type: ignore[arg-type]
    )


def budget_remaining(matchers: tuple[Matcher, ...], *, width: int = 12, legend: str = "{{slo}}") -> Panel:
    """The burn-down."""
    return Panel(
        title="Error budget left",
        description="Share of each objective's budget that is left in its window. Below zero the promise is broken.",
        queries=(Query(expr=str(Selector(metric=BUDGET_REMAINING, matchers=matchers)), legend=legend),),
        unit="percentunit",
        width=width,
        most=1,
        base=RED,
        thresholds=BUDGET_STEPS,
        custom={"fillOpacity": 10, "thresholdsStyle": {"mode": "line"}},
    )


def burn_rates(matchers: tuple[Matcher, ...], slo: Matcher, *, width: int = 12) -> Panel:
    """How fast one objective's budget goes, by window."""
    target = Selector(metric=TARGET, matchers=(*matchers, slo))
    return Panel(
        title=f"Burn rate: {slo.value}" if slo.op == "=" else "Burn rate",
        description="1 uses exactly the budget. Alerts: 14.4 over 1h and 6 over 6h page; 3 over 1d and 1 over 3d make tickets.",
        queries=tuple(
            Query(
                expr=f"{Selector(metric=ratio(window), matchers=(*matchers, slo))}"
                f" / on (namespace, service, slo) (1 - {target})",
                legend=duration(window),
            )
            for window in BURN_WINDOWS
        ),
        width=width,
        least=0,
        thresholds=BURN_STEPS,
        custom={"thresholdsStyle": {"mode": "dashed"}, "lineWidth": 2},
    )
