"""
Every panel as a person would see it: drawn by Grafana's own components in a real browser, from the live Prometheus.
"""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from concordat.cli.dashboard.browser import Drawn, Page, look_at
from concordat.cli.dashboard.page_server import View, served
from concordat.cli.dashboard.preview import height
from tests.dashboards.linter import Board, panels
from tests.live import boards
from tests.live.watched import wait
from tests.live.world import World

VIEW = View(since=60, scrape_interval=1, width=1400, theme="dark")


def drawn(live: World, board: Board, picture: Path | None = None) -> Page:
    with served(board, VIEW, live.prometheus) as url:
        return look_at(url, width=VIEW.width, height=height(board), picture=picture)


def _shows_something(panel: Drawn) -> bool:
    if panel.error or not panel.series:
        return False
    if panel.kind in ("timeseries", "heatmap"):
        return panel.ink > 500
    return any(character.isdigit() for character in panel.text)


@pytest.mark.parametrize("name", ["catalog", "storefront", "contract", "fleet", "operator"])
def test_every_panel_is_drawn(live: World, name: str) -> None:
    """Plots and heat maps have ink, numbers and tables have text, nothing complains."""
    board = boards.boards(live)[name]

    def complaints() -> list[str]:
        page = drawn(live, board)
        assert [panel["title"] for panel in panels(board)] == [panel.title for panel in page.panels]
        said = page.error or ("" if page.ready else "the page is not ready")
        return [*filter(None, [said]), *(str(panel) for panel in page.panels if not _shows_something(panel))]

    wait(lambda: not complaints(), lambda: "\n".join(complaints()))


def test_units_and_legends_are_grafanas(live: World) -> None:
    """A share is written as percent, a route as the panel's legend says."""
    page = drawn(live, boards.boards(live)["catalog"])
    text = {panel.title: panel.text for panel in page.panels}

    assert text["Ready"].endswith("100%")
    assert "/products/{sku}" in text["Requests by route"]
    assert "localhost/catalog:1.0.0" in text["Running"]


def test_an_empty_panel_is_seen(live: World) -> None:
    """It says so, and has no ink."""
    board = json.loads(json.dumps(boards.boards(live)["fleet"]))
    plot = next(panel for panel in panels(board) if panel["type"] == "timeseries")
    plot["targets"][0]["expr"] = "objective:budget_remaning:ratio"
    [seen] = [panel for panel in drawn(live, board).panels if panel.title == plot["title"]]

    assert (0, 0) == (seen.series, seen.ink)
    assert "No data" in seen.text


@pytest.mark.parametrize("of", ["--service=catalog", "--contract=catalog-api"])
def test_a_picture_of_what_stands_in_files(live: World, of: str, tmp_path: Path) -> None:
    """``concordat dashboard preview``: a PNG of the asked width, and an end without complaint."""
    picture = tmp_path / "drawn.png"
    command = [
        *(Path(sys.executable).with_name("concordat"), "dashboard", "preview", live.manifests, of),
        *(f"--prometheus={live.prometheus}", "--scrape-interval=1s", "--since=1m", "--width=1200", f"--png={picture}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert b"\x89PNG" == picture.read_bytes()[:4]
    assert 1200 == int.from_bytes(picture.read_bytes()[16:20])


def test_the_page_answers_its_own_name_only_and_passes_queries_only(live: World) -> None:
    """No page elsewhere reaches Prometheus through it, and nobody reloads or writes."""
    with served(boards.boards(live)["fleet"], VIEW, live.prometheus) as url:
        elsewhere = httpx.get(f"{url}api/v1/query?query=up", headers={"host": "evil.example.com"})
        statuses = [
            httpx.get(f"{url}{path}").status_code for path in ("api/v1/status/config", "../package.json", "-/quit")
        ]

        assert 403 == elsewhere.status_code
        assert 200 == httpx.get(f"{url}api/v1/query?query=up").status_code
        assert {404} == set(statuses)
