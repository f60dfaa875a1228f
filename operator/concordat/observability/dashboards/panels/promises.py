"""
What a service promises: is the promise kept, and for how long.
"""

from collections.abc import Sequence

from concordat.api.values.promql import HOUR, Matcher, Selector, equal
from concordat.observability.dashboards.model import GREEN, RED, YELLOW, Panel, Query
from concordat.observability.dashboards.panels.blocks import BUDGET_STEPS, BURN_STEPS, budget_remaining, stat
from concordat.observability.dashboards.subject import Promise
from concordat.observability.records import BUDGET_REMAINING, TARGET, ratio


def promise_stats(promises: Sequence[Promise], promised: tuple[Matcher, ...]) -> tuple[Panel, ...]:
    """Three numbers: what is left, how fast it goes, how long it lasts."""
    remaining = Selector(metric=BUDGET_REMAINING, matchers=promised)
    target = Selector(metric=TARGET, matchers=promised)
    burn = f"{Selector(metric=ratio(HOUR), matchers=promised)} / on (namespace, service, slo) (1 - {target})"
    tightest = max(promises, key=lambda promise: promise.target)
    slo = equal("slo", tightest.name)
    left = Selector(metric=BUDGET_REMAINING, matchers=(*promised, slo))
    slow = Selector(metric=ratio(6 * HOUR), matchers=(*promised, slo))
    allowed = f"(1 - {Selector(metric=TARGET, matchers=(*promised, slo))})"
    return (
        stat(
            "Budget left",
            "The objective that has least of its error budget left.",
            f"min({remaining})",
            "percentunit",
            base=RED,
            thresholds=BUDGET_STEPS,
        ),
        stat(
            "Burn rate, 1h",
            "1 uses exactly the budget; above 14.4 somebody is paged.",
            f"max({burn})",
            "short",
            decimals=1,
            thresholds=BURN_STEPS,
        ),
        stat(
            "Budget lasts",
            f"Until the budget of {tightest.name} is gone, at the rate of the last 6 hours; at most its window.",
            f"clamp_max(min({left} * {tightest.window} / on (namespace, service, slo)"
            f" ({slow} / on (namespace, service, slo) {allowed})), {tightest.window})",
            "s",
            base=RED,
            thresholds=((86_400.0, YELLOW), (604_800.0, GREEN)),
        ),
    )


def budget(promised: tuple[Matcher, ...]) -> tuple[Panel, ...]:
    """The burn-down, and how fast it burns."""
    target = Selector(metric=TARGET, matchers=promised)
    return (
        budget_remaining(promised),
        Panel(
            title="Burn rate",
            description="1 uses exactly the budget. Over 14.4 for 1h or 6 for 6h somebody is paged.",
            queries=tuple(
                Query(
                    expr=f"{Selector(metric=ratio(window), matchers=promised)}"
                    f" / on (namespace, service, slo) (1 - {target})",
                    legend=f"{{{{slo}}}}, {window // HOUR}h",
                )
                for window in (HOUR, 6 * HOUR)
            ),
            width=12,
            least=0,
            thresholds=BURN_STEPS,
            custom={"thresholdsStyle": {"mode": "dashed"}},
        ),
    )
