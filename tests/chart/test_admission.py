"""
What a real API server says to every object of every installation.
"""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from concordat.manifest import Manifest
from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.programs import binaries
from tests.chart.helm import MATRIX, NAMESPACE, Helm, only

pytestmark = pytest.mark.controlplane


@pytest.fixture(scope="module")
def server(cluster: ControlPlane) -> Iterator[ControlPlane]:
    """With the namespaces an installation needs, the operator's own as strict as there is, and foreign CRDs."""
    monitors = binaries.locate(["prometheus-operator.yaml"])["prometheus-operator.yaml"]
    _kubectl(cluster, "apply", "--server-side", "--filename", str(monitors))
    _kubectl(cluster, "wait", "--for=condition=Established", "crd/servicemonitors.monitoring.coreos.com")
    for name in ("shop", "billing"):
        _kubectl(cluster, "create", "namespace", name)
    _kubectl(cluster, "create", "namespace", NAMESPACE)
    _kubectl(cluster, "label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    yield cluster
    _kubectl(cluster, "delete", "namespace", NAMESPACE, "shop", "billing", "--wait=false")


@pytest.mark.parametrize("name", MATRIX)
def test_every_object_is_accepted(server: ControlPlane, helm: Helm, name: str) -> None:
    """Server-side dry run: schemas, validation, admission; no warning either."""
    manifests = helm.manifests(MATRIX[name])

    accepted = _kubectl(server, *_DRY_RUN, "--output=name", objects=manifests)

    assert len(manifests) == len(accepted.stdout.splitlines())
    assert "" == accepted.stderr


@pytest.mark.parametrize("name", MATRIX)
def test_the_operators_pod_may_run_where_only_restricted_pods_may(server: ControlPlane, helm: Helm, name: str) -> None:
    """Pod Security judges pods, not Deployments: so the pod itself is tried."""
    _kubectl(server, *_DRY_RUN, objects=[_pod(helm.manifests(MATRIX[name] | {"priorityClassName": ""}))])


def test_a_pod_with_a_privilege_is_refused(server: ControlPlane, helm: Helm) -> None:
    """The test above can fail."""
    pod = _pod(helm.manifests({}))
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True

    with pytest.raises(AssertionError, match='violates PodSecurity "restricted:latest": allowPrivilegeEscalation'):
        _kubectl(server, *_DRY_RUN, objects=[pod])


_DRY_RUN = ("apply", "--server-side", "--dry-run=server", "--filename=-")


def _pod(manifests: list[Manifest]) -> Manifest:
    template: dict[str, Any] = only(manifests, "Deployment")["spec"]["template"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": template["metadata"] | {"name": "operator", "namespace": NAMESPACE},
        "spec": template["spec"] | {"serviceAccountName": "default"},
    }


def _kubectl(
    cluster: ControlPlane, *arguments: str, objects: list[Manifest] | None = None
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [cluster.binaries["kubectl"], "--kubeconfig", cluster.kubeconfig, *arguments],
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}) if objects else None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return done
