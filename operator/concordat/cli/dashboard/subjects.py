"""
One service, or one contract, among those in files: whose dashboard is meant.
"""

from collections.abc import Collection, Sequence

import rich_click as click

from concordat.api import Microservice, ServiceContract
from concordat.cli import files
from concordat.cli.offline import World
from concordat.cli.output import fail
from concordat.facts import Platform
from concordat.observability.dashboards.board import Dashboard
from concordat.observability.dashboards.contract import contract_dashboard

service_option = click.option("--service", "name", default="", help="Which, where there are several.")
contract_option = click.option("--contract", default="", help="The dashboard of this ServiceContract instead.")
namespace_option = click.option(
    "-n", "--namespace", default="default", show_default=True, help="Namespace, where none is stated."
)


def not_both(service: str, contract: str) -> None:
    """Fails where two dashboards are asked for."""
    if service and contract:
        fail("--service and --contract are two dashboards: ask for one of them")


def among(
    filenames: Sequence[str], name: str, namespace: str, platform: Platform, installed: Collection[str] = ()
) -> tuple[Microservice, World]:
    """The service called ``name``, or the only one there is, and the world it is in; fails with what there is instead."""
    read = files.read(filenames)
    every = files.microservices(read, namespace=namespace)
    found = [service for service, _ in every if name in ("", service.name)]
    if len(found) != 1:
        where, known = ", ".join(filenames), ", ".join(service.name for service, _ in every)
        fail(
            f"{where} holds {len(found)} Microservices{f' called {name}' if name else ''}; say which by --service: {known}"
            if every
            else f"no Microservice in {where}"
        )
    declared = files.declared(read, namespace=namespace)
    return found[0], World(declared, namespace=namespace, installed=installed, platform=platform)


def contract_among(
    filenames: Sequence[str], name: str, namespace: str, platform: Platform, installed: Collection[str] = ()
) -> tuple[ServiceContract, World]:
    """The contract called ``name``, and the world it is in; fails with what there is instead."""
    declared = files.declared(files.read(filenames), namespace=namespace)
    world = World(declared, namespace=namespace, installed=installed, platform=platform)
    found = next((contract for contract in world.contracts if contract.name == name), None)
    if found is None:
        known = ", ".join(contract.name for contract in world.contracts)
        fail(f"no ServiceContract called {name} in {', '.join(filenames)}{f'; there are {known}' if known else ''}")
    return found, world


def board_of_contract(contract: ServiceContract, world: World) -> Dashboard:
    """Its dashboard; fails where nobody provides it."""
    found = world.drawn_contract(contract)
    if found is None:
        fail(
            f"no Microservice in these files provides {contract.name}, so there is nothing to draw:"
            " give the provider's file as well"
        )
    return contract_dashboard(found)
