"""
``concordat dashboard``: a Microservice's Grafana dashboard, before there is a Grafana.
"""

from collections.abc import Mapping, Sequence
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

_chosen = click.option("--service", "name", default="", help="Which, where there are several.")
_namespace = click.option("-n", "--namespace", default="default", help="Namespace, where none is stated.")


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
@click.argument("filenames", nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "configmap", "operator"]),
    default="json",
    show_default=True,
    help="Grafana's JSON, a ConfigMap for its sidecar, or a GrafanaDashboard for grafana-operator.",
)
@_chosen
@_namespace
@click.option("--jaeger", default="", help="Address of Jaeger, for the link to traces.")
def show(filenames: Sequence[str], form: str, name: str, namespace: str, jaeger: str) -> None:
    """
    The dashboard of a Microservice in FILENAMES; of whom it consumes and who consumes it, what the same files say.

    \b
    Examples:
      concordat dashboard show orders.yaml > orders.json        import it in Grafana
      concordat dashboard show services/ --service orders --format configmap | kubectl apply -f -
    """
    service = chosen(filenames, name, namespace, Places(traces=jaeger))
    drawn: Dashboard = service_dashboard(service)
    where = {"name": service.name, "namespace": service.namespace, "folder": service.team}
    match form:
        case "configmap":
            emit_yaml([config_map(drawn, **where)])
        case "operator":
            emit_yaml([grafana_dashboard(drawn, **where, instances={"dashboards": "grafana"})])
        case _:
            out.file.write(as_json(drawn))


def chosen(filenames: Sequence[str], name: str, namespace: str, places: Places) -> Service:
    """The service called ``name``, or the only one there is; fails with what there is instead."""
    every = [_placed(d.content, namespace) for d in files.read(filenames) if _is_microservice(d.content)]
    found = [each for each in every if name in ("", each["metadata"].get("name"))]
    if len(found) != 1:
        known = ", ".join(str(each["metadata"].get("name")) for each in every)
        where = ", ".join(filenames)
        fail(
            f"{where} holds {len(found)} Microservices{f' called {name}' if name else ''}; say which by --service: {known}"
            if every
            else f"no Microservice in {where}"
        )
    return _service(found[0], every, places)


def _is_microservice(content: Mapping[str, Any]) -> bool:
    return bool(content.get("kind") == conventions.MICROSERVICE)


def _placed(content: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    """With the namespace it would get."""
    return {**content, "metadata": {"namespace": namespace, **(content.get("metadata") or {})}}


def _service(manifest: Mapping[str, Any], every: Sequence[Mapping[str, Any]], places: Places) -> Service:
    of = read(manifest, links=Links(dashboard=""))
    spec = manifest.get("spec") or {}
    profile = PROFILES[of.profile]
    scaling = spec.get("scaling") or {}
    messaging = spec.get("messaging") or {}
    known = {_reference(each): each for each in every}
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
        consumes=tuple(_consumed(use, known, of.service.namespace) for use in spec.get("consumes") or ()),
        consumed_by=tuple(
            Neighbour(namespace=namespace, name=name)
            for (namespace, name), other in known.items()
            for use in (other.get("spec") or {}).get("consumes") or ()
            if _asked(use, namespace) == (of.service.namespace, of.service.name)
        ),
        queues=tuple(messaging.get("subscribes") or ()),
        places=places,
    )


def _reference(manifest: Mapping[str, Any]) -> tuple[str, str]:
    return str(manifest["metadata"]["namespace"]), str(manifest["metadata"].get("name"))


def _asked(use: Mapping[str, Any], namespace: str) -> tuple[str, str]:
    """Namespace and name of what is consumed from ``namespace``."""
    given, slash, name = str(use.get("service") or use.get("contract")).partition("/")
    return (given, name) if slash else (namespace, given)


def _consumed(use: Mapping[str, Any], known: Mapping[tuple[str, str], Mapping[str, Any]], namespace: str) -> Neighbour:
    """HTTP unless the ports that are asked for, or all the provider has, are called otherwise."""
    where = _asked(use, namespace)
    provider = known.get(where) or {}
    ports = use.get("ports") or (provider.get("spec") or {}).get("ports") or ["http"]
    return Neighbour(namespace=where[0], name=where[1], http=any(str(port).startswith("http") for port in ports))


COMMANDS = [dashboard]
