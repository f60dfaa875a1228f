"""
``concordat slo``: what the objectives of a Microservice become, and proof that it works.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import rich_click as click
from rich.table import Table

from concordat import conventions
from concordat.cli import files
from concordat.cli.offline import World
from concordat.cli.output import EXIT_FAILED, as_yaml, emit_json, emit_yaml, fail, notes, out, output_option, styled
from concordat.cli.slo_report import report_command
from concordat.dashboards.service import service_uid
from concordat.errors import InvalidInput, Problem
from concordat.facts import Platform
from concordat.records import RUNBOOKS
from concordat.resources import kinds
from concordat.slo.chart import detection_chart
from concordat.slo.declaration import read
from concordat.slo.objective import Links, Objective, ServiceIdentity, ServiceObjectives
from concordat.slo.proof import promtool_tests
from concordat.slo.rules import measure
from concordat.slo.simulation import Incident, simulate
from concordat.slo.windows import PERIODS

_namespace = click.option(
    "-n", "--namespace", default="default", show_default=True, help="Namespace of what does not state one."
)
_grafana = click.option("--grafana", default="", help="Address of Grafana, for the dashboard links of alerts.")
_runbooks = click.option("--runbooks", default=RUNBOOKS, show_default=True, help="Address of the runbooks.")


@click.group("slo")
def slo() -> None:
    """
    Objectives: the rules they become, the tests of these rules, and what they would do.

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
@_namespace
@_grafana
@_runbooks
def rules(filenames: Sequence[str], form: str, namespace: str, grafana: str, runbooks: str) -> None:
    """
    The recording rules and alerts of the Microservices in FILENAMES, as the operator delivers them.

    \b
    Examples:
      concordat slo rules orders.yaml > rules.yaml && promtool check rules rules.yaml
      concordat slo rules services/ --format operator | kubectl apply -f -
    """
    _services(filenames, namespace, grafana, runbooks)  # refuses with the line what a plan refuses without it
    found = files.microservices(files.read(filenames), namespace=namespace)
    world = World(
        (document.content for _, document in found),
        namespace=namespace,
        installed={kinds.PROMETHEUS_RULE.kind},
        platform=Platform(grafana_url=grafana, runbooks_url=runbooks),
    )
    built = [
        child.manifest
        for service, _ in found
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
@_namespace
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
    every = [promtool_tests(of, rule_file=rule_file) for of in _services(filenames, namespace, grafana, runbooks)]
    emit_yaml([{**every[0], "tests": [test for each in every for test in each["tests"]]}])


@slo.command("lint")
@click.argument("filenames", nargs=-1, required=True)
@_namespace
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
    problems: list[Problem] = []
    for document in _documents(filenames):
        try:
            measure(read(document.content, links=Links(dashboard=""), namespace=namespace))
        except InvalidInput as error:
            problems += [files.located(problem, document) for problem in error.problems]
    if output == "json":
        emit_json({"problems": [{"path": problem.path, "message": problem.message} for problem in problems]})
    for problem in problems if output == "text" else ():
        out.print(styled("error: ", "red"), styled(problem), sep="")
    if not problems and output == "text":
        out.print(styled("every objective can be measured", "green"))
    if problems:
        raise SystemExit(EXIT_FAILED)


@slo.command("simulate")
@click.argument("filename", required=False)
@click.option("--objective", "name", default="", help="Name of the objective in FILENAME; its first if left out.")
@click.option("--target", default="99.9", show_default=True, help="Percent, where no FILENAME is given.")
@click.option("--window", type=click.Choice(list(PERIODS)), default="30d", show_default=True, help="As --target.")
@click.option("--errors", default="100,10,5,2,1,0.5,0.2", show_default=True, help="Percentages of bad events to try.")
@click.option("--rate", default=100, show_default=True, type=click.IntRange(1, 1_000_000), help="Events a second.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write a chart to this file.")
@_namespace
@output_option
def simulate_command(
    filename: str | None,
    name: str,
    target: str,
    window: str,
    errors: str,
    rate: int,
    svg: Path | None,
    namespace: str,
    output: str,
) -> None:
    """
    When would somebody be paged, when would it end, and what would be left of the budget?

    Plays the very rules the operator would write through invented traffic: a clean past, then this share of bad events,
    then recovery. Beside every time stands the one of the SRE workbook's formula.

    \b
    Examples:
      concordat slo simulate --target 99.95 --window 28d
      concordat slo simulate orders.yaml --objective latency --errors 50,5 --svg detection.svg
    """
    of = _one(filename, name, target, window, namespace)
    objective = of.objectives[0]
    incidents = []
    with notes.status("Simulating ...") as status:
        for percent in _percentages(errors):
            status.update(f"Simulating {percent}% of bad events ...")
            incidents.append(simulate(of, objective, percent / 100, events_per_second=rate))
    if svg:
        title = f"{objective.name}, {objective.target}% over {objective.window}: minutes until an alert fires"
        svg.write_text(detection_chart(incidents, title=title), encoding="utf-8")
        notes.print(f"wrote {svg}")
    if output == "json":
        emit_json(
            {"objective": objective.name, "target": float(objective.target), "incidents": list(map(_row, incidents))}
        )
    else:
        out.print(_table(objective, incidents))


def _one(filename: str | None, name: str, target: str, window: str, namespace: str) -> ServiceObjectives:
    if filename is None:
        service = ServiceIdentity(name="example", namespace=namespace, team="example")
        objective = Objective(name="availability", target=_decimal(target, "--target"), window=window)
        if not 0 < objective.target < 100:
            fail(f"--target: {target} must be above 0 and below 100")
        return ServiceObjectives(service=service, objectives=(objective,), links=Links(dashboard=""))
    of = _services([filename], namespace, "", RUNBOOKS)[0]
    chosen = [objective for objective in of.objectives if not name or objective.name == name]
    if not chosen:
        known = ", ".join(objective.name for objective in of.objectives) or "none"
        fail(f"{filename} has no objective {name or 'at all'}; there are: {known}")
    return ServiceObjectives(
        service=of.service,
        objectives=(chosen[0],),
        links=of.links,
        profile=of.profile,
        scrape_interval=of.scrape_interval,
    )


def _percentages(text: str) -> list[Decimal]:
    found = [_decimal(part, "--errors") for part in text.split(",") if part.strip()]
    if not found or not all(0 < percent <= 100 for percent in found):
        fail(f"--errors: {text!r} must be percentages above 0 and up to 100, like 100,10,1")
    return sorted(found, reverse=True)


def _decimal(text: str, option: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        fail(f"{option}: {text!r} is no number")


def _row(incident: Incident) -> dict[str, Any]:
    return {
        "error_ratio": float(incident.error_ratio),
        "minutes": {found.tier.name: found.fires for found in incident.detections},
        "formula_minutes": {found.tier.name: found.formula for found in incident.detections},
        "reset_minutes": incident.reset,
        "incident_minutes": incident.minutes,
        "budget_spent": incident.budget_spent,
        "budget_spent_true": incident.budget_spent_truth,
    }


def _table(objective: Objective, incidents: Sequence[Incident]) -> Table:
    table = Table(
        title=f"{objective.name}: {objective.target}% over {objective.window}\n"
        "Minutes until each alert fires (by the workbook's formula), until the page ends,\n"
        "and the share of the budget that is gone when it comes",
        title_justify="left",
    )
    for heading in ("bad", *(found.tier.name.replace("-", "\n") for found in incidents[0].detections)):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("page\nends", justify="right", no_wrap=True)
    table.add_column("gone at\nthe page", justify="right", no_wrap=True)
    for incident in incidents:
        table.add_row(
            f"{100 * float(incident.error_ratio):g}%",
            *(_times(found.fires, found.formula) for found in incident.detections),
            "-" if incident.reset is None else f"{incident.reset:g}",
            _gone(objective, incident),
        )
    return table


def _times(fires: float | None, formula: float | None) -> str:
    if fires is None:
        return "-"
    return f"{fires:g}\n({formula:.1f})" if formula is not None else f"{fires:g}"


def _gone(objective: Objective, incident: Incident) -> str:
    """What is spent between the first bad event and the first page."""
    pages = [
        found.fires for found in incident.detections if found.fires is not None and found.tier.severity == "critical"
    ]
    if not pages:
        return "-"
    share = min(pages) * 60 * float(incident.error_ratio) / (objective.period * float(objective.budget))
    return f"{100 * share:.1f}%"


def _documents(filenames: Sequence[str]) -> list[files.Document]:
    found = [d for d in files.read(filenames) if d.content.get("kind") == conventions.MICROSERVICE]
    if not found:
        fail(f"no Microservice in {', '.join(filenames)}")
    return found


def _services(filenames: Sequence[str], namespace: str, grafana: str, runbooks: str) -> list[ServiceObjectives]:
    services: list[ServiceObjectives] = []
    problems: list[Problem] = []
    for document in _documents(filenames):
        metadata = document.content.get("metadata") or {}
        where = (str(metadata.get("namespace") or namespace), str(metadata.get("name")))
        links = Links(dashboard=f"{grafana.rstrip('/')}/d/{service_uid(*where)}", runbooks=runbooks)
        try:
            of = read(document.content, links=links, namespace=namespace)
            measure(of)
            services.append(of)
        except InvalidInput as error:
            problems += [files.located(problem, document) for problem in error.problems]
    if problems:
        raise InvalidInput(tuple(problems))
    return services


slo.add_command(report_command)

COMMANDS = [slo]
