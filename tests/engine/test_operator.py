"""
The operator as a process: what it tells Prometheus and the kubelet, and how it ends.
"""

import re
from pathlib import Path

import pytest

from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.cluster import CRDS, Kubectl
from tests.engine.rig import OperatorProcess, microservice, wait_for

pytestmark = pytest.mark.controlplane


@pytest.fixture
def operator(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> OperatorProcess:
    environment = {"CONCORDAT_NAMESPACES": namespace}
    with OperatorProcess(control_plane.kubeconfig, tmp_path / "log", environment=environment) as running:
        yield running.wait_until_working()  # type: ignore[misc]


def test_every_documented_metric_exists(operator: OperatorProcess) -> None:
    """Dashboards and alerts made for controller-runtime find what they look for."""
    page = (CRDS.parent / "docs" / "engine.md").read_text().split("## Looking at it")[1]
    documented = set(re.findall(r"`((?:workqueue|controller_runtime|rest_client|leader|concordat)_[a-z_]+)", page))
    exposed = set(re.findall(r"^# TYPE ([a-z_]+) ", operator.get("/metrics")[1], flags=re.MULTILINE))
    assert documented - exposed == set()


def test_an_api_server_that_is_away_makes_nobody_unhealthy(
    operator: OperatorProcess, control_plane: ControlPlane, namespace: str
) -> None:
    """A restart would help nothing; and the same process goes on afterwards."""
    control_plane.kill_apiserver()
    try:
        wait_for(lambda: any("<error>" in name for name in operator.metrics()), seconds=30)
        assert operator.get("/healthz")[0] == 200
    finally:
        control_plane.start_apiserver()
    kubectl = Kubectl(control_plane)
    kubectl.apply(microservice("orders", namespace))
    wait_for(lambda: kubectl.answers("get", "deployment", "orders", "--namespace", namespace), seconds=40)
    assert operator.poll() is None


def test_sigterm_finishes_what_is_begun(operator: OperatorProcess, control_plane: ControlPlane, namespace: str) -> None:
    """Every Microservice is either whole, with its status, or untouched; exit code 0."""
    kubectl = Kubectl(control_plane)
    kubectl.apply(*(microservice(f"service-{n}", namespace) for n in range(30)))
    assert operator.stop() == 0
    halves = []
    for parent in kubectl.get("microservices", "--namespace", namespace)["items"]:
        name = parent["metadata"]["name"]
        selector = f"concordat.dev/service={name}"
        children = kubectl.get("deployments,services,networkpolicies", "--selector", selector, "--namespace", namespace)
        if len(children["items"]) not in (0, 3) or bool(children["items"]) != ("status" in parent):
            halves.append(name)
    assert halves == []


def test_nothing_is_written_on_what_people_wrote(
    operator: OperatorProcess, control_plane: ControlPlane, namespace: str
) -> None:
    """No finalizer, no annotation, no label: the status alone."""
    kubectl = Kubectl(control_plane)
    kubectl.apply(microservice("orders", namespace))
    wait_for(
        lambda: "status" in kubectl.get("microservice", "orders", "--namespace", namespace),
        seconds=60,
        what=operator.said,
    )
    found = kubectl.get("microservice", "orders", "--namespace", namespace)
    ours = [e for e in found["metadata"]["managedFields"] if e["manager"] in ("concordat", "kopf")]
    assert [entry.get("subresource") for entry in ours] == ["status"]
    assert "finalizers" not in found["metadata"]
    assert "annotations" not in found["metadata"]
