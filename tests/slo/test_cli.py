"""
``concordat slo`` and ``concordat dashboard``, as people call them.
"""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner, Result

from concordat.cli.dashboard.group import dashboard
from concordat.cli.slo.group import slo
from concordat.observability.dashboards.service import service_uid
from tests.slo.promtool import check_rules, run_tests

ORDERS = """
apiVersion: concordat.dev/v1alpha1
kind: Microservice
metadata: {name: orders, namespace: shop}
spec:
  team: checkout
  tier: critical
  image: registry.example.com/shop/orders:1.4.2
  ports: {http: {port: 8080}}
  consumes: [{service: payments/payments}]
  objectives:
    - {name: availability, target: 99.9}
    - {name: latency, target: 99, below: 250ms, window: 7d}
"""
CONTRACT = """
---
apiVersion: concordat.dev/v1alpha1
kind: ServiceContract
metadata: {name: orders-api, namespace: shop}
spec:
  type: openapi
  version: 1.4.2
  document: {inline: "openapi: 3.0.3"}
  objectives:
    - {name: lookup, target: 99, below: 250ms, operation: "GET /orders/{id}"}
"""


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.yaml"
    path.write_text(ORDERS)
    return path


def call(*arguments: object, given: str | None = None) -> Result:
    result = CliRunner().invoke(slo, list(map(str, arguments)), input=given)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_rules_load_in_prometheus_as_they_are(orders: Path) -> None:
    """``--format prometheus``."""
    check_rules(yaml.safe_load(call("rules", orders).stdout)["groups"])


def test_rules_of_standard_input(orders: Path) -> None:
    """Which can be read once."""
    assert call("rules", orders).stdout == call("rules", "-", given=ORDERS).stdout


def test_rules_for_the_operator_are_the_same(orders: Path) -> None:
    """``--format operator``."""
    plain = yaml.safe_load(call("rules", orders).stdout)
    operator = yaml.safe_load(call("rules", orders, "--format", "operator").stdout)

    assert "PrometheusRule" == operator["kind"]
    assert plain["groups"] == operator["spec"]["groups"]


def test_what_a_contract_promises_is_in_the_rules_and_their_tests(orders: Path) -> None:
    """When it stands in the same files; of one operation, and simulated by its name."""
    orders.write_text(ORDERS.replace("consumes:", "provides: [orders-api]\n  consumes:") + CONTRACT)
    groups = yaml.safe_load(call("rules", orders).stdout)["groups"]
    tests = yaml.safe_load(call("tests", orders).stdout)["tests"]
    told = json.loads(call("simulate", orders, "--objective=orders-api/lookup", "--errors=100", "--output=json").stdout)

    assert any(group["name"].endswith("orders-api/lookup") for group in groups)
    assert any("orders-api/lookup" in str(test) for test in tests)
    assert "orders-api/lookup" == told["objective"]


def test_a_promise_its_provider_cannot_measure_is_found(orders: Path) -> None:
    """The operator leaves it out; here somebody can still do something about it."""
    istio = "provides: [orders-api]\n  telemetry: {metrics: {profile: istio}}\n  consumes:"
    orders.write_text(ORDERS.replace("consumes:", istio) + CONTRACT)
    result = call("lint", orders)

    assert 1 == result.exit_code
    assert f"{orders}:10: spec.provides[0]: orders-api/lookup is promised and cannot be measured here" in result.stdout


def test_alerts_link_to_the_dashboard(orders: Path) -> None:
    """The uid is the same on both sides."""
    text = call("rules", orders, "--grafana", "https://grafana.example.com/").stdout

    assert f"dashboard_url: https://grafana.example.com/d/{service_uid('shop', 'orders')}" in text


@pytest.mark.slow
def test_tests_pass(orders: Path) -> None:
    """What is printed is what promtool runs."""
    rules = yaml.safe_load(call("rules", orders).stdout)["groups"]

    run_tests(rules, yaml.safe_load(call("tests", orders).stdout))


def test_lint_names_line_field_and_remedy(orders: Path) -> None:
    """As the API server and the operator would."""
    orders.write_text(
        ORDERS.replace("tier: critical", "tier: critical\n  telemetry: {metrics: {profile: istio}}").replace(
            "250ms", "200ms"
        )
    )
    result = call("lint", orders)

    assert 1 == result.exit_code
    assert f"{orders}:14: spec.objectives[1].below: below must be a bucket" in result.stdout


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("target: 99.9", "target: 100"), "target: 100 is too large: give at most 99.999"),
        (("target: 99.9", "target: '99.9'"), "is of the wrong kind: give a number without quotes"),
        (("window: 7d", "window: 11d"), "window: 11d is not possible here: give 7d, 28d, 30d or 90d"),
        (("below: 250ms", "below: fast"), "below: give a duration above zero in milliseconds or seconds, e.g. 200ms"),
        (("below: 250ms, ", ""), "below: a latency needs a threshold"),
        (("name: latency", "name: availability"), "stands here twice"),
        (("name: latency", "name: Latency!"), "use lower-case letters"),
        (
            ("name: latency, target: 99, below: 250ms", "name: x, target: 99, good: a_total"),
            "needs both good and total",
        ),
        (("window: 7d", "burnRate: 11"), "burnRate: there is no such field"),
        (("team: checkout", "team:"), "spec.team: is required"),
    ],
)
def test_mistakes_get_a_remedy(orders: Path, change: tuple[str, str], complaint: str) -> None:
    """One line each."""
    assert change[0] in ORDERS
    orders.write_text(ORDERS.replace(*change))

    assert complaint in call("lint", orders).stdout


def test_defaults_by_tier(orders: Path) -> None:
    """Critical: 99.9 % availability and 99 % under 200 ms."""
    orders.write_text(ORDERS.partition("  objectives:")[0])
    groups = yaml.safe_load(call("rules", orders).stdout)["groups"]
    written = [rule["expr"] for group in groups for rule in group["rules"]]

    assert any(
        'vector(0.999), "slo", "availability"' in text and 'vector(0.99), "slo", "latency"' in text for text in written
    )
    assert any('le="0.2"' in text for text in written)


def test_simulate_shows_detection_beside_the_formula(tmp_path: Path) -> None:
    """A table for people, and a picture."""
    chart = tmp_path / "chart.svg"
    result = call("simulate", "--target", "99.9", "--errors", "100,10", "--svg", chart)

    assert "(8.6)" in result.stdout
    assert ElementTree.parse(chart).getroot().tag.endswith("svg")


def test_simulate_for_machines() -> None:
    """One JSON object."""
    found = json.loads(call("simulate", "--errors", "5", "-o", "json").stdout)

    assert 17.5 == found["incidents"][0]["minutes"]["page-fast"]


@pytest.mark.parametrize("arguments", [["--errors", "0"], ["--errors", "x"], ["--target", "100"], ["--target", "x"]])
def test_simulate_refuses_what_makes_no_sense(arguments: list[str]) -> None:
    """With the option's name."""
    result = call("simulate", *arguments)

    assert 2 == result.exit_code
    assert arguments[0] in result.output


def test_dashboard_show_is_grafanas_json(orders: Path) -> None:
    """With a link to what the service consumes."""
    shown = json.loads(CliRunner().invoke(dashboard, ["show", str(orders)]).stdout)

    assert service_uid("shop", "orders") == shown["uid"]
    assert f"/d/{service_uid('payments', 'payments')}" in {link["url"] for link in shown["links"]}


@pytest.mark.parametrize(("form", "kind"), [("configmap", "ConfigMap"), ("operator", "GrafanaDashboard")])
def test_dashboard_show_as_a_kubernetes_object(orders: Path, form: str, kind: str) -> None:
    """For the sidecar, or for grafana-operator."""
    assert kind == yaml.safe_load(CliRunner().invoke(dashboard, ["show", str(orders), "--format", form]).stdout)["kind"]


@pytest.mark.parametrize("command", ["simulate", "rules", "tests", "lint"])
def test_help_has_examples(command: str) -> None:
    """Of every command."""
    assert f"concordat slo {command}" in call(command, "--help").output
