"""
``concordat render``: every object a Microservice or ServiceContract becomes, without a cluster. ``concordat crds``: what a cluster must know.
"""

from collections.abc import Sequence

import rich_click as click

from concordat.api.schema.crd import crds as definitions
from concordat.cli import files
from concordat.cli.offline import OPTIONAL, World
from concordat.cli.output import EXIT_FAILED, emit_json, emit_yaml, fail, notes, output_option, plain


@click.command("render")
@click.argument("filenames", nargs=-1, required=True)
@click.option("-n", "--namespace", default="default", show_default=True, help="Namespace of what does not state one.")
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(sorted(OPTIONAL)),
    help="As in a cluster that does not serve this kind.",
)
@output_option
def render(filenames: Sequence[str], namespace: str, without: Sequence[str], output: str) -> None:
    """
    Every object the Microservices and ServiceContracts in FILENAMES become, as YAML.

    Services in the files know each other; a service that is consumed and not among them is noted on standard error and
    its edge left out, as the operator would until it exists. From a contract that none of them provides nothing is built, and
    what tries running services (`spec.conformance`) is only made in a cluster.

    \b
    Examples:
      concordat render orders.yaml
      concordat render services/ -o json | jq '.items[].kind'
      kustomize build . | concordat render -
    """
    documents = files.read(filenames)
    found = files.microservices(documents, namespace=namespace)
    declared = files.declared(documents, namespace=namespace)
    if not declared:
        fail(f"no Microservice and no ServiceContract in {', '.join(filenames)}")
    world = World(declared, namespace=namespace, installed=OPTIONAL - set(without))
    plans = [world.planned(service) for service, _ in found]

    for decided, (service, document) in zip(plans, found, strict=True):
        for violation in (*decided.violations, *decided.notices):
            colour = "red" if violation.is_error else "yellow"
            problem = files.located(violation.problem, document)
            notes.print(f"[{colour}]{violation.reason}[/] {service.reference}: {plain(problem)}")
    children = [child for decided in plans for child in decided.children]
    children += [child for contract in world.contracts for child in world.planned_contract(contract).children]
    manifests = [child.manifest for child in children]
    if output == "json":
        emit_json({"apiVersion": "v1", "kind": "List", "items": manifests})
    else:
        emit_yaml(manifests)
    if not all(decided.flawless for decided in plans):
        raise SystemExit(EXIT_FAILED)


@click.command("crds")
def crds() -> None:
    """
    The CustomResourceDefinitions, as YAML.

    \b
    Examples:
      concordat crds | kubectl apply --server-side -f -
    """
    emit_yaml(list(definitions()))


COMMANDS = [render, crds]
