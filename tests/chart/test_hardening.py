"""
Rules that scanners of manifests hold a chart to, for every installation: what kubesec, kube-linter and Pod Security ask for.

A rule gives what is wrong with a pod of the chart or with all its objects; nothing is excused.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from concordat.manifest import Manifest
from tests.chart.helm import MATRIX, Helm, of_kind

Pod = dict[str, Any]
Container = dict[str, Any]

OF_A_POD: dict[str, Callable[[Pod], object]] = {
    "runs as nobody in particular": lambda pod: (
        pod["securityContext"]["runAsNonRoot"] is True
        and pod["securityContext"]["runAsUser"] >= 10_000
        and pod["securityContext"]["runAsGroup"] >= 10_000
    ),
    "has the seccomp profile of its runtime": lambda pod: (
        pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    ),
    "has an account of its own": lambda pod: pod["serviceAccountName"] not in ("", "default"),
    "says whether it has a token": lambda pod: (
        pod["automountServiceAccountToken"] is True
    ),  # it talks to the API server
    "shares nothing with its node": lambda pod: (
        not {"hostNetwork", "hostPID", "hostIPC", "hostAliases", "nodeName"} & pod.keys()
    ),
    "mounts nothing of its node and no Secret": lambda pod: not pod.get("volumes"),
    "learns of no Service by its environment": lambda pod: pod["enableServiceLinks"] is False,
    "ends within a bounded time": lambda pod: 0 < pod["terminationGracePeriodSeconds"] <= 60,
    "is spread over nodes": lambda pod: pod["topologySpreadConstraints"],
    "has a single container": lambda pod: len(pod["containers"]) == 1 and not pod.get("initContainers"),
}
OF_A_CONTAINER: dict[str, Callable[[Container], object]] = {
    "writes to no root file system": lambda one: one["securityContext"]["readOnlyRootFilesystem"] is True,
    "gains nothing": lambda one: one["securityContext"]["allowPrivilegeEscalation"] is False,
    "is not privileged": lambda one: not one["securityContext"].get("privileged"),
    "has no capability": lambda one: one["securityContext"]["capabilities"] == {"drop": ["ALL"]},
    "states what it needs": lambda one: one["resources"]["requests"].keys() >= {"cpu", "memory"},
    "is bounded in memory": lambda one: "memory" in one["resources"]["limits"],
    "is watched": lambda one: one.keys() >= {"startupProbe", "livenessProbe", "readinessProbe"},
    "has an image with a version": lambda one: (
        re.fullmatch(r"\S+(:[\w.-]+|@sha256:[0-9a-f]{64})", one["image"]) and not one["image"].endswith(":latest")
    ),
    "listens on no port of the system": lambda one: all(port["containerPort"] > 1024 for port in one["ports"]),
    "takes no port of its node": lambda one: not any("hostPort" in port for port in one["ports"]),
    "holds no Secret in its environment": lambda one: (
        not one.get("envFrom") and not any("secretKeyRef" in variable.get("valueFrom", {}) for variable in one["env"])
    ),
}
OF_THE_RELEASE: dict[str, Callable[[list[Manifest]], object]] = {
    "no account mounts its token by itself": lambda found: all(
        one["automountServiceAccountToken"] is False for one in of_kind(found, "ServiceAccount")
    ),
    "no Service is seen outside the cluster": lambda found: all(
        one["spec"].get("type", "ClusterIP") == "ClusterIP" and not one["spec"].get("externalIPs")
        for one in of_kind(found, "Service")
    ),
    "there is no Secret": lambda found: not of_kind(found, "Secret"),
    "nobody is bound to a role of the cluster's own": lambda found: all(
        one["roleRef"]["name"].startswith("concordat") for one in of_kind(found, "RoleBinding", "ClusterRoleBinding")
    ),
    "no group and nobody anonymous is bound": lambda found: all(
        subject["kind"] == "ServiceAccount"
        for one in of_kind(found, "RoleBinding", "ClusterRoleBinding")
        for subject in one["subjects"]
    ),
    "every policy that denies is bound": lambda found: (
        {one["metadata"]["name"] for one in of_kind(found, "ValidatingAdmissionPolicy")}
        == {
            one["spec"]["policyName"]
            for one in of_kind(found, "ValidatingAdmissionPolicyBinding")
            if one["spec"]["validationActions"] == ["Deny"]
        }
    ),
    "no policy is passed by when it fails": lambda found: all(
        one["spec"]["failurePolicy"] == "Fail" for one in of_kind(found, "ValidatingAdmissionPolicy")
    ),
    "no hook runs anything": lambda found: (
        not any("helm.sh/hook" in one["metadata"].get("annotations", {}) for one in found)
    ),
    "there is nothing but the operator that runs": lambda found: (
        len(of_kind(found, "Deployment")) == 1
        and not of_kind(found, "DaemonSet", "StatefulSet", "Job", "CronJob", "Pod")
    ),
}


@pytest.mark.parametrize("name", MATRIX)
def test_every_rule_holds(helm: Helm, name: str) -> None:
    """In every installation worth telling apart."""
    manifests = helm.manifests(MATRIX[name])
    assert [] == broken(manifests)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda pod: pod["securityContext"].update(runAsUser=0), "runs as nobody in particular"),
        (lambda pod: pod.update(hostNetwork=True), "shares nothing with its node"),
        (lambda pod: pod.update(volumes=[{"name": "x", "hostPath": {"path": "/"}}]), "mounts nothing of its node"),
        (lambda pod: pod["containers"][0].pop("resources"), "is bounded in memory"),
        (lambda pod: pod["containers"][0].update(image="operator:latest"), "has an image with a version"),
        (lambda pod: pod["containers"][0].pop("livenessProbe"), "is watched"),
    ],
)
def test_a_rule_can_be_broken(helm: Helm, change: Callable[[Pod], object], rule: str) -> None:
    """A field that is missing breaks its rule as well as a wrong one."""
    manifests = helm.manifests({})
    change(_pod(manifests))
    assert any(found.startswith(rule) for found in broken(manifests))


def broken(manifests: list[Manifest]) -> list[str]:
    """The rules that do not hold."""
    pod = _pod(manifests)
    return [
        rule
        for rules, subject in ((OF_A_POD, pod), (OF_A_CONTAINER, pod["containers"][0]), (OF_THE_RELEASE, manifests))
        for rule, holds in rules.items()
        if not _holds(holds, subject)
    ]


def _holds(rule: Callable[[Any], object], subject: Any) -> bool:
    try:
        return bool(rule(subject))
    except KeyError:
        return False


def _pod(manifests: list[Manifest]) -> Pod:
    (deployment,) = of_kind(manifests, "Deployment")
    found: Pod = deployment["spec"]["template"]["spec"]
    return found
