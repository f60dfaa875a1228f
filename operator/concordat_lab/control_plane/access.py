"""What the lab's own components may do in a cluster, as manifests."""

from collections.abc import Iterator, Sequence
from typing import Any

GROUP = "rbac.authorization.k8s.io"


def bound_role(component: str, rules: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A ClusterRole of ``rules``, bound to the user ``system:<component>``."""
    name = f"concordat-lab:{component}"
    yield {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": list(rules)}
    yield {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": GROUP, "kind": "User", "name": f"system:{component}"}],
    }
