"""
``concordat dashboard``: a Microservice's Grafana dashboard, before there is a Grafana.
"""

from collections.abc import Collection, Sequence

import rich_click as click

from concordat.api import Microservice, resolve
from concordat.cli import files
from concordat.cli.offline import World
from concordat.cli.output import emit_yaml, fail, out
from concordat.dashboards.delivery import as_json
from concordat.dashboards.service import service_dashboard
from concordat.facts import Platform
from concordat.observability.subjects import drawn
from concordat.resources import kinds

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
    installed = {kinds.GRAFANA_DASHBOARD.kind} if form == "operator" else ()
    service, world = among(filenames, name, namespace, Platform(traces_url=jaeger), installed)
    if form == "json":
        out.file.write(as_json(service_dashboard(drawn(resolve(service), world.facts(service)))))
        return
    emit_yaml([child.manifest for child in world.planned(service).children if child.name.endswith("-dashboard")])


def among(
    filenames: Sequence[str], name: str, namespace: str, platform: Platform, installed: Collection[str] = ()
) -> tuple[Microservice, World]:
    """The service called ``name``, or the only one there is, and the world it is in; fails with what there is instead."""
    every = files.microservices(files.read(filenames), namespace=namespace)
    found = [service for service, _ in every if name in ("", service.name)]
    if len(found) != 1:
        where, known = ", ".join(filenames), ", ".join(service.name for service, _ in every)
        fail(
            f"{where} holds {len(found)} Microservices{f' called {name}' if name else ''}; say which by --service: {known}"
            if every
            else f"no Microservice in {where}"
        )
    documents = (document.content for _, document in every)
    return found[0], World(documents, namespace=namespace, installed=installed, platform=platform)


COMMANDS = [dashboard]
