"""
The dashboards of what runs here, and their queries as Grafana would send them.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from concordat.api import parse, parse_contract
from concordat.facts import Consumer, ContractFacts
from concordat.observability import contract
from tests.dashboards.linter import Board, targets
from tests.live.world import NAMESPACE, World, concordat

ROOT = Path(__file__).parents[2]
RATE_INTERVAL = "4s"
"""Grafana's ``$__rate_interval`` is at least four scrapes; here with some to spare for a busy machine."""
SECONDS = 30
STEP = 1
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One query of one dashboard."""

    board: str
    panel: str
    expression: str
    instant: bool


def boards(world: World) -> dict[str, Board]:
    """The services' as the command line prints them, their contract's as its child, and the two of ``dashboards/``."""
    return {
        **{name: _shown(world, name) for name in ("catalog", "storefront")},
        "contract": _of_contract(world),
        **{name: json.loads((ROOT / f"dashboards/{name}.json").read_text()) for name in ("fleet", "operator")},
    }


def queries(name: str, board: Board, world: World) -> Iterator[Asked]:
    """Every panel's every query and the annotations' but those of alerts, which nothing may have raised yet."""
    chosen = variables(board, world)
    for panel, target in targets(board):
        expression = filled_in(target["expr"], chosen)
        yield Asked(board=name, panel=panel["title"], expression=expression, instant=bool(target["instant"]))
    for annotation in board["annotations"]["list"]:
        if not annotation["expr"].startswith("ALERTS"):
            yield Asked(board=name, panel=annotation["name"], expression=annotation["expr"], instant=False)


def variables(board: Board, world: World) -> dict[str, str]:
    """All values of each variable, asked of Prometheus as Grafana does; a variable without one fails."""
    chosen: dict[str, str] = {}
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        found = _LABEL_VALUES.fullmatch(variable["query"]["query"])
        assert found, variable
        selector = filled_in(found[1], chosen)
        answer = httpx.get(f"{world.prometheus}/api/v1/label/{found[2]}/values", params={"match[]": selector})
        values = answer.json()["data"]
        assert values, f"variable {variable['name']}: {selector} has no {found[2]}"
        chosen[variable["name"]] = "|".join(map(re.escape, values)).replace("\\", "\\\\")
    return chosen


def filled_in(expression: str, chosen: dict[str, str]) -> str:
    """As Grafana sends it."""
    for name, value in {"__rate_interval": RATE_INTERVAL, "__interval": "1s", "__range": f"{SECONDS}s"}.items():
        expression = expression.replace(f"${name}", value)
    for name, value in chosen.items():
        expression = expression.replace(f'"${name}"', f'"{value}"')
    return expression


def has_data(asked: Asked, world: World) -> bool:
    """At least one value that is a number."""
    if asked.instant:
        samples = [series["value"] for series in world.query(asked.expression)]
    else:
        samples = [sample for series in query_range(asked.expression, world) for sample in series["values"]]
    return any(not math.isnan(float(value)) for _, value in samples)


def query_range(expression: str, world: World, *, seconds: float = SECONDS) -> list[dict[str, Any]]:
    """The last ``seconds`` as a panel shows them."""
    now = world.now()
    asked = {"query": expression, "start": now - seconds, "end": now, "step": STEP}
    answer = httpx.get(f"{world.prometheus}/api/v1/query_range", params=asked, timeout=30)
    assert answer.status_code == 200, f"{expression}: {answer.text}"
    result = answer.json()["data"]["result"]
    assert isinstance(result, list)
    return result


def _of_contract(world: World) -> Board:
    manifests = {each["metadata"]["name"]: each for each in yaml.safe_load_all(world.manifests.read_text())}
    facts = ContractFacts(
        version="1.0.0",
        providers=(parse(manifests["catalog"]),),
        consumers=(Consumer(name="storefront", namespace=NAMESPACE),),
    )
    planned = contract.file(parse_contract(manifests["catalog-api"]), facts)
    assert planned
    (text,) = planned["data"].values()
    board = json.loads(text)
    assert isinstance(board, dict)
    return board


def _shown(world: World, name: str) -> Board:
    board = json.loads(concordat("dashboard", "show", str(world.manifests), "--service", name))
    assert isinstance(board, dict)
    return board
