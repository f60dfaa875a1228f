"""A real control plane: requests counted, crashes survived, nothing left."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from concordat_lab.control_plane.audit import Request
from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.machine.processes import Mark, members
from concordat_lab.testing import control_plane as started
from tests.lab.test_processes import until

pytestmark = pytest.mark.controlplane

CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: counted}
data: {key: "11"}
"""
HOLDER = """
import time
from concordat_lab.testing import control_plane
with control_plane() as cluster:
    print(cluster.keeper.group.pid, cluster.folder, cluster.plan.etcd_data, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[ControlPlane]:
    """Our own: it is killed, and the session's is not."""
    with started(simulated_nodes=1) as cluster:
        yield cluster


def test_the_audit_log_counts_every_request(cluster: ControlPlane) -> None:
    """One line a request, written before it is answered: nobody has to wait for the count."""
    mark = cluster.audit_log.mark()
    _kubectl(cluster, "apply", "--server-side", "--validate=ignore", "-f", "-", stdin=CONFIG_MAP)

    assert [("patch", "counted", 201)] == [
        (request.verb, request.name, request.code)
        for request in _of_kubectl(cluster.audit_log.since(mark))
        if request.resource == "configmaps"
    ]


def test_a_watch_is_counted_when_it_opens(cluster: ControlPlane) -> None:
    """Whoever counts need not wait until it ends."""
    mark = cluster.audit_log.mark()
    watch = _popen(cluster, "get", "configmaps", "--watch-only", "--namespace=kube-system")
    with watch:
        opened = until(lambda: any(request.verb == "watch" for request in _of_kubectl(cluster.audit_log.since(mark))))
        watch.kill()

    assert opened


def test_controllers_make_what_an_operator_relies_on(cluster: ControlPlane) -> None:
    """Deployment to ReplicaSet to Pods, scheduled to a simulated node, ready."""
    _kubectl(cluster, "create", "deployment", "web", "--image=example.invalid/web:1", "--replicas=3")

    _kubectl(cluster, "wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=3", "--timeout=180s")


def test_a_killed_api_server_comes_back_with_its_data(cluster: ControlPlane) -> None:
    """Same port, same objects: clients see an outage, not another cluster."""
    _kubectl(cluster, "create", "configmap", "survivor")
    port = cluster.plan.api_port
    cluster.kill_apiserver()
    assert not cluster.api.ready()

    cluster.start_apiserver()

    assert "survivor" in _kubectl(cluster, "get", "configmaps", "-o", "name")
    assert port == cluster.plan.api_port


def test_two_side_by_side_do_not_meet(cluster: ControlPlane) -> None:
    """Own ports, own data; the end of one is not the end of the other."""
    with started() as other:
        _kubectl(other, "create", "namespace", "only-here")

        assert "only-here" not in _kubectl(cluster, "get", "namespaces", "-o", "name")
    assert cluster.api.ready()


def test_an_ended_one_leaves_nothing() -> None:
    """No process, no folder, no database in memory."""
    with started() as ended:
        group = ended.processes.pid("etcd"), ended.plan.etcd_data, ended.folder
    etcd, data, folder = group

    assert [False, False, False] == [Mark.of(etcd).alive(), data.exists(), folder.exists()]


def test_a_killed_holder_leaves_no_process() -> None:
    """However a test run ends, its control planes end with it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with holder:
        assert holder.stdout is not None
        group, *folders = holder.stdout.readline().split()
        assert {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"} <= set(members(int(group)))
        holder.kill()

    assert until(lambda: not members(int(group)))
    for folder in folders:  # a killed holder cannot remove files
        subprocess.run(["rm", "-rf", folder], check=True)


def _of_kubectl(requests: tuple[Request, ...]) -> list[Request]:
    return [request for request in requests if request.user_agent.startswith("kubectl")]


def _kubectl(cluster: ControlPlane, *arguments: str, stdin: str | None = None) -> str:
    command = [str(cluster.binaries["kubectl"]), f"--kubeconfig={cluster.kubeconfig}", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _popen(cluster: ControlPlane, *arguments: str) -> subprocess.Popen[bytes]:
    command = [str(cluster.binaries["kubectl"]), f"--kubeconfig={cluster.kubeconfig}", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
