"""
The operator's own dashboard. That the operator exposes what it asks for is seen in ``tests/e2e``.
"""

from collections.abc import Iterator

import promql_parser
import pytest

from tests.chart.helm import DASHBOARD, dashboard_queries


@pytest.mark.parametrize("query", dashboard_queries().values(), ids=dashboard_queries())
def test_every_query_is_promql(query: str) -> None:
    """Grafana would show the mistake, but only to whoever opens the panel."""
    promql_parser.parse(query)


def test_panels_do_not_overlap_and_say_what_they_mean() -> None:
    """Each has a description, an id of its own and a place of its own."""
    cells = [cell for panel in DASHBOARD["panels"] for cell in _cells(panel["gridPos"])]

    assert len(cells) == len(set(cells))
    assert all(panel["description"] for panel in DASHBOARD["panels"])
    assert len(DASHBOARD["panels"]) == len({panel["id"] for panel in DASHBOARD["panels"]})


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            yield x, y
