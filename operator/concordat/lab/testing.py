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

from concordat.lab import paths
from concordat.lab.controlplane import ControlPlane
from concordat.lab.node.cluster import NodeCluster
from concordat.lab.progress import Lines, Progress


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
