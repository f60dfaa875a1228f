"""
Every pod passes Pod Security ``restricted``: by our own reading of the eighteen rules, and by the API server's.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from concordat.api import parse
from concordat.facts import Facts
from concordat.plan.service import plan
from concordat.resources import kinds
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.api.server import Server
from tests.api.strategies import manifests
from tests.conftest import kubectl

Pod = Mapping[str, Any]


def containers(pod: Pod) -> list[Mapping[str, Any]]:
    return [*pod["containers"], *pod.get("initContainers", []), *pod.get("ephemeralContainers", [])]


def contexts(pod: Pod) -> list[Mapping[str, Any]]:
    """Security contexts: the pod's and its containers'."""
    return [item.get("securityContext", {}) for item in (pod, *containers(pod))]


def effective(pod: Pod, field: str) -> list[Any]:
    """What holds for each container: its own word, else the pod's."""
    default = pod.get("securityContext", {}).get(field)
    return [container.get("securityContext", {}).get(field, default) for container in containers(pod)]


def handlers(pod: Pod) -> list[Mapping[str, Any]]:
    named = ("livenessProbe", "readinessProbe", "startupProbe")
    hooks = [hook for container in containers(pod) for hook in container.get("lifecycle", {}).values()]
    return [*hooks, *(container[name] for container in containers(pod) for name in named if name in container)]


RESTRICTED_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip

# https://kubernetes.io/docs/concepts/security/pod-security-standards/
RULES: dict[str, Callable[[Pod], bool]] = {
    "host process": lambda pod: not any(c.get("windowsOptions", {}).get("hostProcess") for c in contexts(pod)),
    "host namespaces": lambda pod: not any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")),
    "privileged containers": lambda pod: not any(c.get("privileged") for c in contexts(pod)),
    "capabilities, baseline": lambda pod: not any(c.get("capabilities", {}).get("add") for c in contexts(pod)),
    "hostPath volumes": lambda pod: not any("hostPath" in volume for volume in pod.get("volumes", [])),
    "host ports": lambda pod: not any(port.get("hostPort") for c in containers(pod) for port in c.get("ports", [])),
    "host probes": lambda pod: (
        not any(handler.get(kind, {}).get("host") for handler in handlers(pod) for kind in ("httpGet", "tcpSocket"))
    ),
    "AppArmor": lambda pod: all(
        c.get("appArmorProfile", {}).get("type", "RuntimeDefault") in ("RuntimeDefault", "Localhost")
        for c in contexts(pod)
    ),
    "SELinux": lambda pod: not any("seLinuxOptions" in c for c in contexts(pod)),
    "/proc mount type": lambda pod: not any(c.get("procMount", "Default") != "Default" for c in contexts(pod)),
    "seccomp, baseline": lambda pod: (
        not any(c.get("seccompProfile", {}).get("type") == "Unconfined" for c in contexts(pod))
    ),
    "sysctls": lambda pod: not pod.get("securityContext", {}).get("sysctls"),
    "volume types": lambda pod: all(set(volume) - {"name"} <= RESTRICTED_VOLUMES for volume in pod.get("volumes", [])),
    "privilege escalation": lambda pod: effective(pod, "allowPrivilegeEscalation") == [False] * len(containers(pod)),
    "running as non-root": lambda pod: effective(pod, "runAsNonRoot") == [True] * len(containers(pod)),
    "running as non-root user": lambda pod: 0 not in [c.get("runAsUser") for c in contexts(pod)],
    "seccomp, restricted": lambda pod: all(
        (profile or {}).get("type") in ("RuntimeDefault", "Localhost") for profile in effective(pod, "seccompProfile")
    ),
    "capabilities, restricted": lambda pod: all(
        "ALL" in c.get("securityContext", {}).get("capabilities", {}).get("drop", []) for c in containers(pod)
    ),
}


def template(manifest: dict[str, Any]) -> dict[str, Any]:
    """The pod template made of a Microservice."""
    children = plan(parse(manifest), Facts()).children
    (deployment,) = [child.manifest for child in children if child.kind is kinds.DEPLOYMENT]
    found: dict[str, Any] = deployment["spec"]["template"]
    return found


@given(manifests())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_pod_is_restricted(manifest: dict[str, Any]) -> None:
    """Whatever an author writes: all twelve rules of ``baseline`` and all six of ``restricted`` hold."""
    pod = template(manifest)["spec"]

    assert [] == [name for name, holds in RULES.items() if not holds(pod)]
    assert 18 == len(RULES)


@given(manifests())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_pod_is_closed_where_restricted_does_not_look(manifest: dict[str, Any]) -> None:
    """No token, no service links, no writable root, a bounded place to write."""
    pod = template(manifest)["spec"]

    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert [True] == effective(pod, "readOnlyRootFilesystem")
    assert [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}] == pod["volumes"]


BROKEN: dict[str, dict[str, Any]] = {
    "host namespaces": {"hostNetwork": True},
    "hostPath volumes": {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]},
    "running as non-root user": {"securityContext": {"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}},
    "privileged containers": {"containers": [{"securityContext": {"privileged": True}}]},
    "sysctls": {"securityContext": {"sysctls": [{"name": "x", "value": "y"}]}},
}


@pytest.mark.parametrize("rule", BROKEN)
def test_the_rules_can_fail(rule: str) -> None:
    """An oracle that accepts everything proves nothing."""
    pod = {"containers": [{}]} | BROKEN[rule]

    assert not RULES[rule](pod)


@pytest.fixture(scope="module")
def restricted(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A namespace that enforces it."""
    kubectl(control_plane, "create", "namespace", "pod-security")
    kubectl(control_plane, "label", "namespace", "pod-security", "pod-security.kubernetes.io/enforce=restricted")
    found = Server(control_plane.kubeconfig, tmp_path_factory.mktemp("client"))
    with found.http:
        yield found


@pytest.mark.controlplane
@given(manifests())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_api_server_admits_every_pod(restricted: Server, manifest: dict[str, Any]) -> None:
    """Admission of the real API server, with ``restricted`` enforced, takes all of them."""
    found = template(manifest)
    metadata = {"name": "x", "labels": found["metadata"]["labels"]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": found["spec"] | {"serviceAccountName": "default"},
    }

    assert restricted.refusal("/api/v1/namespaces/pod-security/pods", pod) is None
