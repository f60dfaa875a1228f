"""
``concordat plan``: what a change would do to a cluster, before it does it.

The operator's own code plans; the API server says by dry run what each object would become, defaults and admission
included; nothing is written.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import rich_click as click
from rich.text import Text

from concordat.api import Microservice
from concordat.cli import files
from concordat.cli.cluster_access import Cluster, all_namespaces_option, cluster_options, namespace_option
from concordat.cli.offline import World
from concordat.cli.output import EXIT_FAILED, EXIT_UNUSABLE, emit_json, fail, notes, out, output_option, styled
from concordat.cli.service.dry_run import Forecast, forecast
from concordat.facts import Platform
from concordat.manifest.difference import ABSENT
from concordat.plan.consequences import Severity
from concordat.reconcile import configuration
from concordat.resources import kinds

_COLOURS = {Severity.NOTHING: "green", Severity.NOTICE: "yellow", Severity.DISRUPTION: "red"}
_SIGNS = {"create": ("+", "green"), "change": ("~", "yellow"), "delete": ("-", "red")}


@click.command("plan")
@click.option(
    "-f",
    "--filename",
    "filenames",
    multiple=True,
    help="Files or folders with changed Microservices; - reads standard input.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Every Microservice that is there: what would this version of Concordat change?",
)
@click.option(
    "--setting",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the operator that would change: CONCORDAT_GATEWAY=...",
)
@click.option(
    "--fail-on", type=click.Choice([*map(str, Severity)]), help="Exit with 1 if something this bad would happen."
)
@namespace_option
@all_namespaces_option
@output_option
@cluster_options
def plan_command(
    cluster: Cluster,
    filenames: Sequence[str],
    everything: bool,
    settings: Sequence[str],
    fail_on: str | None,
    namespace: str | None,
    all_namespaces: bool,
    output: str,
) -> None:
    """
    What would change in the cluster, field by field, and what that does: do pods restart, does traffic drop, does a
    policy narrow?

    With --all, for every service as it is: the effect of a new release, or of other settings of the operator. The
    settings are those of the operator that runs in the cluster, unless --setting says otherwise. Writes nothing.

    \b
    Examples:
      concordat plan -f orders.yaml
      concordat plan --all -A                           before upgrading the operator
      concordat plan --all -A --setting CONCORDAT_MONITORING_NAMESPACE=observability
      concordat plan -f services/ --fail-on disruption  in a pipeline
    """
    if bool(filenames) == everything:
        fail("give files with -f, or --all for what is in the cluster")
    where = None if all_namespaces else namespace or cluster.namespace
    changed = [document.content for service, document in _parsed(filenames, where)]
    world, subjects = _world(cluster, changed, where, _platform(cluster, settings))
    unreadable = [f"{reference}: {problem}" for reference, found in world.unreadable.items() for problem in found]

    forecasts = []
    for number, service in enumerate(subjects, start=1):
        if len(subjects) > 5:
            notes.print(f"[dim]{number} of {len(subjects)}: {service.reference}[/]")
        forecasts.append(forecast(cluster, world, service))

    if output == "json":
        emit_json({"services": [_plain(forecast) for forecast in forecasts], "unreadable": unreadable})
    else:
        for line in unreadable:
            out.print(Text.assemble(("cannot be read by this version: ", "red"), styled(line)))
        for one in forecasts:
            _show(one)
        _sum_up(forecasts, unreadable)
    refused = unreadable or any(forecast.refusals or not forecast.plan.flawless for forecast in forecasts)
    order = list(Severity)
    if refused or (
        fail_on and any(order.index(forecast.worst) >= order.index(Severity(fail_on)) for forecast in forecasts)
    ):
        raise SystemExit(EXIT_FAILED)


def _parsed(filenames: Sequence[str], namespace: str | None) -> list[tuple[Microservice, files.Document]]:
    found = files.microservices(files.read(filenames), namespace=namespace or "default")
    if filenames and not found:
        fail(f"no Microservice in {', '.join(filenames)}", code=EXIT_UNUSABLE)
    return found


def _platform(cluster: Cluster, settings: Sequence[str]) -> Platform:
    found = cluster.operator_settings()
    if not found:
        notes.print("no operator's settings to be seen in this cluster: planning with the defaults")
    stated = dict(setting.partition("=")[::2] for setting in settings)
    return configuration.read(found | stated).engine.platform


def _world(
    cluster: Cluster, changed: Sequence[dict[str, Any]], namespace: str | None, platform: Platform
) -> tuple[World, list[Microservice]]:
    """The cluster's Microservices, with the changed ones in the place of what they change; and whom to plan for."""
    default = namespace or cluster.namespace
    live = {_reference(item, default): item for item in cluster.microservices(namespace=None)}
    stated = {_reference(item, default): item for item in changed}
    merged = {reference: _edited(live.get(reference, {}), item) for reference, item in stated.items()}
    installed = {kind.kind for kind in kinds.ALL if kind.optional and _serves(cluster, kind.path, kind.plural)}
    contracts = cluster.contracts(namespace=None)
    world = World([*{**live, **merged}.values(), *contracts], namespace=default, installed=installed, platform=platform)
    if not stated:
        return world, [service for service in world.services if namespace in (None, service.namespace)]
    before = World([*live.values(), *contracts], namespace=default, installed=installed, platform=platform)
    return world, [
        service for service in world.services if service.reference in stated or _moved(service, before, world)
    ]


def _edited(live: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """As it would be with the spec of ``item``: as old as it is, holding what it holds and does not give up."""
    claimed = ((item["spec"].get("routing") or {}).get("hosts")) or ()
    held = [host for host in (live.get("status") or {}).get("hosts") or () if host in claimed]
    return {**item, "metadata": {**live.get("metadata", {}), **item["metadata"]}, "status": {"hosts": held}}


def _moved(service: Microservice, before: World, after: World) -> bool:
    """A neighbour of what changes: what it may know of the others differs, and with it what is built for it."""
    return service in before and before.facts(service) != after.facts(service)


def _reference(item: Mapping[str, Any], default: str) -> str:
    return f"{item['metadata'].get('namespace') or default}/{item['metadata']['name']}"


def _serves(cluster: Cluster, path: str, plural: str) -> bool:
    found = cluster.get(path, missing={"resources": []})
    return any(resource["name"] == plural for resource in found["resources"])


def _show(forecast: Forecast) -> None:
    out.print(Text.assemble(styled(forecast.plan.service.reference, "bold")))
    for violation in (*forecast.plan.violations, *forecast.plan.notices):
        colour = "red" if violation.is_error else "yellow"
        out.print(Text.assemble("  ", styled(f"{violation.reason}: ", colour), styled(violation.problem)))
    if forecast.paused:
        out.print("  paused: nothing changes while the annotation says hands off")
    for refusal in forecast.refusals:
        out.print(Text.assemble("  ", ("refused: ", "red"), styled(refusal)))
    for change in forecast.changes:
        sign, colour = _SIGNS[change.action]
        out.print(Text.assemble(f"  {sign} ", styled(change.child, colour)))
        for field in change.changes:
            out.print(
                Text.assemble("      ", styled(field.path, "dim"), f"  {_short(field.before)} → {_short(field.after)}")
            )
        for consequence in change.consequences:
            out.print(Text.assemble("    => ", styled(consequence.text, _COLOURS[consequence.severity])))


def _short(value: Any) -> str:
    if value is ABSENT:
        return "∅"
    text = str(styled(value))
    return text if len(text) <= 80 else f"{text[:79]}…"


def _sum_up(forecasts: Sequence[Forecast], unreadable: Sequence[str]) -> None:
    changed = [forecast for forecast in forecasts if forecast.changes]
    if (
        not changed
        and not unreadable
        and not any(forecast.refusals or not forecast.plan.flawless for forecast in forecasts)
    ):
        out.print(styled(f"{len(forecasts)} services: nothing would change", "green"))
        return
    restarts = sum(any("restart, one" in c.text for change in f.changes for c in change.consequences) for f in changed)
    disruptions = sum(forecast.worst is Severity.DISRUPTION for forecast in changed)
    out.print(
        f"{len(changed)} of {len(forecasts)} services change, pods restart in {restarts}, {disruptions} with a disruption"
    )


def _plain(forecast: Forecast) -> dict[str, Any]:
    def value(found: Any) -> Any:
        return None if found is ABSENT else found

    return {
        "service": forecast.plan.service.reference,
        "complete": forecast.plan.complete,
        "worst": str(forecast.worst),
        "paused": forecast.paused,
        "refusals": list(forecast.refusals),
        "problems": [
            {
                "reason": item.reason,
                "path": item.problem.path,
                "severity": item.problem.severity,
                "message": item.problem.message,
            }
            for item in (*forecast.plan.violations, *forecast.plan.notices)
        ],
        "changes": [
            {
                "kind": change.child.kind,
                "name": change.child.name,
                "action": change.action,
                "fields": [
                    {"path": f.path, "before": value(f.before), "after": value(f.after)} for f in change.changes
                ],
                "consequences": [{"severity": str(c.severity), "text": c.text} for c in change.consequences],
            }
            for change in forecast.changes
        ],
    }


COMMANDS = [plan_command]
