"""
``concordat dashboard``: a Microservice's Grafana dashboard, before there is a Grafana.
"""

from collections.abc import Mapping
from typing import Any

import rich_click as click

from concordat import conventions
from concordat.cli import files
from concordat.cli.output import emit_yaml, fail, out
from concordat.dashboards.delivery import as_json, config_map, grafana_dashboard
from concordat.dashboards.model import Dashboard
from concordat.dashboards.service import service_dashboard
from concordat.dashboards.subject import Neighbour, Places, Promise, Requests, Service
from concordat.slo.declaration import read
from concordat.slo.objective import Links
from concordat.slo.profiles import PROFILES


@click.group("dashboard")
def dashboard() -> None:
    """
    Dashboards, as Grafana reads them.

    \b
    Examples:
      concordat dashboard show orders.yaml > orders.json
      concordat dashboard show orders.yaml --format configmap | kubectl apply -f -
    """


@dashboard.command("show")
@click.argument("filename")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "configmap", "operator"]),
    default="json",
    show_default=True,
    help="Grafana's JSON, a ConfigMap for its sidecar, or a GrafanaDashboard for grafana-operator.",
)
@click.option("-n", "--namespace", default="default", show_default=True, help="Namespace, where none is stated.")
@click.option("--jaeger", default="", help="Address of Jaeger, for the link to traces.")
def show(filename: str, form: str, namespace: str, jaeger: str) -> None:
    """
    The dashboard of the Microservice in FILENAME.

    \b
    Examples:
      concordat dashboard show orders.yaml > orders.json        import it in Grafana
      concordat dashboard show orders.yaml --format configmap | kubectl apply -f -
    """
    found = [d.content for d in files.read([filename]) if d.content.get("kind") == conventions.MICROSERVICE]
    if not found:
        fail(f"no Microservice in {filename}")
    service = _service(found[0], namespace, Places(traces=jaeger))
    drawn: Dashboard = service_dashboard(service)
    where = {"name": service.name, "namespace": service.namespace, "folder": service.team}
    match form:
        case "configmap":
            emit_yaml([config_map(drawn, **where)])
        case "operator":
            emit_yaml([grafana_dashboard(drawn, **where, instances={"dashboards": "grafana"})])
        case _:
            out.file.write(as_json(drawn))


def _service(manifest: Mapping[str, Any], namespace: str, places: Places) -> Service:
    of = read(manifest, links=Links(dashboard=""), namespace=namespace)
    spec = manifest.get("spec") or {}
    profile = PROFILES[of.profile]
    scaling = spec.get("scaling") or {}
    messaging = spec.get("messaging") or {}
    return Service(
        namespace=of.service.namespace,
        name=of.service.name,
        team=of.service.team,
        tier=of.service.tier,
        requests=Requests(
            counter=profile.requests,
            durations=profile.durations,
            matchers=profile.identity(of.service),
            code=profile.code,
            errors=profile.errors,
            route=profile.route,
            milliseconds=profile.milliseconds,
            native=profile.native,
        ),
        promises=tuple(
            Promise(name=promised.name, target=promised.target, below=promised.below, window=promised.period)
            for promised in of.objectives
        ),
        autoscaled=scaling.get("max", 0) > scaling.get("min", 0),
        consumes=tuple(_neighbour(use, of.service.namespace) for use in spec.get("consumes") or ()),
        queues=tuple(messaging.get("subscribes") or ()),
        places=places,
    )


def _neighbour(use: Mapping[str, Any], namespace: str) -> Neighbour:
    reference = str(use.get("service") or use.get("contract"))
    given, slash, name = reference.partition("/")
    return Neighbour(namespace=given, name=name) if slash else Neighbour(namespace=namespace, name=given)


COMMANDS = [dashboard]
