"""
Windows and burn rates as data.

Source: *The Site Reliability Workbook* (Google, O'Reilly 2018), chapter 5 "Alerting on SLOs", section 6 "Multiwindow,
Multi-Burn-Rate Alerts", table 5-8: 1h/5m at 14.4, 6h/30m at 6, 3d/6h at 1. The pair 1d/2h at 3 is the kubernetes-mixin's.

The burn rates do not change with the objective's window: they say how fast a budget goes, so the same trouble pages
as soon for a budget of 7 days as for one of 90. What changes is the share of the budget gone by then
(:meth:`Tier.budget_share`).
"""

from dataclasses import dataclass
from decimal import Decimal

from concordat.api.values.promql import DAY, HOUR, MINUTE

BASE_SCRAPES = 3
"""
The base window in scrape intervals: the shortest over which ``rate`` survives a failed scrape.

Measured at a scrape every 30 s: with 4 intervals a total outage makes a ticket after 5.5 minutes, with 3 after 5; base
windows of 5m, as others record, also bring the slow page 3 minutes later.
"""

PERIODS = {"7d": 7 * DAY, "28d": 28 * DAY, "30d": 30 * DAY, "90d": 90 * DAY}
"""Windows an objective may have, in seconds."""

PERIOD_INTERVAL = 2 * MINUTE
"""How often the ratio of the whole period is evaluated, seconds; less than half of Prometheus' lookback of 5m."""


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One pair of windows, and whom it wakes."""

    name: str
    alert: str
    severity: str
    short: int
    """Seconds; how soon the alert resets."""
    long: int
    """Seconds; with the burn rate, how soon it fires."""
    burn_rate: Decimal
    minimum: int
    """
    Multiple of the objective's ``minimum_bad_events`` that the long window must hold.

    With the default of 5 events, Poisson noise at half the budget reaches these gates less than once in ten years,
    at any traffic; with the 3 events often advised it pages up to 0.8 times a month.
    """

    def threshold(self, budget: Decimal) -> Decimal:
        """
        Error ratio above which the tier fires.

        ``burn_rate * budget`` could reach 1 for targets under 93 %: such an alert never fires. It is capped half way
        between the budget and everything failing, above the one and below the other for every target.
        """
        return min(self.burn_rate * budget, (1 + budget) / 2)

    def budget_share(self, period: int) -> Decimal:
        """Share of the budget of ``period`` seconds that is gone when the tier fires: 0.02 for 14.4 over 1h of 30d."""
        return self.burn_rate * self.long / period


PAGE_FAST = Tier(
    name="page-fast",
    alert="ErrorBudgetFastBurnPage",
    severity="critical",
    short=5 * MINUTE,
    long=HOUR,
    burn_rate=Decimal("14.4"),
    minimum=1,
)
PAGE_SLOW = Tier(
    name="page-slow",
    alert="ErrorBudgetSlowBurnPage",
    severity="critical",
    short=30 * MINUTE,
    long=6 * HOUR,
    burn_rate=Decimal(6),
    minimum=2,
)
TICKET_FAST = Tier(
    name="ticket-fast",
    alert="ErrorBudgetFastBurnTicket",
    severity="warning",
    short=2 * HOUR,
    long=DAY,
    burn_rate=Decimal(3),
    minimum=2,
)
TICKET_SLOW = Tier(
    name="ticket-slow",
    alert="ErrorBudgetSlowBurnTicket",
    severity="warning",
    short=6 * HOUR,
    long=3 * DAY,
    burn_rate=Decimal(1),
    minimum=2,
)

TIERS = (PAGE_FAST, PAGE_SLOW, TICKET_FAST, TICKET_SLOW)
RAW_WINDOWS = (PAGE_FAST.short, PAGE_FAST.long)
"""Read from the service's own series, so that the fast page is as fast as arithmetic allows; seconds."""
DERIVED_WINDOWS = tuple(sorted({w for tier in TIERS for w in (tier.short, tier.long)} - set(RAW_WINDOWS)))
"""Computed from the base records; seconds."""
SLOW_WINDOWS = tuple(
    window
    for window in DERIVED_WINDOWS
    if not any(window in (tier.short, tier.long) for tier in TIERS if tier.severity == "critical")
)
"""Only tickets read them: they are evaluated half as often, which halves what the longest windows cost."""
