"""
Fixtures for tests of an operator: a real Kubernetes, started once for the session.

Installed with this package, pytest finds them without an import:

    def test_my_operator(control_plane):
        subprocess.run(["my-operator", "--kubeconfig", control_plane.kubeconfig], ...)

Options: ``--lab-simulated-nodes N`` adds nodes whose pods become ready without running.
"""

from collections.abc import Iterator

import pytest

from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.node.cluster import NodeCluster
from concordat_lab.testing import control_plane as started
from concordat_lab.testing import node_cluster


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--lab-simulated-nodes``."""
    group = parser.getgroup("concordat-lab", "a real Kubernetes on this machine")
    group.addoption(
        "--lab-simulated-nodes",
        type=int,
        default=1,
        metavar="N",
        help="nodes of `control_plane` whose pods become ready without running (default 1)",
    )


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    """etcd, API server, controller manager and scheduler on free ports; no root, no Docker. Has a ``kubeconfig``."""
    with started(simulated_nodes=request.config.getoption("--lab-simulated-nodes")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def node() -> Iterator[NodeCluster]:
    """A cluster with a real node, whose pods run and whose policies are enforced; needs root."""
    with node_cluster("pytest") as cluster:
        yield cluster
