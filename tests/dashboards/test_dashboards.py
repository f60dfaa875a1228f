"""
Dashboards: complete, well-formed, never empty.
"""

import json
import re
from itertools import combinations, pairwise

import promql_parser as promql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concordat.observability.dashboards.board import SCHEMA_VERSION, shown
from concordat.observability.dashboards.contract import contract_dashboard
from concordat.observability.dashboards.delivery import as_json
from concordat.observability.dashboards.service import service_dashboard, service_uid
from concordat.observability.dashboards.subject import Neighbour, Provider
from concordat.observability.slo.rules.profiles import PROFILES
from tests.dashboards import figures, linter, synthetic
from tests.dashboards.examples import contract, every, requests, service
from tests.slo.promtool import promtool3
from tests.slo.skeleton import nodes, skeleton

BOARDS = {name: dashboard.json() for name, dashboard in every().items()}


@pytest.mark.parametrize("rule", linter.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", BOARDS)
def test_dashboard_linters_rules_hold(name: str, rule: object) -> None:
    """All seventeen, with the one exception the linter's module documents."""
    assert callable(rule)

    assert [] == list(rule(BOARDS[name]))


@pytest.mark.parametrize("rule", [linter.target_job, linter.target_rate_interval, linter.target_counter_agg])
def test_the_linter_can_complain(rule: object) -> None:
    """A dashboard with a bare counter and a fixed range."""
    board = service_dashboard(service()).json()
    panel = linter.panels(board)[0]
    panel["targets"] = [{"expr": "http_x_total + rate(http_x_total[5m])"}]

    assert callable(rule)
    assert list(rule(board))


@pytest.mark.parametrize("name", BOARDS)
def test_panels_do_not_overlap(name: str) -> None:
    """And stay within Grafana's 24 columns."""
    places = [panel["gridPos"] for panel in BOARDS[name]["panels"]]

    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)


@pytest.mark.parametrize("name", BOARDS)
def test_panel_ids_are_unique(name: str) -> None:
    """Links to a panel lead to one."""
    ids = [panel["id"] for panel in BOARDS[name]["panels"]]

    assert all(one < other for one, other in pairwise(ids))


@pytest.mark.parametrize("name", BOARDS)
def test_every_variable_is_defined(name: str) -> None:
    """Of those a query uses."""
    board = BOARDS[name]
    defined = {variable["name"] for variable in board["templating"]["list"]}
    used = {found for _, target in linter.targets(board) for found in re.findall(r"\$(?!__)\{?(\w+)", target["expr"])}

    assert used <= defined


@pytest.mark.parametrize("name", BOARDS)
def test_no_query_reads_more_than_a_day_of_raw_series(name: str) -> None:
    """Long windows are recorded."""
    for _, target in linter.targets(BOARDS[name]):
        for node in nodes(promql.parse(linter.filled_in(target["expr"]))):
            if isinstance(node, promql.MatrixSelector):
                assert node.range.total_seconds() <= 86_400


def test_dashboards_are_small() -> None:
    """At most 40 queries and 200 kB."""
    assert [] == [figure for figure in figures.sizes() if not figure["holds"]]


def test_every_metric_is_known() -> None:
    """A closed world: a misspelt metric is an empty panel."""
    used = {
        node.name
        for board in BOARDS.values()
        for _, target in linter.targets(board)
        for node in nodes(promql.parse(linter.filled_in(target["expr"])))
        if isinstance(node, promql.VectorSelector)
    }

    assert set() == used - synthetic.metrics()


@pytest.mark.parametrize("name", [name for name in BOARDS if not name.endswith("otel-native")])
def test_every_query_returns_data(name: str) -> None:
    """From the real promtool, over series as the services and the cluster expose them."""
    assert [] == synthetic.empty_queries(BOARDS[name])


@pytest.mark.parametrize("name", ["service-otel-native", "contract-otel-native"])
def test_native_histograms_return_data(name: str) -> None:
    """As the other profiles, from the promtool of Prometheus 3."""
    assert [] == synthetic.empty_queries(BOARDS[name], tool=promtool3())


def test_uids_are_the_same_everywhere() -> None:
    """Alerts link to them; at most 40 characters, as Grafana demands."""
    assert service_uid("shop", "orders") == BOARDS["service-default"]["uid"]
    assert service_uid("shop", "orders") != service_uid("shop-orders", "")
    assert len(service_uid("n" * 63, "s" * 63)) <= 40


def test_a_contract_shows_its_own_promises_alone() -> None:
    """Those of its provider, and of other contracts the same service provides, are on their own dashboards."""
    tricky = contract_dashboard(contract(name="orders.api", promises=contract().promises)).json()
    recorded = [
        {matcher.name: matcher.value for matcher in node.matchers.matchers}
        for _, target in linter.targets(tricky)
        for node in nodes(promql.parse(linter.filled_in(target["expr"])))
        if isinstance(node, promql.VectorSelector) and node.name.startswith("objective:")
    ]

    assert recorded
    assert all(re.fullmatch(found["slo"], "orders.api/availability") for found in recorded)
    others = ("availability", "orders-api/availability", "orders.api.v2/availability", "orders.api")
    assert not [other for found in recorded for other in others if re.fullmatch(found["slo"], other)]


def test_a_contract_without_promises_has_no_empty_row() -> None:
    """Nor one without consumers."""
    bare = contract_dashboard(contract(promises=(), consumers=()))

    assert ["Requests to orders"] == [row.title for row in bare.rows]


def test_a_contract_with_many_providers_and_consumers_has_a_dashboard_of_some_size() -> None:
    """A hundred of each: no more queries and no more text than anybody can load."""
    many = [Neighbour(namespace="shop", name=f"n{number}") for number in range(100)]
    providers = tuple(
        Provider(namespace="shop", name=one.name, requests=requests("default", name=one.name)) for one in many
    )
    board = contract_dashboard(contract(providers=providers, consumers=tuple(many)))

    assert board.queries <= 40
    assert len(as_json(board)) < 200_000


def test_schema_version() -> None:
    """Loads in Grafana 10.3 and newer."""
    assert SCHEMA_VERSION >= 39


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_user_text_changes_no_query_and_no_structure(name: str, namespace: str, team: str) -> None:
    """The same trees and the same JSON shape as for a harmless service; no variable of Grafana's from a name."""
    mine = json.loads(
        as_json(
            service_dashboard(
                service(
                    name=name,
                    namespace=namespace,
                    team=team,
                    requests=requests("default", name=name, namespace=namespace),
                )
            )
        )
    )
    harmless = BOARDS["service-default"]

    assert [skeleton(promql.parse(linter.filled_in(target["expr"]))) for _, target in linter.targets(harmless)] == [
        skeleton(promql.parse(linter.filled_in(target["expr"]))) for _, target in linter.targets(mine)
    ]
    assert _shape(harmless) == _shape(mine)
    variables = {v for _, target in linter.targets(mine) for v in re.findall(r"\$\w+|\$\{|\[\[", target["expr"])}
    assert variables <= {"$job", "$instance", "$__rate_interval"}


@pytest.mark.parametrize("text", ["${job:raw}", "[[job]]", "<img onerror=x>"])
def test_titles_show_what_was_written(text: str) -> None:
    """No variable is put in, no tag is drawn."""
    assert not re.search(r"[$\[\]<>]", shown(text))


def test_a_service_without_promises_has_no_empty_row() -> None:
    """Nor dependencies, consumers or queues."""
    bare = service_dashboard(
        service(promises=(), consumes=(), consumed_by=(), queues=(), consumer_groups=(), autoscaled=False)
    )

    assert ["Is it us?", "Requests", "Saturation", "Pods"] == [row.title for row in bare.rows]


def test_exemplars_lead_to_traces() -> None:
    """They do not survive recording: the latency panels read raw series."""
    board = BOARDS["service-default"]
    asked = {panel["title"] for panel, target in linter.targets(board) if target.get("exemplar")}

    assert {"Latency", "Latency, all requests", "Latency of calls, p99", "Latency by consumer, p99"} == asked


def test_every_profile_has_a_dashboard() -> None:
    """As every profile has rules."""
    assert {f"{kind}-{profile}" for kind in ("service", "contract") for profile in PROFILES} <= set(BOARDS)


def _shape(value: object) -> object:
    """Keys and kinds, without the values of texts."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return "text" if isinstance(value, str) else value


def test_an_empty_panel_is_found() -> None:
    """A misspelt metric returns nothing, and is named."""
    board = service_dashboard(service()).json()
    panel = linter.panels(board)[0]
    panel["targets"][0]["expr"] = "sum(objective:budget_remaning:ratio)"

    assert [f"{panel['title']}: sum(objective:budget_remaning:ratio)"] == synthetic.empty_queries(board)
