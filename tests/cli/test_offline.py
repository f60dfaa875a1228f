"""
Commands that need no cluster.
"""

import json
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from concordat.cli.main import COMMANDS, main

TWO = """
apiVersion: concordat.dev/v1alpha1
kind: Microservice
metadata: {name: orders, namespace: shop}
spec: {team: checkout, image: 'example.com/orders:1.11', ports: {http: {port: 8011}}, consumes: [{service: payments}]}
---
apiVersion: concordat.dev/v1alpha1
kind: Microservice
metadata: {name: payments, namespace: shop}
spec: {team: money, image: 'example.com/payments:1.12', ports: {http: {port: 8012}}}
"""


def _run(*arguments: str, stdin: str = TWO) -> Result:
    return CliRunner().invoke(main, [*arguments], input=stdin, catch_exceptions=False)


def _commands(command: click.Command | None) -> list[click.Command]:
    """The command, or all below a group."""
    assert command is not None
    if not isinstance(command, click.Group):
        return [command]
    return [found for inner in command.commands.values() for found in _commands(inner)]


def test_services_in_the_same_files_know_each_other() -> None:
    """An edge needs no cluster to be drawn on both sides."""
    rendered = list(yaml.safe_load_all(_run("render", "-").stdout))
    policies = {item["metadata"]["name"]: item["spec"] for item in rendered if item["kind"] == "NetworkPolicy"}

    let_in = [peer.get("podSelector") for rule in policies["payments"]["ingress"] for peer in rule["from"]]
    assert {"matchLabels": {"concordat.dev/service": "orders"}} in let_in


def test_what_is_rendered_owns_nothing_it_cannot_name() -> None:
    """Without a cluster there is no uid, and an owner without one would be refused by every API server."""
    rendered = yaml.safe_load_all(_run("render", "-").stdout)

    assert not [item for item in rendered if "ownerReferences" in item["metadata"]]


def test_the_dashboard_of_a_contract_comes_with_its_provider() -> None:
    """Alone, nothing is built from it; a folder with both has it all."""
    sample = Path(__file__).parents[2] / "sample_services" / "catalog"
    alone, both = (_run("render", *files) for files in ([f"{sample}/contract.yaml"], [str(sample)]))

    assert (alone.exit_code, alone.stdout) == (0, "")
    dashboards = [one for one in yaml.safe_load_all(both.stdout) if one["kind"] == "GrafanaDashboard"]
    assert [one["metadata"]["name"] for one in dashboards] == ["catalog-dashboard", "catalog-api.contract-dashboard"]


def test_a_contracts_dashboard_is_shown_as_it_will_be_delivered() -> None:
    """Grafana's JSON, or the object that carries it; without its provider there is nothing to draw."""
    sample = Path(__file__).parents[2] / "sample_services" / "catalog"
    show = ("dashboard", "show", str(sample), "--contract", "catalog-api")
    board = json.loads(_run(*show).stdout)
    (file,) = yaml.safe_load_all(_run(*show, "--format", "configmap").stdout)
    alone = _run("dashboard", "show", f"{sample}/contract.yaml", "--contract", "catalog-api")
    unknown = _run("dashboard", "show", str(sample), "--contract", "catalogue-api")

    assert board == json.loads(next(iter(file["data"].values())))
    assert (alone.exit_code, "provides catalog-api" in alone.stderr) == (2, True)
    assert (unknown.exit_code, "there are catalog-api" in unknown.stderr) == (2, True)


def test_rendering_without_an_optional_kind_says_what_is_missing() -> None:
    """As in a cluster that does not serve it."""
    result = _run("render", "-", "--without", "ServiceMonitor")

    assert "kind: ServiceMonitor" not in result.stdout
    assert "install prometheus-operator" in result.stderr


def test_a_clean_file_has_nothing_to_complain_about() -> None:
    """Exit code 0, and a line that says so."""
    result = _run("lint", "-")

    assert (0, "2 services: nothing to complain about\n") == (result.exit_code, result.stdout)


def test_lint_reads_the_document_of_a_contract() -> None:
    """What the operator would call invalid is said beforehand, with line and field."""
    contract = """
apiVersion: concordat.dev/v1alpha1
kind: ServiceContract
metadata: {name: payments-api}
spec: {type: openapi, version: 1.4.0, document: {inline: "%s"}}
"""
    broken = _run("lint", "-", stdin=contract % "{")
    assert (broken.exit_code, "spec.document: line 1" in broken.stdout) == (1, True)

    other = _run("lint", "-", stdin=contract % "{openapi: 3.1.0, info: {title: a, version: 1.5.0}, paths: {}}")
    assert (other.exit_code, "spec.version: says 1.4.0" in other.stdout) == (1, True)


def test_lint_names_line_field_and_remedy() -> None:
    """What the API server would refuse is refused on the laptop already."""
    result = _run("lint", "-", "-o", "json", stdin=TWO.replace("8012", "80120"))

    answer = json.loads(result.stdout)
    assert (1, 1) == (result.exit_code, answer["errors"])
    assert "standard input:10: spec.ports.http.port" == answer["problems"][0]["path"]


def test_warnings_fail_only_when_asked_to() -> None:
    """A provider that is not there yet is no error, unless a pipeline is strict."""
    alone = TWO.partition("---")[0]

    assert (0, 1) == (_run("lint", "-", stdin=alone).exit_code, _run("lint", "--strict", "-", stdin=alone).exit_code)


def test_every_generated_field_is_explained() -> None:
    """No field without a cause."""
    fields = json.loads(_run("explain", "-", "-o", "json").stdout)["fields"]

    assert [] == [field for field in fields if not field["causes"]]


def test_a_field_can_be_asked_for_alone() -> None:
    """By kind and a part of its path."""
    fields = json.loads(_run("explain", "-", "HorizontalPodAutoscaler/minReplicas", "-o", "json").stdout)["fields"]

    assert [("orders", "spec.minReplicas"), ("payments", "spec.minReplicas")] == [
        (field["name"], field["path"]) for field in fields
    ]


def test_crds_are_what_the_repository_holds() -> None:
    """``concordat crds`` prints the very files of ``crds/``."""
    printed = list(yaml.safe_load_all(_run("crds").stdout))
    held = [yaml.safe_load(file.read_text()) for file in sorted((Path(__file__).parents[2] / "crds").glob("*.yaml"))]

    assert held == printed


@pytest.mark.parametrize("name", [command for panel in COMMANDS.values() for command in panel])
def test_every_command_helps_with_examples(name: str) -> None:
    """`--help` says what it does and shows how."""
    found = _commands(main.get_command(click.Context(main), name))

    assert [] == [item.name for item in found if "concordat" not in (item.help or "").partition("Examples:")[2]]
    assert 0 == _run(name, "--help").exit_code


def test_text_from_a_resource_never_steers_the_terminal() -> None:
    """Escapes in a file are printed as text or not at all."""
    result = _run("lint", "-", stdin=TWO.replace("name: orders", 'name: "\\x1b]8;;http://evil\\x07orders"'))

    assert "\x1b" not in result.stdout + result.stderr
