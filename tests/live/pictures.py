"""
``python -m tests.live.pictures``: the pictures of ``docs/images``, taken of what runs after a bad release has come and gone.
"""

import tempfile
import time
from pathlib import Path

from concordat.cli.browser import look_at
from concordat.cli.dashboard_preview import height
from concordat.cli.preview_page import View, served
from tests.live import boards
from tests.live.world import World, world

IMAGES = Path(__file__).parents[2] / "docs" / "images"
VIEW = View(since=150, scrape_interval=1, width=1200, theme="light")
PICTURES = {
    "catalog": ("service", 1216),
    "contract": ("contract", 1362),
    "fleet": ("fleet", 1182),
    "operator": ("operator", 1002),
}
"""Dashboard -> name of its picture, and how many pixels of it are shown at most."""


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as live:
        live.wait_until_watched(90)
        live.roll_out(live.bad)
        time.sleep(25)
        live.roll_out(live.good)
        time.sleep(35)
        for name, (picture, most) in PICTURES.items():
            _take(live, name, IMAGES / f"{picture}.png", most)


def _take(live: World, name: str, picture: Path, most: int) -> None:
    board = boards.boards(live)[name]
    with served(board, VIEW, live.prometheus) as url:
        look_at(url, width=VIEW.width, height=min(most, height(board)), picture=picture)
    print(picture)


if __name__ == "__main__":
    main()
