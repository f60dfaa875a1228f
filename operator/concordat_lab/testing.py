"""
Clusters for tests, as context managers; fixtures wrap them in a line.

    @pytest.fixture(scope="session")
    def cluster():
        with control_plane() as cluster:
            yield cluster
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.machine import paths
from concordat_lab.machine.progress import Lines, Progress
from concordat_lab.node.cluster import NodeCluster
from concordat_lab.providers.local import Options
from concordat_lab.providers.selection import ClusterHandle, choose, up


@contextmanager
def control_plane(
    *,
    simulated_nodes: int = 0,
    fsync: bool = False,
    autoscaler_sync_seconds: int = 15,
    progress: Progress | None = None,
) -> Iterator[ControlPlane]:
    """
    A control plane of its own, on free ports; ends with the block, or with this process however that ends.

    It has ``kubeconfig``, ``audit_log`` (``mark()``, ``since(mark)``), ``kill_apiserver()``, ``start_apiserver()``,
    ``restart_apiserver()``, ``binaries["kubectl"]``.
    """
    with ControlPlane(
        simulated_nodes=simulated_nodes,
        fsync=fsync,
        autoscaler_sync_seconds=autoscaler_sync_seconds,
        progress=progress or Lines(),
    ) as cluster:
        yield cluster


@contextmanager
def node_cluster(
    name: str = "test",
    *,
    images: Sequence[Path] = (),
    simulated_nodes: int = 0,
    metrics: bool = False,
    progress: Progress | None = None,
) -> Iterator[NodeCluster]:
    """
    A cluster with a real node (root); ends with the block, or with this process however that ends.

    It has what a control plane has, and ``load_image(archive)``, ``reach(namespace, service)``, ``run(*command)``. Its
    image store stays for the next time: clusters that may run at once need different names.
    """
    with NodeCluster(
        paths.clusters() / name,
        name=name,
        images=images,
        simulated_nodes=simulated_nodes,
        metrics=metrics,
        progress=progress or Lines(),
    ) as cluster:
        yield cluster


@contextmanager
def any_cluster(
    name: str = "test", *, provider: str | None = None, images: Sequence[Path] = (), progress: Progress | None = None
) -> Iterator[ClusterHandle]:
    """
    A cluster with real pods from whichever provider, with ``images`` in it; what tests of the whole run on.

    :raises Unavailable: no provider here runs pods; the message names what is missing.
    """
    progress = progress or Lines()
    choice = choose(provider, node=True)
    progress.note(f"provider {choice.provider}: {choice.why}")
    if choice.provider == "local":
        with node_cluster(name, images=images, progress=progress) as cluster:
            yield cluster
        return
    handle = up(choice, name, Options(), progress)
    try:
        for image in images:
            handle.load_image(image)
        yield handle
    finally:
        handle.down()
