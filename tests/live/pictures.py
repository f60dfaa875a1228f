"""
``python -m tests.live.pictures``: the pictures of ``docs/images``, taken of what runs after a bad release has come and gone.
"""

import tempfile
import time
from pathlib import Path

from concordat.cli.dashboard.browser import look_at
from concordat.cli.dashboard.page_server import View, served
from concordat.cli.dashboard.preview import height
from tests.dashboards.linter import Board
from tests.live import boards
from tests.live.world import World, world

IMAGES = Path(__file__).parents[2] / "docs" / "images"
VIEW = View(since=150, scrape_interval=1, width=1200, theme="light")
PICTURES = {
    "catalog": ("service", "Latency, all requests"),
    "contract": ("contract", "Latency by consumer, p99"),
    "fleet": ("fleet", "Burning fastest"),
    "operator": ("operator", "Event loop, p99"),
}
"""Dashboard -> name of its picture, and the last panel that is to be seen on it."""
FOOT = 20
"""Pixels below a panel's row that already belong to the next one."""


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as live:
        live.wait_until_watched(90)
        live.roll_out(live.bad)
        time.sleep(25)
        live.roll_out(live.good)
        time.sleep(35)
        for name, (picture, last) in PICTURES.items():
            _take(live, name, IMAGES / f"{picture}.png", last)


def _take(live: World, name: str, picture: Path, last: str) -> None:
    board = boards.boards(live)[name]
    with served(board, VIEW, live.prometheus) as url:
        look_at(url, width=VIEW.width, height=_down_to(last, board), picture=picture)
    print(picture)


def _down_to(last: str, board: Board) -> int:
    """Pixels to the bottom of that panel."""
    (panel,) = [panel for panel in board["panels"] if panel["title"] == last]
    above = [other for other in board["panels"] if other["gridPos"]["y"] <= panel["gridPos"]["y"]]
    return height({**board, "panels": above}) - FOOT


if __name__ == "__main__":
    main()
