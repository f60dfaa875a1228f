"""``up``, ``down``, ``clusters``, ``load-image``: a local Kubernetes, started and ended by name."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import rich_click as click
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TextColumn
from rich.table import Table

from concordat.cli.output import emit_json, notes, out, output_option, plain, styled
from concordat_lab import gateway as gateway_pod
from concordat_lab.errors import LabError
from concordat_lab.machine.processes import resident_mib
from concordat_lab.machine.progress import Lines
from concordat_lab.programs.images import build_image
from concordat_lab.providers import selection
from concordat_lab.providers.kind import Kind
from concordat_lab.providers.local import DEFAULT_NAME, Local, Options, all_local
from concordat_lab.providers.selection import NAMES, choose

name_option = click.option(
    "--name", default=DEFAULT_NAME, show_default=True, help="Which cluster; several run side by side."
)


@click.command(name="up")
@name_option
@click.option(
    "--provider", type=click.Choice(NAMES), help="Where the cluster comes from; chosen by what this machine has."
)
@click.option("--node/--without-node", default=None, help="Insist on a real node (root), or do without one.")
@click.option("--simulated-nodes", type=int, default=0, metavar="N", help="Nodes whose pods become ready unrun (kwok).")
@click.option("--metrics", is_flag=True, help="Serve metrics.k8s.io: autoscalers and kubectl top work.")
@click.option("--gateway", is_flag=True, help="A Gateway API gateway, gateway-system/concordat (Traefik).")
@click.option("--fsync", is_flag=True, help="Let etcd wait for the disk, as in production; for honest figures.")
def up(
    name: str,
    provider: str | None,
    node: bool | None,
    simulated_nodes: int,
    metrics: bool,
    gateway: bool,
    fsync: bool,
) -> None:
    """
    Start a real Kubernetes in seconds.

    As root on Linux: one real node in network, mount and process namespaces of its own. With kind and Docker: kind.
    Otherwise the control plane alone: every object is real, no pod runs.

    \b
    Examples:
      concordat up                                  whatever this machine can do, said aloud
      concordat up --metrics --gateway              with autoscaling and a Gateway API gateway
      concordat up --name mass --without-node --simulated-nodes 20
      CONCORDAT_BINARIES=~/bin concordat up         with the kube-apiserver and its like you have already
    """
    progress = progress_here()
    choice = choose(provider, node=node)
    notes.print(f"provider {choice.provider}: {plain(choice.why)}")
    options = Options(simulated_nodes=simulated_nodes, metrics=metrics, gateway=gateway, fsync=fsync)
    with listening(progress):
        kubeconfig = selection.up(choice, name, options, progress).kubeconfig
    out.print(f"export KUBECONFIG={plain(kubeconfig)}")
    if choice.provider != "existing":
        notes.print(
            f"look: kubectl get pods -A      end it: concordat down{'' if name == DEFAULT_NAME else f' --name {name}'}"
        )


@click.command(name="down")
@name_option
@click.option("--all", "everything", is_flag=True, help="Every cluster that was started by name.")
@click.option("--purge", is_flag=True, help="Remove logs and image store too; the next start imports images again.")
def down(name: str, everything: bool, purge: bool) -> None:
    """
    End a cluster; nothing of it stays but its logs and image store. Repeatable.

    \b
    Examples:
      concordat down
      concordat down --all --purge
    """
    for cluster in [found.name for found in all_local()] if everything else [name]:
        started = time.monotonic()
        if (kind := Kind(cluster)).known:
            was = True
            kind.down()
        else:
            was = (local := Local(cluster)).running
            local.down(purge=purge)
        notes.print(f"{cluster}: {f'ended in {time.monotonic() - started:.1f} s' if was else 'was not running'}")


@click.command(name="clusters")
@output_option
def clusters(output: str) -> None:
    """
    The local clusters: which run, as what, with how much memory, and how to reach them.

    \b
    Examples:
      concordat clusters
      concordat clusters -o json
    """
    found = [describe(cluster) for cluster in all_local()]
    if output == "json":
        emit_json({"clusters": found})
        return
    if not found:
        out.print("no cluster here: concordat up")
        return
    table = Table("NAME", "STATE", "KIND", "MEMORY", box=None, pad_edge=False)
    table.add_column("KUBECONFIG", overflow="fold")
    for cluster in found:
        state = ("running", "green") if cluster["running"] else ("ended", "dim")
        memory = f"{cluster['memory_mib']} MiB" if cluster["memory_mib"] else ""
        table.add_row(
            styled(cluster["name"]), styled(*state), styled(cluster["kind"]), memory, styled(cluster["kubeconfig"])
        )
    out.print(table)


@click.command(name="load-image")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--tag", help="Name and version of the image, when SOURCE is a folder: localhost/orders:1.")
@click.option(
    "-f",
    "--dockerfile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Which Dockerfile, when SOURCE is a folder; the one in it if left out.",
)
@name_option
@click.option("--provider", type=click.Choice(NAMES), help="The same as for `concordat up`.")
def load_image(source: Path, tag: str | None, dockerfile: Path | None, name: str, provider: str | None) -> None:
    """
    Make an image usable in a cluster: SOURCE is an archive (OCI or `docker save`), or a folder with a Dockerfile.

    A Dockerfile is built by Docker where that answers, else by buildah on a local base given as ARG BASE_IMAGE.

    \b
    Examples:
      concordat load-image orders.tar
      concordat load-image sample_services -f sample_services/catalog/Dockerfile --tag localhost/catalog:1.0.0
    """
    progress = progress_here()
    with listening(progress):
        if source.is_dir():
            if tag is None:
                raise LabError(
                    f"{source} is a folder to build: give the image a name by --tag localhost/{source.name}:1"
                )
            source = build_image(source, tag, dockerfile=dockerfile, progress=progress)
        with progress.step(f"image into {name}"):
            selection.find(name, provider=provider, progress=progress).load_image(source)
    out.print(f"loaded {plain(tag or source.name)}")


COMMANDS = [up, down, clusters, load_image]


def describe(cluster: Local) -> dict[str, Any]:
    """A local cluster, as `-o json` shows it."""
    by_kind = Kind(cluster.name)
    running = by_kind.running if by_kind.known else cluster.running
    form = "node" if cluster.has_node else "control plane" if running else ""
    memory = {name: resident_mib(pid) for name, pid in cluster.processes().items()} if running else {}
    described = {
        "name": cluster.name,
        "running": running,
        "kind": "kind" if by_kind.known else form,
        "started": cluster.about.get("started"),
        "kubeconfig": str(cluster.kubeconfig),
        "audit_log": str(cluster.audit_log.path),
        "memory_mib": sum(memory.values()),
        "processes": memory,
    }
    if running and cluster.has_node and cluster.about.get("gateway"):
        described["gateway"] = cluster.reach(gateway_pod.NAMESPACE, "traefik")
    return described


class _Bars:
    """A line for each step, with its seconds, turning while it runs."""

    def __init__(self) -> None:
        self.bars = Bars(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.elapsed:6.1f} s", style="cyan"),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=notes,
        )

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        task = self.bars.add_task(plain(title), total=1, detail="")
        yield lambda detail: self.bars.update(task, detail=plain(detail)[:70])
        self.bars.update(task, completed=1, detail="")
        self.bars.stop_task(task)  # else its seconds go on

    def note(self, line: str) -> None:
        self.bars.console.print(plain(line), style="dim")


def progress_here() -> _Bars | Lines:
    return _Bars() if notes.is_terminal else Lines()


def listening(progress: _Bars | Lines) -> AbstractContextManager[Any]:
    return progress.bars if isinstance(progress, _Bars) else nullcontext()
