"""
``concordat status``: the services and contracts of a cluster as a tree, what is wrong on top.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import rich_click as click
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from concordat.cli.cluster_access import Cluster, all_namespaces_option, cluster_options, namespace_option
from concordat.cli.output import EXIT_FAILED, emit_json, fail, notes, out, output_option, styled
from concordat.cli.service.readiness import of_contract_whole, of_service
from concordat.manifest import conventions

Row = Mapping[str, Any]

_MARKS = {"True": ("●", "green"), "False": ("●", "red"), "Unknown": ("○", "yellow")}
_VERDICTS = {"compatible": "True", "breaking": "False"}
_SAID_BY_READY = (conventions.READY, conventions.VALID, conventions.COMPATIBLE, conventions.CONSUMERS_SAFE)


@click.command("status")
@click.argument("names", nargs=-1)
@namespace_option
@all_namespaces_option
@click.option("-w", "--watch", is_flag=True, help="Keep looking until interrupted.")
@output_option
@cluster_options
def status(
    cluster: Cluster, names: tuple[str, ...], namespace: str | None, all_namespaces: bool, watch: bool, output: str
) -> None:
    """
    The services and contracts of a namespace: ready or why not, what was built, who relies on it, what to mend. And the local clusters that run.

    Exits with 1 when a service is not ready, or a contract not in force as it is written.

    \b
    Examples:
      concordat status                 the namespace of the context
      concordat status -A -w           all of them, kept up to date
      concordat status orders -o json  one service, for a script
    """
    if watch and output == "json":
        fail("--watch draws for people: leave out -o json")
    place = None if all_namespaces else namespace or cluster.namespace

    def look() -> tuple[list[Row], list[Row]]:
        services, contracts = cluster.microservices(namespace=place), cluster.contracts(namespace=place)
        return [of_service(one) for one in _named(names, services)], [
            of_contract_whole(one) for one in _named(names, contracts)
        ]

    local = list(_local_clusters())
    for found in local if output == "text" else ():
        notes.print(styled(f"local cluster {found['name']}: {found['kind']}, {found['memory_mib']} MiB", "dim"))
    services, contracts = look()
    if absent := set(names) - {row["name"] for row in (*services, *contracts)}:
        fail(
            f"no Microservice or ServiceContract called {', '.join(sorted(absent))} here; -n names another namespace",
            code=EXIT_FAILED,
        )
    if output == "json":
        emit_json({"clusters": local, "services": services, "contracts": contracts})
    elif watch:
        with Live(tree(services, contracts), console=out, auto_refresh=False) as live:
            while True:
                time.sleep(1)
                live.update(tree(*look()), refresh=True)
    elif not services and not contracts:
        notes.print("no Microservices or ServiceContracts here; -A looks into every namespace")
    else:
        out.print(tree(services, contracts), soft_wrap=False)
    if any(row["ready"] != "True" for row in (*services, *contracts)):
        raise SystemExit(1)


def tree(services: Sequence[Row], contracts: Sequence[Row]) -> Tree:
    """
    Namespaces, in each its contracts and its services, and under these what was built and what is wrong.

    Rows as :mod:`concordat.cli.service.readiness` makes them.
    """
    counts = [_counted(len(rows), name) for rows, name in ((services, "service"), (contracts, "contract")) if rows]
    root = Tree(styled(", ".join(counts), "bold"), guide_style="dim")
    branches = {
        namespace: root.add(styled(namespace, "bold"))
        for namespace in sorted({row["namespace"] for row in (*services, *contracts)})
    }
    for row in sorted(contracts, key=lambda row: str(row["name"])):
        _add_contract(branches[row["namespace"]], row)
    for row in sorted(services, key=lambda row: str(row["name"])):
        _add_service(branches[row["namespace"]], row)
    return root


def _named(names: Sequence[str], items: Iterable[Row]) -> Iterable[Row]:
    return (item for item in items if not names or item["metadata"]["name"] in names)


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _add_service(branch: Tree, row: Row) -> None:
    node = _headed(branch, row, f"{row['version']}  {row['replicas']}  {row['url']}")
    _add_problems(node, row["problems"])
    _add_children(node, row["children"])


def _add_contract(branch: Tree, row: Row) -> None:
    version = row["version"] or "nothing in force"
    written = f", {row['written']} written" if row["written"] != row["version"] else ""
    said = [f"{row['type']} {version}{written}", row["state"], _counted(row["consumers"], "consumer")]
    node = _headed(branch, row, "  ".join(filter(None, said)))
    for name, condition in row["conditions"].items():
        if condition["status"] == "False" and name not in _SAID_BY_READY:
            node.add(Text.assemble(styled(f"{name} {condition['reason']}: ", "yellow"), styled(condition["message"])))
    _add_problems(node, (problem for problem in row["problems"] if row["ready"] == "True" or not _is_error(problem)))
    for name, verdict in row["verdicts"].items():
        mark, colour = _MARKS[_VERDICTS.get(verdict, "Unknown")]
        text = Text.assemble((f"{mark} ", colour), styled(name), styled(f"  {verdict}", "dim"))
        node.add(text)
    _add_children(node, row["children"])


def _is_error(problem: Row) -> bool:
    return problem.get("severity") == "error"


def _headed(branch: Tree, row: Row, said: str) -> Tree:
    mark, colour = _MARKS[row["ready"]]
    line = Text.assemble((f"{mark} ", colour), styled(row["name"], "bold"), "  ", styled(said, "dim"))
    node = branch.add(line)
    if row["ready"] != "True":
        node.add(Text.assemble(styled(f"{row['reason']}: ", colour), styled(row["message"])))
    return node


def _add_problems(node: Tree, problems: Iterable[Row]) -> None:
    for problem in problems:
        node.add(Text.assemble(styled(f"{problem.get('path', '')}: ", "yellow"), styled(problem["message"])))


def _add_children(node: Tree, children: Iterable[Row]) -> None:
    for child in children:
        mark, colour = _MARKS["True" if child.get("ready", True) else "False"]
        text = Text.assemble((f"{mark} ", colour), styled(f"{child['kind']} {child['name']}"))
        node.add(text.append_text(styled(f"  {child.get('reason', '')}", "dim")))


def _local_clusters() -> list[dict[str, Any]]:
    """Those that run. What starts clusters is loaded only where one was started."""
    try:
        from concordat_lab.running import folders
    except ImportError:  # installed without the local cluster
        return []
    if not folders():
        return []
    from concordat.cli.local.up import describe
    from concordat_lab.providers.local import all_local

    return [found for found in map(describe, all_local()) if found["running"]]


COMMANDS = [status]
