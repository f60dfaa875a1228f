"""Simulated nodes: kwok makes their pods ready without running anything. Mass without machines."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from concordat_lab.control_plane.access import bound_role
from concordat_lab.control_plane.api import Api

ANNOTATION = "kwok.x-k8s.io/node"
TAINT = {"key": ANNOTATION, "value": "fake", "effect": "NoSchedule"}
"""Beside real nodes: only pods that tolerate it land on simulated ones."""
POD_ADDRESSES = "10.250.0.1/16"
NODE_ADDRESS = "10.250.255.254"

RULES = (
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch", "patch", "update"]},
    {"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch", "update"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch", "patch", "update", "delete"]},
    {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch", "update"]},
    {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["get", "list", "watch", "create", "patch", "update"],
    },
)


def command(program: Path, *, stages: Path, kubeconfig: Path, port: int) -> Sequence[str]:
    return (
        str(program),
        f"--kubeconfig={kubeconfig}",
        f"--config={stages}",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-annotation-selector={ANNOTATION}=fake",
        f"--cidr={POD_ADDRESSES}",
        f"--node-ip={NODE_ADDRESS}",
        "--node-lease-duration-seconds=40",
        f"--server-address=127.0.0.1:{port}",
    )


def access() -> Iterator[dict[str, Any]]:
    """What kwok may do."""
    return bound_role("kwok", RULES)


def nodes(count: int, *, tainted: bool) -> Iterator[dict[str, Any]]:
    """``count`` nodes of 32 processors, 256 GiB and 1,000 pods each."""
    for number in range(count):
        name = _name(number)
        yield {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "annotations": {ANNOTATION: "fake"},
                "labels": {"type": "kwok", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
            },
            "spec": {"taints": [TAINT]} if tainted else {},
        }


def all_ready(api: Api, count: int) -> bool:
    return all(is_ready(api.get(f"/api/v1/nodes/{_name(number)}")) for number in range(count))


def is_ready(node: dict[str, Any] | None) -> bool:
    conditions = (node or {}).get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _name(number: int) -> str:
    return f"simulated-{number}"
