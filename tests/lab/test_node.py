"""A real node: pods that answer, policies that hold, and nothing left on the machine when it ends."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from string import Template

import pytest

from concordat_lab.errors import Unavailable
from concordat_lab.machine.processes import Mark
from concordat_lab.node.cluster import NodeCluster
from concordat_lab.node.keeper import RECORD
from concordat_lab.providers.existing import Existing
from concordat_lab.testing import node_cluster
from tests.lab.test_processes import until
from tests.lab.traces import Traces, cgroups, links

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(os.geteuid() != 0, reason="a real node needs root: containers, network namespaces, cgroups"),
]

# CoreDNS is in every node's image store and answers HTTP by its plugin `ready`: a workload that needs no image of its own.
WORKLOAD = Template("""
apiVersion: v1
kind: Namespace
metadata: {name: $namespace, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config, namespace: $namespace}
data: {Corefile: ".:1053 {\\n  ready :8080\\n  errors\\n}\\n"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: $namespace}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: localhost/coredns:1
        args: [-conf, /config/Corefile]
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
        resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {cpu: 500m, memory: 128Mi}}
        volumeMounts: [{name: config, mountPath: /config}]
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
      volumes: [{name: config, configMap: {name: config}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: $namespace}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
""")
DENY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
HOLDER = """
import sys, time
from concordat_lab.testing import node_cluster
with node_cluster(sys.argv[1]) as cluster:
    print(cluster.folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[NodeCluster]:
    """One node for the module, with two ready pods behind Service ``web`` in namespace ``shop``."""
    with node_cluster("lab-test", metrics=True) as cluster:
        _kubectl(cluster, "apply", "-f", "-", stdin=WORKLOAD.substitute(namespace="shop"))
        _kubectl(cluster, "rollout", "status", "deployment/web", "--namespace=shop", "--timeout=180s")
        yield cluster


def test_the_host_reaches_a_service(cluster: NodeCluster) -> None:
    """A restricted pod, found by its probe, behind a ClusterIP, from outside the node."""
    assert _answers(cluster.reach("shop", "web") + "/ready")


def test_services_have_names(cluster: NodeCluster) -> None:
    """CoreDNS answers under the Service kube-dns, with the ClusterIP of the Service asked for."""
    address = cluster.reach("shop", "web").removeprefix("http://").split(":")[0]

    assert address == _resolve("web.shop.svc.cluster.local", cluster.spec.network.dns)


def test_a_policy_is_enforced_and_probes_go_on(cluster: NodeCluster) -> None:
    """Default deny cuts off the host and not the kubelet; taken away, everything is as before."""
    url = cluster.reach("shop", "web") + "/ready"
    _kubectl(cluster, "apply", "-f", "-", stdin=DENY)
    assert until(lambda: _fetch(url) == "")
    ready = _kubectl(cluster, "get", "deployment/web", "--namespace=shop", "-o", "jsonpath={.status.readyReplicas}")
    _kubectl(cluster, "delete", "-f", "-", stdin=DENY)

    assert "2" == ready
    assert _answers(url)


def test_usage_of_pods_is_served(cluster: NodeCluster) -> None:
    """What an autoscaler asks for: metrics.k8s.io, of real processes."""
    path = "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app%3Dweb"

    def usages() -> list[str]:
        pods = (cluster.api.get(path) or {"items": []})["items"]
        return [container["usage"]["memory"] for pod in pods for container in pod["containers"]]

    assert until(lambda: len(usages()) == 2, seconds=30)
    assert all(usage.endswith("Ki") and int(usage[:-2]) > 1000 for usage in usages())


def test_pods_answer_while_the_api_server_is_gone(cluster: NodeCluster) -> None:
    """An outage of the control plane is not one of the services; afterwards everything is still there."""
    url = cluster.reach("shop", "web") + "/ready"
    cluster.kill_apiserver()
    assert not cluster.api.ready()
    assert _answers(url)

    cluster.start_apiserver()

    assert "deployment.apps/web" in _kubectl(cluster, "get", "deployments", "--namespace=shop", "-o", "name")


def test_an_image_is_loaded_from_an_archive(cluster: NodeCluster) -> None:
    """What is in an archive is in the node's image store under its name."""
    cluster.load_image(next(image for image in cluster.spec.images if "pause" in image.name))

    images = cluster.run("ctr", "-a", "/run/concordat/containerd.sock", "-n", "k8s.io", "images", "ls", "-q").stdout
    assert "localhost/pause:1" in images.split()


def test_an_existing_cluster_is_used_as_any_other(cluster: NodeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only by its kubeconfig: Services by port-forward, images by the command its owner names."""
    existing = Existing(cluster.kubeconfig).up()
    assert _answers(existing.reach("shop", "web") + "/ready")
    assert existing.reach("shop", "web") == existing.reach("shop", "web")

    with pytest.raises(Unavailable, match="CONCORDAT_LOAD_IMAGE="):
        existing.load_image(Path("image.tar"))
    monkeypatch.setenv("CONCORDAT_LOAD_IMAGE", "test {archive} = image.tar")
    existing.load_image(Path("image.tar"))

    existing.down()
    assert cluster.running


def test_the_audit_log_sees_the_node(cluster: NodeCluster) -> None:
    """Requests of the kubelet are counted like those of anybody else."""
    assert "system:node:node-1" in {request.user for request in cluster.audit_log.since()}


def test_an_ended_cluster_leaves_nothing_and_its_neighbour_alone(cluster: NodeCluster) -> None:
    """No process, link, route, mount or cgroup, while another cluster runs on; each of them was seen before."""
    with node_cluster("lab-test-2") as other:
        _kubectl(other, "apply", "-f", "-", stdin=WORKLOAD.substitute(namespace="elsewhere"))
        _kubectl(other, "rollout", "status", "deployment/web", "--namespace=elsewhere", "--timeout=180s")
        assert cluster.spec.network != other.spec.network
        assert _answers(other.reach("elsewhere", "web") + "/ready")
        traces = Traces(other)
        assert [] == [kind for kind, found in traces.now().items() if not found]
    other.stop(purge=True)

    assert [] == [kind for kind, found in traces.now().items() if found]
    assert not other.folder.exists()
    assert _answers(cluster.reach("shop", "web") + "/ready")


def test_a_second_end_does_nothing(cluster: NodeCluster) -> None:
    """``down`` is repeatable, also for a cluster that never was."""
    never = NodeCluster(cluster.folder.parent / "never-started", name="never-started")

    never.stop()
    never.stop()

    assert not never.folder.exists()


@pytest.mark.parametrize("victim", ["holder", "init", "keeper"])
def test_whoever_is_killed_nothing_stays(victim: str) -> None:
    """SIGKILL of the program that holds it, of process 1 inside, or of the keeper between them."""
    name = "lab-test-3"
    command = [sys.executable, "-c", HOLDER, name]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with holder:
        assert holder.stdout is not None
        folder = Path(holder.stdout.readline().strip())
        record = json.loads((folder / RECORD).read_text())
        init, keeper = Mark(**record["init"]), Mark(**record["keeper"])
        os.kill({"holder": holder.pid, "init": init.pid, "keeper": keeper.pid}[victim], signal.SIGKILL)

        assert until(lambda: not init.alive())
        assert until(lambda: record["link"] not in links())
        if victim != "keeper":  # it alone removes folders; after its own death the next start or end does
            assert until(lambda: not cgroups(record["cgroup"]) and not keeper.alive())
        holder.kill()
    cluster = NodeCluster(folder, name=name)
    cluster.stop(purge=True)
    assert [] == cgroups(record["cgroup"])


def _answers(url: str) -> bool:
    """Soon: kube-proxy hears of a ready pod a moment after its Deployment does."""
    return until(lambda: _fetch(url) == "OK")


def _fetch(url: str) -> str:
    """What is there; empty when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            content: str = response.read().decode()
    except OSError:
        return ""
    return content


def _resolve(name: str, server: str) -> str:
    """The first A record of ``name``, asked of ``server`` over UDP (RFC 1035, section 4)."""
    question = (
        b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + struct.pack(">HH", 1, 1)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(5)
        connection.sendto(struct.pack(">HHHHHH", 11, 0x0100, 1, 0, 0, 0) + question, (server, 53))
        answer = connection.recv(512)
    assert struct.unpack(">H", answer[6:8]) == (1,), answer
    return socket.inet_ntoa(answer[-4:])


def _kubectl(cluster: NodeCluster, *arguments: str, stdin: str | None = None) -> str:
    command = [str(cluster.binaries["kubectl"]), f"--kubeconfig={cluster.kubeconfig}", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
