"""
The figures of the dashboards: ``python -m tests.figures observability``.
"""

from collections.abc import Iterator
from typing import Any

from concordat.observability.dashboards.delivery import compact
from tests.dashboards.examples import every

Figure = dict[str, Any]


def sizes() -> Iterator[Figure]:
    """The largest dashboard there can be: a service with everything, in its heaviest metrics profile."""
    queries = max(dashboard.queries for dashboard in every().values())
    kilobytes = max(len(compact(dashboard)) for dashboard in every().values()) / 1000
    yield {"figure": "queries_max", "value": queries, "unit": "queries", "goal": "<= 40", "holds": queries <= 40}
    yield {
        "figure": "dashboard_kb_max",
        "value": round(kilobytes, 1),
        "unit": "kB",
        "goal": "<= 200",
        "holds": kilobytes <= 200,
    }


FIGURES = (sizes,)
