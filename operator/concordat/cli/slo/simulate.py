"""
``concordat slo simulate``: an objective's alerts, before there is an incident.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import rich_click as click
from rich.table import Table

from concordat.cli.output import emit_json, fail, notes, out, output_option
from concordat.cli.slo.subjects import namespace_option, services
from concordat.manifest.conventions import RUNBOOKS
from concordat.observability.slo.rules.objective import Links, Objective, ServiceIdentity, ServiceObjectives
from concordat.observability.slo.rules.windows import PERIODS
from concordat.observability.slo.simulation.chart import detection_chart
from concordat.observability.slo.simulation.playback import Incident, simulate


@click.command("simulate")
@click.argument("filename", required=False)
@click.option("--objective", "name", default="", help="Name of the objective in FILENAME; its first if left out.")
@click.option("--target", default="99.9", show_default=True, help="Percent, where no FILENAME is given.")
@click.option("--window", type=click.Choice(list(PERIODS)), default="30d", show_default=True, help="As --target.")
@click.option("--errors", default="100,10,5,2,1,0.5,0.2", show_default=True, help="Percentages of bad events to try.")
@click.option("--rate", default=100, show_default=True, type=click.IntRange(1, 1_000_000), help="Events a second.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write a chart to this file.")
@namespace_option
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
    of = services([filename], namespace, "", RUNBOOKS)[0]
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
