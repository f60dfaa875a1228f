"""The metrics API beside a node: how it is started and registered. What it answers is :mod:`metrics_api`'s business."""

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from concordat_lab.control_plane.access import bound_role
from concordat_lab.control_plane.components import Command
from concordat_lab.control_plane.kubeconfig import authority_of
from concordat_lab.node.spec import PYTHON, NodeSpec

PORT = 16443
NAMESPACE, SERVICE = "kube-system", "metrics"
SERVING_NAME = f"{SERVICE}.{NAMESPACE}.svc"
"""What the API server verifies the serving certificate against."""

RULES: tuple[dict[str, Any], ...] = (
    {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["nodes/metrics", "nodes/proxy"], "verbs": ["get"]},
)


def command(spec: NodeSpec) -> Command:
    return (
        *PYTHON,
        "-m",
        "concordat_lab.node.metrics_api",
        f"--kubeconfig={spec.control_plane.kubeconfig('metrics')}",
        f"--address={spec.network.bridge}",
        f"--port={PORT}",
        f"--certificate={spec.pki}/metrics-api.crt",
        f"--key={spec.pki}/metrics-api.key",
        f"--client-authority={spec.pki}/front-proxy-ca.crt",
    )


def answers(spec: NodeSpec) -> bool:
    with closing(socket.socket()) as connection:
        return connection.connect_ex((spec.network.bridge, PORT)) == 0


def access() -> Iterator[dict[str, Any]]:
    return bound_role("metrics", RULES)


def registration(spec: NodeSpec) -> Iterator[dict[str, Any]]:
    """The API server finds it under its bridge address, by a Service without pods."""
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": SERVICE, "namespace": NAMESPACE},
        "spec": {"type": "ExternalName", "externalName": spec.network.bridge, "ports": [{"port": PORT}]},
    }
    yield {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "service": {"name": SERVICE, "namespace": NAMESPACE, "port": PORT},
            "caBundle": authority_of(spec.control_plane.kubeconfig("metrics")),
        },
    }
