"""
The figures of what runs: ``python -m tests.figures observability``.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.live import boards
from tests.live.boards import Asked
from tests.live.world import World, world

Figure = dict[str, Any]

AGAIN = 30
"""Seconds."""


def panel_queries(live: World) -> tuple[list[Asked], list[Asked]]:
    """Every query of every dashboard, and those without data though asked again: one scrape may be late."""
    asked = [query for name, board in boards.boards(live).items() for query in boards.queries(name, board, live)]
    empty, deadline = asked, time.monotonic() + AGAIN
    while (empty := [query for query in empty if not boards.has_data(query, live)]) and time.monotonic() < deadline:
        time.sleep(1)
    return asked, empty


def panel_queries_with_data() -> Iterator[Figure]:
    """Of the samples' own dashboards, their contract's, the fleet's and the operator's."""
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as live:
        live.wait_until_watched(30)
        asked, empty = panel_queries(live)
    percent = round(100 * (1 - len(empty) / len(asked)), 1)
    yield {
        "figure": "panel_queries_with_data_pct",
        "value": percent,
        "unit": "%",
        "goal": "100",
        "holds": not empty,
        "queries": len(asked),
        "empty": [f"{query.board}: {query.panel}" for query in empty],
    }


FIGURES = (panel_queries_with_data,)
