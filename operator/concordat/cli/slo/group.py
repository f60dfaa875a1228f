"""
``concordat slo``: what the objectives of a Microservice become, and proof that it works.
"""

from collections.abc import Sequence

import rich_click as click

from concordat.cli.output import EXIT_FAILED, as_yaml, emit_json, emit_yaml, out, output_option, styled
from concordat.cli.slo.report import report_command
from concordat.cli.slo.simulate import simulate_command
from concordat.cli.slo.subjects import documents_of, mistakes, namespace_option, services, together, unwatched
from concordat.manifest.conventions import RUNBOOKS
from concordat.observability.slo.simulation.proof import promtool_tests
from concordat.resources import kinds

_grafana = click.option("--grafana", default="", help="Address of Grafana, for the dashboard links of alerts.")
_runbooks = click.option("--runbooks", default=RUNBOOKS, show_default=True, help="Address of the runbooks.")


@click.group("slo")
def slo() -> None:
    """
    Objectives: the rules they become, the tests of these rules, and what they would do.

    They read files and need no cluster. The operator makes the same rules of every Microservice by itself.

    \b
    Examples:
      concordat slo simulate --target 99.95
      concordat slo rules orders.yaml > rules.yaml
      concordat slo tests orders.yaml --rules rules.yaml > tests.yaml && promtool test rules tests.yaml
      concordat slo report --prometheus http://localhost:9090
    """


@slo.command("rules")
@click.argument("filenames", nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["prometheus", "operator"]),
    default="prometheus",
    show_default=True,
    help="A rule file for Prometheus, or PrometheusRules for prometheus-operator.",
)
@namespace_option
@_grafana
@_runbooks
def rules(filenames: Sequence[str], form: str, namespace: str, grafana: str, runbooks: str) -> None:
    """
    The recording rules and alerts of the Microservices in FILENAMES, as the operator delivers them.

    Of the contracts they provide, those in the same files are watched, too.

    \b
    Examples:
      concordat slo rules orders.yaml > rules.yaml && promtool check rules rules.yaml
      concordat slo rules services/ --format operator | kubectl apply -f -
    """
    found, world = together(filenames, namespace, grafana, runbooks)
    built = [
        child.manifest
        for service in found
        for child in world.planned(service).children
        if child.kind is kinds.PROMETHEUS_RULE
    ]
    if form == "operator":
        emit_yaml(built)
    else:
        out.file.write(as_yaml([{"groups": [group for rule in built for group in rule["spec"]["groups"]]}]))


@slo.command("tests")
@click.argument("filenames", nargs=-1, required=True)
@click.option(
    "--rules", "rule_file", default="rules.yaml", show_default=True, help="The rule file the tests are about."
)
@namespace_option
@_grafana
@_runbooks
def tests(filenames: Sequence[str], rule_file: str, namespace: str, grafana: str, runbooks: str) -> None:
    """
    promtool unit tests: every alert fires by the time the arithmetic allows, and is silent when it should be.

    RULES is what `concordat slo rules` wrote from the same files. The profile otel-native needs the promtool of
    Prometheus 2.48 or newer.

    \b
    Examples:
      concordat slo rules orders.yaml > rules.yaml
      concordat slo tests orders.yaml > tests.yaml
      promtool test rules tests.yaml
    """
    every = [promtool_tests(of, rule_file=rule_file) for of in services(filenames, namespace, grafana, runbooks)]
    emit_yaml([{**every[0], "tests": [test for each in every for test in each["tests"]]}])


@slo.command("lint")
@click.argument("filenames", nargs=-1, required=True)
@namespace_option
@output_option
def lint(filenames: Sequence[str], namespace: str, output: str) -> None:
    """
    Check that the objectives in FILENAMES can be measured, and can fire.

    Exits with 1 when one cannot.

    \b
    Examples:
      concordat slo lint services/
      concordat slo lint -o json orders.yaml
    """
    documents = documents_of(filenames)
    problems = mistakes(documents, namespace) or unwatched(documents, namespace)
    if output == "json":
        emit_json({"problems": [{"path": problem.path, "message": problem.message} for problem in problems]})
    for problem in problems if output == "text" else ():
        out.print(styled("error: ", "red"), styled(problem), sep="")
    if not problems and output == "text":
        out.print(styled("every objective can be measured", "green"))
    if problems:
        raise SystemExit(EXIT_FAILED)


slo.add_command(simulate_command)
slo.add_command(report_command)

COMMANDS = [slo]
