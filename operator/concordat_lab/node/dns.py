"""
CoreDNS as every cluster has it: pods labelled ``k8s-app: kube-dns`` behind the Service ``kube-dns`` in ``kube-system``.

As a pod, not as a process of the node: NetworkPolicies that let pods ask "the DNS" select exactly these pods, and have
to mean the same here as elsewhere. Names, labels and rights are kubeadm's.
"""

from collections.abc import Iterator
from typing import Any

from concordat_lab.control_plane.access import GROUP
from concordat_lab.control_plane.api import Api
from concordat_lab.node.spec import DNS_IMAGE

NAMESPACE = "kube-system"
LABELS = {"k8s-app": "kube-dns"}
TTL_SECONDS = 5
COREFILE = f""".:53 {{
    errors
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        pods insecure
        ttl {TTL_SECONDS}
    }}
    cache {TTL_SECONDS}
}}
"""
"""No ``forward``: names outside the cluster are answered SERVFAIL at once."""

READS = (
    {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
)


def manifests(address: str) -> Iterator[dict[str, Any]]:
    """Everything, with the Service at ``address``."""
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "coredns", "namespace": NAMESPACE}}
    role = {"name": "system:coredns"}
    yield {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": role, "rules": list(READS)}
    yield {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": role,
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": NAMESPACE}],
    }
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "coredns", "namespace": NAMESPACE},
        "data": {"Corefile": COREFILE},
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "coredns", "namespace": NAMESPACE, "labels": LABELS},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": _pod()},
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": NAMESPACE, "labels": LABELS},
        "spec": {
            "clusterIP": address,
            "selector": LABELS,
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
            ],
        },
    }


def answers(api: Api) -> bool:
    """Whether a CoreDNS pod is ready."""
    found = api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/coredns")
    return bool((found or {}).get("status", {}).get("readyReplicas"))


def _pod() -> dict[str, Any]:
    return {
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "priorityClassName": "system-cluster-critical",
        "containers": [
            {
                "name": "coredns",
                "image": DNS_IMAGE,
                "imagePullPolicy": "IfNotPresent",
                "args": ["-conf", "/etc/coredns/Corefile"],
                "ports": [
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
                ],
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
                "resources": {"requests": {"cpu": "10m", "memory": "40Mi"}},
                "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
                "securityContext": {
                    "runAsUser": 0,
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
                },
            }
        ],
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
    }
