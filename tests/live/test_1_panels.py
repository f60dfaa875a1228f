"""
No panel is empty: every query of every dashboard, asked of a Prometheus that watches the samples run.
"""

import dataclasses

from tests.live import boards
from tests.live.figures import panel_queries
from tests.live.world import World

WATCHED_SECONDS = 20
"""Ten minutes of the model: every range of the panels has begun to fill."""


def test_every_query_of_every_dashboard_returns_data(live: World) -> None:
    """Variables filled in with what Prometheus offers for them; numbers, not NaN."""
    live.wait_until_watched(WATCHED_SECONDS)
    asked, empty = panel_queries(live)

    assert [] == empty
    assert len(asked) > 80


def test_an_empty_panel_is_found(live: World) -> None:
    """A misspelt metric returns nothing."""
    board = boards.boards(live)["fleet"]
    first = next(boards.queries("fleet", board, live))
    misspelt = dataclasses.replace(first, expression=first.expression.replace("target", "tarket"))

    assert boards.has_data(first, live)
    assert not boards.has_data(misspelt, live)


def test_latency_panels_have_exemplars(live: World) -> None:
    """Trace ids of the requests that were sampled, where the panel asks for them."""
    exemplars = live.exemplars('http_server_request_duration_seconds_bucket{job="catalog"}')

    assert all(len(each["labels"]["trace_id"]) == 32 for each in exemplars)
    assert exemplars
