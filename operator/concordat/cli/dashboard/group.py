"""
``concordat dashboard``: the Grafana dashboard of a Microservice or of a contract, before there is a Grafana.
"""

from collections.abc import Collection, Sequence

import rich_click as click

from concordat.api import resolve
from concordat.cli.dashboard.preview import preview
from concordat.cli.dashboard.subjects import (
    among,
    board_of_contract,
    contract_among,
    contract_option,
    namespace_option,
    not_both,
    service_option,
)
from concordat.cli.output import emit_yaml, out
from concordat.facts import Platform
from concordat.manifest import PlannedChild
from concordat.observability.dashboards.delivery import as_json
from concordat.observability.dashboards.service import service_dashboard
from concordat.observability.subjects import drawn
from concordat.resources import kinds


@click.group("dashboard")
def dashboard() -> None:
    """
    Dashboards, as Grafana reads them.

    The operator delivers the same one for every Microservice and every ServiceContract by itself.

    \b
    Examples:
      concordat dashboard show orders.yaml > orders.json
      concordat dashboard show orders.yaml --format configmap | kubectl apply -f -
      concordat dashboard preview orders.yaml --prometheus http://localhost:9090
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
@service_option
@contract_option
@namespace_option
@click.option("--jaeger", default="", help="Address of Jaeger, for the link to traces.")
def show(filenames: Sequence[str], form: str, name: str, contract: str, namespace: str, jaeger: str) -> None:
    """
    The dashboard of a Microservice in FILENAMES, or of a ServiceContract; of whom it consumes and who consumes it, what the same files say.

    \b
    Examples:
      concordat dashboard show orders.yaml > orders.json        import it in Grafana
      concordat dashboard show services/ --service orders --format configmap | kubectl apply -f -
      concordat dashboard show services/ --contract orders-api > orders-api.json
    """
    not_both(name, contract)
    installed = {kinds.GRAFANA_DASHBOARD.kind} if form == "operator" else ()
    if contract:
        _show_contract(filenames, form, contract, namespace, Platform(traces_url=jaeger), installed)
        return
    service, world = among(filenames, name, namespace, Platform(traces_url=jaeger), installed)
    if form == "json":
        out.file.write(as_json(service_dashboard(drawn(resolve(service), world.facts(service)))))
        return
    emit_yaml([child.manifest for child in world.planned(service).children if _is_dashboard(child)])


def _show_contract(
    filenames: Sequence[str], form: str, name: str, namespace: str, platform: Platform, installed: Collection[str]
) -> None:
    contract, world = contract_among(filenames, name, namespace, platform, installed)
    board = board_of_contract(contract, world)
    if form == "json":
        out.file.write(as_json(board))
        return
    emit_yaml([child.manifest for child in world.planned_contract(contract).children if _is_dashboard(child)])


def _is_dashboard(child: PlannedChild) -> bool:
    return child.name.endswith("-dashboard")


dashboard.add_command(preview)

COMMANDS = [dashboard]
