"""
The rules of Grafana's dashboard-linter, judged on the JSON and on PromQL's tree.

Its two rules for Loki apply to panels we have none of, and say so. One exception, documented in ``docs/objectives.md``:
``target-job`` and ``target-instance`` ask for the variables ``$job`` and ``$instance`` on every series. Here they are on
every series the service exposes itself, and not on those that cannot have them: recorded ones, the cluster's, the
brokers', and what consumers count about the service.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as promql

from tests.slo.skeleton import children, nodes

Board = dict[str, Any]

NOT_THE_SERVICES_OWN = re.compile(r"objective:|ALERTS$|kube_|container_|rabbitmq_detailed_|kafka_consumergroup_")
RATE_INTERVAL = 127
"""Seconds; odd, so that nobody can have meant it."""
SUBSTITUTES = {"$__rate_interval": f"{RATE_INTERVAL}s", "$__interval": "1m", "$__range": "6h"}
COUNTER_FUNCTIONS = {"rate", "irate", "increase"}


def filled_in(expression: str) -> str:
    """With Grafana's own variables replaced; those in quotes are values already."""
    for variable, value in SUBSTITUTES.items():
        expression = expression.replace(variable, value)
    return expression


def panels(board: Board) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(board: Board) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(panel, target) for panel in panels(board) for target in panel["targets"]]


def variable(board: Board, name: str) -> dict[str, Any] | None:
    return next((found for found in board["templating"]["list"] if found["name"] == name), None)


def template_datasource(board: Board) -> Iterator[str]:
    found = [item for item in board["templating"]["list"] if item["type"] == "datasource"]
    if [item["name"] for item in found] != ["datasource"] or found[0]["label"] != "Data source":
        yield "needs one variable datasource, labelled Data source"


def _template(board: Board, name: str) -> Iterator[str]:
    found = variable(board, name)
    if found is None:
        yield f"no variable {name}"
        return
    wanted = {"type": "query", "multi": True, "allValue": ".+", "label": name.capitalize(), "includeAll": True}
    yield from (f"{name}.{key} is {found[key]!r}" for key, value in wanted.items() if found[key] != value)
    if found["datasource"]["uid"] != "$datasource":
        yield f"{name} does not use $datasource"


def template_job(board: Board) -> Iterator[str]:
    yield from _template(board, "job")


def template_instance(board: Board) -> Iterator[str]:
    yield from _template(board, "instance")


def template_label_promql(board: Board) -> Iterator[str]:
    for item in board["templating"]["list"]:
        if item["type"] != "query":
            continue
        found = re.fullmatch(r"label_values\((.+), ([a-z_]+)\)", item["query"]["query"])
        if not found:
            yield f"{item['name']}: not label_values"
        else:
            promql.parse(found[1])


def template_on_time_change_reload(board: Board) -> Iterator[str]:
    yield from (i["name"] for i in board["templating"]["list"] if i["type"] == "query" and i["refresh"] != 2)


def panel_datasource(board: Board) -> Iterator[str]:
    yield from (panel["title"] for panel in panels(board) if panel["datasource"]["uid"] != "$datasource")


def panel_title_description(board: Board) -> Iterator[str]:
    yield from (str(panel["id"]) for panel in panels(board) if not panel["title"] or not panel["description"])


def panel_units(board: Board) -> Iterator[str]:
    yield from (panel["title"] for panel in panels(board) if not panel["fieldConfig"]["defaults"].get("unit"))


def panel_no_targets(board: Board) -> Iterator[str]:
    yield from (panel["title"] for panel in panels(board) if not panel["targets"])


def target_promql(board: Board) -> Iterator[str]:
    for panel, target in targets(board):
        try:
            promql.parse(filled_in(target["expr"]))
        except ValueError as error:
            yield f"{panel['title']}: {error}"


def target_rate_interval(board: Board) -> Iterator[str]:
    """A rate's range follows the screen."""
    for panel, target in targets(board):
        for node in nodes(promql.parse(filled_in(target["expr"]))):
            rated = isinstance(node, promql.Call) and node.func.name in ("rate", "irate")
            if rated and node.args[0].range.total_seconds() != RATE_INTERVAL:
                yield f"{panel['title']}: {node.args[0].range}"


def _selectors(board: Board) -> Iterator[tuple[str, Any]]:
    for panel, target in targets(board):
        for node in nodes(promql.parse(filled_in(target["expr"]))):
            if isinstance(node, promql.VectorSelector):
                yield panel["title"], node


def _target_has(board: Board, label: str) -> Iterator[str]:
    for title, node in _selectors(board):
        by_callers = any(m.name == "job" and m.value != "$job" for m in node.matchers.matchers) and any(
            m.name == "server_address" for m in node.matchers.matchers
        )
        if NOT_THE_SERVICES_OWN.match(node.name) or (by_callers and "consumer" in title):
            continue
        if not any(m.name == label and m.value == f"${label}" for m in node.matchers.matchers):
            yield f"{title}: {node.name} without ${label}"


def target_job(board: Board) -> Iterator[str]:
    yield from _target_has(board, "job")


def target_instance(board: Board) -> Iterator[str]:
    yield from _target_has(board, "instance")


def target_counter_agg(board: Board) -> Iterator[str]:
    for panel, target in targets(board):
        tree = promql.parse(filled_in(target["expr"]))
        yield from (f"{panel['title']}: {name} without rate" for name in _bare_counters(tree, rated=False))


def _bare_counters(node: Any, *, rated: bool) -> Iterator[str]:
    if isinstance(node, promql.VectorSelector) and node.name.endswith("_total") and not rated:
        yield node.name
    rated = rated or (isinstance(node, promql.Call) and node.func.name in COUNTER_FUNCTIONS)
    for child in children(node):
        yield from _bare_counters(child, rated=rated)


def target_logql(board: Board) -> Iterator[str]:
    """No Loki here."""
    yield from (panel["title"] for panel in panels(board) if panel["datasource"]["type"] != "prometheus")


def target_logql_auto(board: Board) -> Iterator[str]:
    """No Loki here."""
    yield from (panel["title"] for panel, target in targets(board) if target["datasource"]["type"] != "prometheus")


def uneditable_dashboard(board: Board) -> Iterator[str]:
    if board["editable"]:
        yield "editable"


RULES: tuple[Callable[[Board], Iterator[str]], ...] = (
    template_datasource,
    template_job,
    template_instance,
    template_label_promql,
    template_on_time_change_reload,
    panel_datasource,
    panel_title_description,
    panel_units,
    panel_no_targets,
    target_logql,
    target_logql_auto,
    target_promql,
    target_rate_interval,
    target_job,
    target_instance,
    target_counter_agg,
    uneditable_dashboard,
)
