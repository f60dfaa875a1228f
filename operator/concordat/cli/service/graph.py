"""
``concordat graph``: who consumes whom.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from concordat.cli import files
from concordat.cli.cluster_access import Cluster, all_namespaces_option, cluster_options, namespace_option
from concordat.cli.offline import World
from concordat.cli.output import emit_json, notes, plain
from concordat.cli.service import drawing
from concordat.manifest import conventions
from concordat.world import graph as graphs

_WRITERS = {"text": graphs.as_text, "mermaid": graphs.as_mermaid, "dot": graphs.as_dot, "svg": drawing.graph_svg}


@click.command("graph")
@click.option(
    "-f",
    "--filename",
    "filenames",
    multiple=True,
    help="Files or folders instead of a cluster; - reads standard input.",
)
@namespace_option
@all_namespaces_option
@click.option(
    "-o", "--output", type=click.Choice([*_WRITERS, "json"]), default="text", show_default=True, help="How to write it."
)
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@cluster_options
def graph(
    cluster: Cluster,
    filenames: Sequence[str],
    namespace: str | None,
    all_namespaces: bool,
    output: str,
    to: Path | None,
) -> None:
    """
    Who consumes whom, as declared: by which contract, and how much it matters (dashed where it is soft or async).

    Of one namespace also those elsewhere that it uses, and those that use it.

    Says as well where numbers do not fit together: a promise above what hard dependencies allow, a timeout below the calls
    beneath it, retries that multiply.

    \b
    Examples:
      concordat graph                                 the namespace of the context
      concordat graph -A                              every service of the cluster
      concordat graph -f services/ -o mermaid         from files, for a README
      concordat graph -A -o svg --to services.svg     a picture
    """
    place = namespace if filenames or all_namespaces or namespace else cluster.namespace
    world = _world(cluster, filenames, None if all_namespaces else place)

    def shown(reference: str) -> bool:
        return bool(filenames) or all_namespaces or reference.startswith(f"{place}/")

    names = [service.reference for service in world.services if shown(service.reference)]
    if not names:
        where = (
            f"in {', '.join(filenames)}; of a folder its own *.yaml are read"
            if filenames
            else "here; -A looks into every namespace"
        )
        notes.print(f"no Microservices {plain(where)}", markup=False)
    found = [edge for edge in world.edges if shown(edge.consumer) or shown(edge.provider)]
    for reference in filter(shown, world.unreadable):
        notes.print(f"[yellow]left out:[/] {plain(reference)} cannot be read by this version")
    for circle in graphs.cycles(found):
        notes.print(f"[yellow]circle:[/] {plain(' -> '.join([*circle, circle[0]]))}")

    told = [service for service in world.services if shown(service.reference)]
    promises = [(service.reference, said) for service in told for said in world.promises(service)]
    for reference, said in promises:
        notes.print(f"[yellow]{said.reason}:[/] {plain(reference)} {plain(said.problem)}")

    if output == "json":
        rows = [
            {"service": reference, "reason": said.reason, "path": said.problem.path, "message": said.problem.message}
            for reference, said in promises
        ]
        edges = [asdict(edge) for edge in found]
        emit_json({"services": sorted(names), "edges": edges, "cycles": graphs.cycles(found), "promises": rows})
        return
    drawn = _WRITERS[output](sorted({*names, *(edge.consumer for edge in found)}), found)
    if to:
        to.write_text(drawn + "\n")
    elif drawn:
        click.echo(plain(drawn))


def _world(cluster: Cluster, filenames: Sequence[str], namespace: str | None) -> World:
    if not filenames:
        kinds = (conventions.MICROSERVICES, conventions.SERVICE_CONTRACTS)
        everywhere = namespace is None or all(cluster.may_list(conventions.GROUP, kind) for kind in kinds)
        asked = None if everywhere else namespace  # neighbours elsewhere tell whether an edge is open
        return World([*cluster.microservices(namespace=asked), *cluster.contracts(namespace=asked)])
    documents = files.read(filenames)
    files.microservices(documents, namespace=namespace or "default")
    return World(files.declared(documents, namespace=namespace or "default"), namespace=namespace or "default")


COMMANDS = [graph]
