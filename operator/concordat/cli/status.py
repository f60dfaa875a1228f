"""
``concordat status``: the services of a cluster as a tree, what is wrong on top.
"""

import time
from typing import Any

import rich_click as click
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from concordat import conventions
from concordat.cli.cluster import describe
from concordat.cli.live import Cluster, all_namespaces_option, cluster_options, namespace_option
from concordat.cli.output import EXIT_FAILED, emit_json, fail, notes, out, output_option, styled
from concordat.lab.local import all_local

_MARKS = {"True": ("●", "green"), "False": ("●", "red"), "Unknown": ("○", "yellow")}


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
    The services of a namespace: ready or why not, what was built for each, what to mend. And the local clusters that run.

    Exits with 1 when a service is not ready.

    \b
    Examples:
      concordat status                 the namespace of the context
      concordat status -A -w           all of them, kept up to date
      concordat status orders -o json  one service, for a script
    """

    def look() -> list[dict[str, Any]]:
        found = cluster.microservices(namespace=None if all_namespaces else namespace or cluster.namespace)
        return [item for item in found if not names or item["metadata"]["name"] in names]

    local = [found for found in map(describe, all_local()) if found["running"]]
    for found in local if output == "text" else ():
        notes.print(styled(f"local cluster {found['name']}: {found['kind']}, {found['memory_mib']} MiB", "dim"))
    services = look()
    if absent := set(names) - {item["metadata"]["name"] for item in services}:
        fail(f"no Microservice called {', '.join(sorted(absent))} here; -n names another namespace", code=EXIT_FAILED)
    if watch and output == "json":
        fail("--watch draws for people: leave out -o json")
    if output == "json":
        emit_json({"clusters": local, "services": [_summary(item) for item in services]})
    elif watch:
        with Live(tree(services), console=out, auto_refresh=False) as live:
            while True:
                time.sleep(1)
                live.update(tree(look()), refresh=True)
    elif not services:
        notes.print("no Microservices here; -A looks into every namespace")
    else:
        out.print(tree(services), soft_wrap=False)
    if any(_summary(item)["ready"] != "True" for item in services):
        raise SystemExit(1)


def tree(services: list[dict[str, Any]]) -> Tree:
    """Namespaces, their services, and under each what was built and what is wrong."""
    root = Tree(styled(f"{len(services)} services", "bold"), guide_style="dim")
    branches: dict[str, Tree] = {}
    for service in sorted(services, key=lambda item: (item["metadata"]["namespace"], item["metadata"]["name"])):
        namespace = service["metadata"]["namespace"]
        branch = branches.get(namespace) or branches.setdefault(namespace, root.add(styled(namespace, "bold")))
        _add(branch, service)
    return root


def _add(branch: Tree, service: dict[str, Any]) -> None:
    summary = _summary(service)
    mark, colour = _MARKS[summary["ready"]]
    line = Text.assemble((f"{mark} ", colour), styled(summary["name"], "bold"), "  ")
    line.append_text(styled(f"{summary['version']}  {summary['replicas']}  {summary['url']}", "dim"))
    node = branch.add(line)
    if summary["ready"] != "True":
        node.add(Text.assemble(styled(f"{summary['reason']}: ", colour), styled(summary["message"])))
    for problem in summary["problems"]:
        node.add(Text.assemble(styled(f"{problem.get('path', '')}: ", "yellow"), styled(problem["message"])))
    for child in summary["children"]:
        mark, colour = _MARKS["True" if child.get("ready", True) else "False"]
        text = Text.assemble((f"{mark} ", colour), styled(f"{child['kind']} {child['name']}"))
        node.add(text.append_text(styled(f"  {child.get('reason', '')}", "dim")))


def _summary(service: dict[str, Any]) -> dict[str, Any]:
    observed = service.get("status") or {}
    ready: dict[str, Any] = next(
        (item for item in observed.get("conditions") or [] if item["type"] == conventions.READY), {}
    )
    current = ready.get("observedGeneration", 0) >= service["metadata"].get("generation", 0)
    return {
        "name": service["metadata"]["name"],
        "namespace": service["metadata"]["namespace"],
        "team": service["spec"].get("team", ""),
        "ready": ready.get("status", "Unknown") if current else "Unknown",
        "reason": ready.get("reason", "NotSeen") if current else "NotSeen",
        "message": ready.get("message", "")
        if current
        else "the operator has not looked at this generation yet; is it running?",
        "version": observed.get("version", ""),
        "replicas": observed.get("replicas", ""),
        "url": observed.get("url", ""),
        "children": [
            {key: value for key, value in child.items() if key != "fingerprint"}
            for child in observed.get("children") or []
        ],
        "problems": observed.get("problems") or [],
    }


COMMANDS = [status]
