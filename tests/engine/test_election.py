"""
Two operators, one leader: hand-over at once when it leaves, after its lease when it dies, and never two.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from concordat.manifest import conventions
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.cluster import Kubectl
from tests.engine.rig import OperatorProcess, microservice, wait_for

pytestmark = pytest.mark.controlplane


class Pair:
    """Two operators under one Lease."""

    def __init__(self, cluster: ControlPlane, namespace: str, folder: Path) -> None:
        self.kubectl = Kubectl(cluster)
        self.namespace = namespace
        self._cluster = cluster
        self._folder = folder
        self.started: list[OperatorProcess] = []

    def start(self, identity: str) -> OperatorProcess:
        environment = {
            "CONCORDAT_NAMESPACES": self.namespace,
            "CONCORDAT_LEASE_NAME": "concordat",
            "CONCORDAT_LEASE_NAMESPACE": self.namespace,
            "CONCORDAT_IDENTITY": identity,
        }
        log = self._folder / f"{identity}.log"
        operator = OperatorProcess(self._cluster.kubeconfig, log, environment=environment)
        self.started.append(operator)
        return operator

    def holder(self) -> str:
        lease = self.kubectl.get("lease", "concordat", "--namespace", self.namespace)
        return str(lease["spec"].get("holderIdentity"))

    def is_built(self, name: str) -> bool:
        found = self.kubectl.get("microservice", name, "--namespace", self.namespace)
        conditions = found.get("status", {}).get("conditions", ())
        return any(c["type"] == conventions.RECONCILED and c["status"] == "True" for c in conditions)


def known_to(operator: OperatorProcess) -> float:
    return sum(v for name, v in operator.metrics().items() if name.startswith("concordat_microservices{"))


@pytest.fixture
def pair(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(control_plane, namespace, tmp_path)
    yield pair
    for operator in pair.started:
        operator.kill()


def test_one_leads_the_other_is_warm_and_takes_over_at_once_when_it_leaves(pair: Pair) -> None:
    """SIGTERM: work is finished, the Lease released, exit code 0; the standby was ready all along."""
    first = pair.start("first").wait_until_working()
    second = pair.start("second")
    wait_for(lambda: second.get("/readyz")[0] == 200, seconds=30, what=second.said)
    assert (first.leads(), second.leads()) == (True, False)
    assert pair.holder() == "first"

    pair.kubectl.apply(microservice("orders", pair.namespace))
    wait_for(lambda: pair.is_built("orders"), seconds=60)
    wait_for(lambda: known_to(first) == known_to(second) == 1, seconds=60, what=second.said)
    assert second.metrics()['workqueue_depth{name="microservice"}'] == 0
    assert first.stop() == 0
    assert wait_for(second.leads, seconds=60, what=second.said) < 10
    pair.kubectl.apply(microservice("carts", pair.namespace))
    wait_for(lambda: pair.is_built("carts"), seconds=60, what=second.said)


def test_a_dead_leader_is_followed_when_its_lease_has_run_out(pair: Pair) -> None:
    """SIGKILL: nobody releases anything, 15 seconds later the standby leads."""
    first = pair.start("first").wait_until_working()
    second = pair.start("second")
    wait_for(lambda: second.get("/readyz")[0] == 200, seconds=30, what=second.said)
    first.kill()
    assert 10 < wait_for(second.leads, seconds=60, what=second.said) < 30


def test_a_leader_that_froze_ends_when_it_wakes_up(pair: Pair) -> None:
    """A frozen leader does not know that another one leads: the first thing it does is to end."""
    first = pair.start("first").wait_until_working()
    second = pair.start("second")
    os.kill(first.pid, signal.SIGSTOP)
    wait_for(second.leads, seconds=60, what=second.said)
    os.kill(first.pid, signal.SIGCONT)
    assert first.wait(30) == 1


def test_a_standby_ends_with_0(pair: Pair) -> None:
    """It holds nothing and leaves nothing."""
    pair.start("first").wait_until_working()
    second = pair.start("second")
    wait_for(lambda: second.get("/readyz")[0] == 200, seconds=30, what=second.said)
    assert second.stop() == 0


def test_a_misspelt_setting_is_named(control_plane: ControlPlane, tmp_path: Path) -> None:
    """Exit code 2 and the name of the variable, before anything runs."""
    log = tmp_path / "log"
    environment = {"CONCORDAT_WORKER": "3", "CONCORDAT_DNS_ADDRESSES": "10.0.0.300"}
    with OperatorProcess(control_plane.kubeconfig, log, environment=environment) as operator:
        assert operator.wait(60) == 2
        assert "CONCORDAT_WORKER: there is no such setting" in operator.said()
        assert "CONCORDAT_DNS_ADDRESSES" in operator.said()


def test_kopf_run_starts_it_as_well(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    """``kopf run -m concordat.handlers``: the same operator in Kopf's own shell."""
    kubectl = Kubectl(control_plane)
    command = ("-m", "kopf", "run", "-m", "concordat.handlers", "--namespace", namespace, "--standalone")
    environment = {"CONCORDAT_NAMESPACES": namespace}
    with OperatorProcess(
        control_plane.kubeconfig, tmp_path / "log", command=command, environment=environment
    ) as operator:
        operator.wait_until_working()
        kubectl.apply(microservice("orders", namespace))
        wait_for(lambda: kubectl.answers("get", "deployment", "orders", "--namespace", namespace), seconds=60)
        assert operator.stop() == 0
