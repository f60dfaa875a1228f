"""
What is made from the code: ``dashboards/``; ``make generated`` writes it.
"""

from collections.abc import Callable

from concordat.observability.dashboards.delivery import as_json
from concordat.observability.dashboards.fleet import fleet_dashboard
from concordat.observability.dashboards.operator import operator_dashboard

GENERATED: dict[str, Callable[[], str]] = {
    "dashboards/fleet.json": lambda: as_json(fleet_dashboard()),
    "dashboards/operator.json": lambda: as_json(operator_dashboard()),
}
"""File -> what it holds."""
