"""
Where alerts go, asked of the real Alertmanager's amtool.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from concordat.cli.slo.alertmanager import alertmanager
from concordat.observability.slo.routing import HardDependency, Team, acyclic, alertmanager_file, service_routing

TEAMS = [
    Team(name="checkout", page="http://127.0.0.1:11/page", ticket="http://127.0.0.1:11/ticket"),
    Team(name="billing", page="http://127.0.0.1:13/page", ticket="http://127.0.0.1:13/ticket"),
]
ORDERS, PAYMENTS, LEDGER = ("shop", "orders"), ("payments", "payments"), ("payments", "ledger")
EDGE = HardDependency(consumer=ORDERS, provider=PAYMENTS)


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(alertmanager_file(TEAMS, [EDGE])))
    return path


def amtool(*arguments: str) -> str:
    found = shutil.which("amtool")
    if not found:
        pytest.fail("install Alertmanager (apt-get install prometheus-alertmanager): amtool judges the routes")
    result = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()


def test_alertmanager_accepts_the_file(configuration: Path) -> None:
    """``amtool check-config``."""
    assert "SUCCESS" in amtool("check-config", str(configuration))


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("team=checkout severity=critical", "checkout-page"),
        ("team=checkout severity=warning", "checkout-ticket"),
        ("team=billing severity=critical", "billing-page"),
        ("team=unknown severity=critical", "nobody"),
    ],
)
def test_pages_wake_the_team_and_tickets_do_not(configuration: Path, labels: str, receiver: str) -> None:
    """``amtool config routes test``."""
    assert receiver == amtool("config", "routes", "test", f"--config.file={configuration}", *labels.split())


def test_one_incident_is_one_notification() -> None:
    """Whatever fires for a service is one group."""
    assert ["namespace", "service"] == alertmanager_file(TEAMS, [])["route"]["group_by"]


def test_a_providers_page_silences_those_who_cannot_work_without_it() -> None:
    """From ``consumes`` with criticality hard."""
    rule = alertmanager_file(TEAMS, [EDGE])["inhibit_rules"][-1]

    assert 'service="payments"' in rule["source_matchers"]
    assert 'service="orders"' in rule["target_matchers"]


def test_a_cycle_silences_nobody() -> None:
    """Two services that need each other would each keep the other's page away."""
    around = [EDGE, HardDependency(consumer=PAYMENTS, provider=ORDERS)]
    beside = HardDependency(consumer=PAYMENTS, provider=LEDGER)

    assert [beside] == acyclic([*around, beside])


def test_a_services_configuration_holds_its_own_edges_only() -> None:
    """prometheus-operator confines an AlertmanagerConfig to its namespace."""
    inside = HardDependency(consumer=PAYMENTS, provider=LEDGER)
    across = HardDependency(consumer=PAYMENTS, provider=ORDERS)
    rules = service_routing(PAYMENTS, None, [EDGE, inside, across])["inhibitRules"]
    named = {match["value"] for rule in rules for match in rule["sourceMatch"] if match["name"] == "service"}

    assert {"payments", "ledger"} == named


def test_without_a_teams_address_nothing_is_routed() -> None:
    """Whoever wrote Alertmanager's own file has said where alerts go."""
    assert {"inhibitRules"} == service_routing(ORDERS, None, []).keys()
    assert {"route", "inhibitRules", "receivers"} == service_routing(ORDERS, TEAMS[0], []).keys()


def test_the_command_line_writes_a_file_alertmanager_takes(tmp_path: Path) -> None:
    """One route a team of the services in the files."""
    services = tmp_path / "services.yaml"
    services.write_text(
        "---\n".join(
            f"{{apiVersion: concordat.dev/v1alpha1, kind: Microservice, metadata: {{name: {name}}}, spec:"
            f" {{team: {team}, image: 'example.com/a:1.11', ports: {{http: {{port: 8011}}}}, consumes: [{uses}]}}}}\n"
            for name, team, uses in (
                ("orders", "checkout", "{service: payments, criticality: hard}"),
                ("web", "checkout", "{service: orders, criticality: soft}"),
                ("payments", "billing", ""),
            )
        )
    )
    call = [str(services), "--url", "http://127.0.0.1:11/{team}/{severity}"]
    written = CliRunner().invoke(alertmanager, call)
    assert 0 == written.exit_code, written.output
    path = tmp_path / "alertmanager.yaml"
    path.write_text(written.stdout)

    assert "SUCCESS" in amtool("check-config", str(path))
    labels = ("team=billing", "severity=critical")
    assert "billing-page" == amtool("config", "routes", "test", f"--config.file={path}", *labels)
    assert "http://127.0.0.1:11/billing/critical" in written.stdout
    across = [rule for rule in yaml.safe_load(written.stdout)["inhibit_rules"] if not rule["equal"]]
    assert [['service="payments"'], ['service="orders"']] == [
        [matcher for matcher in rule[side] if matcher.startswith("service=")]
        for rule in across
        for side in ("source_matchers", "target_matchers")
    ]


def test_an_address_without_a_team_is_refused(tmp_path: Path) -> None:
    """Everybody would be woken by everything."""
    services = tmp_path / "services.yaml"
    services.write_text("{kind: Microservice}")
    assert 0 != CliRunner().invoke(alertmanager, [str(services), "--url", "http://127.0.0.1:11/"]).exit_code
