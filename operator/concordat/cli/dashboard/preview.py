"""
``concordat dashboard preview``: what Grafana will show, before there is a Grafana.
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rich_click as click

from concordat.api import resolve
from concordat.cli.dashboard import page_server
from concordat.cli.dashboard.browser import Page, look_at
from concordat.cli.dashboard.subjects import (
    among,
    board_of_contract,
    contract_among,
    contract_option,
    namespace_option,
    not_both,
    service_option,
)
from concordat.cli.output import EXIT_FAILED, fail, notes, out
from concordat.cli.parameters import DURATION, prometheus_option
from concordat.cli.prometheus import Prometheus
from concordat.facts import Platform
from concordat.observability.dashboards.service import service_dashboard
from concordat.observability.subjects import drawn

CELL, HEAD = 38, 64
"""Pixels: one row of Grafana's grid with its gap, and the page's title."""


@click.command("preview")
@click.argument("filenames", nargs=-1, required=True)
@prometheus_option
@service_option
@contract_option
@namespace_option
@click.option("--since", type=DURATION, default="1h", show_default=True, help="Time to show.")
@click.option(
    "--scrape-interval", type=DURATION, default="30s", show_default=True, help="As the data source in Grafana says."
)
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture and end. Needs Chromium.")
@click.option("--width", type=click.IntRange(600, 4000), default=1400, show_default=True, help="Pixels.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="dark", show_default=True, help="Grafana's.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the page; any free one if left out.")
def preview(
    filenames: Sequence[str],
    prometheus: str,
    name: str,
    contract: str,
    namespace: str,
    since: int,
    scrape_interval: int,
    png: Path | None,
    width: int,
    theme: str,
    port: int,
) -> None:
    """
    Draw a dashboard from a Prometheus, with Grafana's own panel components.

    FILENAMES hold the Microservice or the ServiceContract, or are one dashboard in Grafana's JSON. Without --png a local page shows it until Ctrl-C;
    reload it for the latest data. Needs the page `make preview` builds in a checkout.

    Ends with 1 when a picture was asked for and a query has no data.

    \b
    Examples:
      concordat dashboard preview orders.yaml --prometheus http://localhost:9090
      concordat dashboard preview services/ --service orders --since 6h --png orders.png
      concordat dashboard preview services/ --contract orders-api --png orders-api.png
      concordat dashboard preview dashboards/fleet.json --png fleet.png --theme light
    """
    not_both(name, contract)
    board = _grafanas(filenames) or _of_resource(filenames, name, contract, namespace)
    asked = Prometheus(prometheus)
    asked.query("vector(1)")
    view = page_server.View(since=since, scrape_interval=scrape_interval, width=width, theme=theme)
    with page_server.served(board, view, asked.url, port=port) as url:
        if png is None:
            _wait(url)
            return
        with notes.status("Drawing ..."):
            page = look_at(url, width=width, height=height(board), picture=png.resolve())
    _tell(page, png)


def height(board: Mapping[str, Any]) -> int:
    """Pixels the whole dashboard needs."""
    places = [panel["gridPos"] for panel in board["panels"]]
    return HEAD + CELL * max((place["y"] + place["h"] for place in places), default=0)


def _grafanas(filenames: Sequence[str]) -> dict[str, Any] | None:
    """A dashboard that is Grafana's JSON already."""
    if len(filenames) != 1 or not filenames[0].endswith(".json"):
        return None
    try:
        found = json.loads(Path(filenames[0]).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{filenames[0]} cannot be read: {error}")
    return found if isinstance(found, dict) and isinstance(found.get("panels"), list) else None


def _of_resource(filenames: Sequence[str], name: str, contract: str, namespace: str) -> dict[str, Any]:
    if contract:
        return board_of_contract(*contract_among(filenames, contract, namespace, Platform())).json()
    service, world = among(filenames, name, namespace, Platform())
    return service_dashboard(drawn(resolve(service), world.facts(service))).json()


def _wait(url: str) -> None:
    out.print(f"{url}  (Ctrl-C ends it)")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


def _tell(page: Page, png: Path) -> None:
    if page.error or not page.ready:
        fail(f"the page could not be drawn: {page.error or 'it did not become ready'}")
    notes.print(f"wrote {png}: {len(page.panels)} panels")
    for panel in page.panels:
        if panel.error or panel.empty:
            notes.print(f"  {panel.title}: {panel.error or 'no data'}")
    if any(panel.error or panel.empty for panel in page.panels):
        raise SystemExit(EXIT_FAILED)
