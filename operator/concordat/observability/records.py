"""
Names of what the rules record and raise: written by rules, read by dashboards and reports.

``level:metric:operation``, as Prometheus advises; the level is the objective.
"""

from concordat.api.values.promql import duration

TOTAL = "objective:total_events:rate"
BAD = "objective:bad_events:rate"
PERIOD_RATIO = "objective:error_ratio:period"
TARGET = "objective:target:ratio"
BUDGET_REMAINING = "objective:budget_remaining:ratio"


def ratio(window: int) -> str:
    """The error ratio over ``window`` seconds: ``objective:error_ratio:rate5m``."""
    return f"objective:error_ratio:rate{duration(window)}"
