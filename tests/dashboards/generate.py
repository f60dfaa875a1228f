"""
``python -m tests.dashboards.generate``: write ``dashboards/`` from the code.
"""

from collections.abc import Callable
from pathlib import Path

from concordat.dashboards.delivery import as_json
from concordat.dashboards.fleet import fleet_dashboard
from concordat.dashboards.operator import operator_dashboard

ROOT = Path(__file__).parents[2]

GENERATED: dict[str, Callable[[], str]] = {
    "dashboards/fleet.json": lambda: as_json(fleet_dashboard()),
    "dashboards/operator.json": lambda: as_json(operator_dashboard()),
}
"""File -> what it holds."""

if __name__ == "__main__":
    for file, content in GENERATED.items():
        (ROOT / file).write_text(content())
        print(f"wrote {file}")
