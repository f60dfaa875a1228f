"""
Clusters for tests, as context managers; fixtures wrap them in a line.

    @pytest.fixture(scope="session")
    def cluster():
        with control_plane() as cluster:
            yield cluster
"""

from collections.abc import Iterator
from contextlib import contextmanager

from concordat.lab.controlplane import ControlPlane
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
