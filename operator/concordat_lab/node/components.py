"""What runs on a node beside its pods: every flag, as values, and what each may do in the cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from concordat_lab.control_plane.access import bound_role
from concordat_lab.control_plane.components import Command
from concordat_lab.node.spec import KUBELET, NODE_NAME, RUN, NodeSpec

PROXY_HEALTH = 10256
POLICY_HEALTH = 20244
KWOK_PORT = 10247

READ = ["get", "list", "watch"]
POLICY_READS = (
    {"apiGroups": [""], "resources": ["services", "pods", "namespaces", "endpoints", "nodes"], "verbs": READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": READ},
    {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": READ},
)


def containerd(configuration: Path) -> Command:
    return ("containerd", "--config", str(configuration))


def kubelet(spec: NodeSpec, configuration: Path) -> Command:
    return (
        str(spec.binaries["kubelet"]),
        f"--config={configuration}",
        f"--kubeconfig={spec.control_plane.kubeconfig('kubelet')}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={spec.network.bridge}",
        f"--root-dir={KUBELET}",
        f"--cert-dir={RUN}/kubelet-pki",
    )


def kube_proxy(spec: NodeSpec) -> Command:
    return (
        str(spec.binaries["kube-proxy"]),
        f"--kubeconfig={spec.control_plane.kubeconfig('kube-proxy')}",
        f"--hostname-override={NODE_NAME}",
        "--proxy-mode=nftables",
        f"--cluster-cidr={spec.network.pods}",
        "--bind-address=127.0.0.1",
        "--metrics-bind-address=127.0.0.1:10249",
        f"--healthz-bind-address=127.0.0.1:{PROXY_HEALTH}",
        # Else it writes sysctls that a namespace may not write.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0s",
        "--conntrack-tcp-timeout-close-wait=0s",
    )


def kube_router(spec: NodeSpec) -> Command:
    return (
        str(spec.binaries["kube-router"]),
        f"--kubeconfig={spec.control_plane.kubeconfig('kube-router')}",
        f"--hostname-override={NODE_NAME}",
        "--run-router=false",
        "--run-service-proxy=false",
        "--run-firewall=true",
        "--enable-cni=false",
        f"--service-cluster-ip-range={spec.network.services}",
        "--health-addr=127.0.0.1",
        f"--health-port={POLICY_HEALTH}",
    )


def access() -> Iterator[dict[str, Any]]:
    """What kube-router may do; the others have rights of Kubernetes' own."""
    return bound_role("kube-router", POLICY_READS)
