"""
``python -m tests.dashboards.generate``: write ``dashboards/fleet.json`` and ``dashboards/operator.json``.
"""

from pathlib import Path

from concordat.dashboards.delivery import as_json
from concordat.dashboards.fleet import fleet_dashboard
from concordat.dashboards.operator import operator_dashboard

FOLDER = Path(__file__).parents[2] / "dashboards"

if __name__ == "__main__":
    for name, dashboard in (("fleet", fleet_dashboard()), ("operator", operator_dashboard())):
        (FOLDER / f"{name}.json").write_text(as_json(dashboard))
        print(f"wrote dashboards/{name}.json")
