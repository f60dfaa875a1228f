"""
The one right that would lead to more, and what keeps it from doing so.

Whoever may write the configuration of a webhook can have it asked about every Secret. The operator's account may write its
own, for the sake of certificates; a ValidatingAdmissionPolicy of the chart holds it to that.
"""

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from concordat_lab.control_plane.controlplane import ControlPlane
from tests.chart.helm import NAMESPACE, Helm, of_kind

pytestmark = pytest.mark.controlplane

ACCOUNT = f"system:serviceaccount:{NAMESPACE}:concordat"
CONFIGURATION = ("validatingwebhookconfiguration", "concordat")
KINDS = (
    "ValidatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ClusterRole",
    "ClusterRoleBinding",
)


@pytest.fixture(scope="module")
def server(cluster: ControlPlane, helm: Helm) -> Iterator[ControlPlane]:
    """With what the chart gives the cluster. A policy takes a moment until it holds."""
    objects = of_kind(helm.manifests({}), *KINDS)
    _kubectl(cluster, "apply", "--server-side", "--filename=-", stdin=objects)
    for _ in range(100):
        if not _patched(cluster, "/webhooks/0/failurePolicy", "Fail"):
            break
        time.sleep(0.2)
    yield cluster
    _kubectl(cluster, "delete", "--filename=-", stdin=objects)


def test_certificates_may_be_put_in(server: ControlPlane) -> None:
    """That is what the right is for."""
    authority = (server.folder / "pki" / "ca.crt").read_bytes()
    assert _patched(server, "/webhooks/0/clientConfig/caBundle", _base64(authority))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/webhooks/0/rules/0/apiGroups", [""]),
        ("/webhooks/0/rules/0/apiGroups", ["*"]),
        ("/webhooks/0/rules/0/apiGroups/-", ""),
        (
            "/webhooks/0/rules/-",
            {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "operations": ["*"]},
        ),
        ("/webhooks/0/failurePolicy", "Fail"),
    ],
)
def test_nothing_else_may_be_asked(server: ControlPlane, path: str, value: Any) -> None:
    """Not about the things of others, and nobody may be made to depend on the answer."""
    assert not _patched(server, path, value)


def test_people_may_change_it(server: ControlPlane) -> None:
    """An administrator decides for themselves."""
    assert _patched(server, "/webhooks/0/timeoutSeconds", 5, account="")


def test_it_holds_for_this_configuration_alone(server: ControlPlane) -> None:
    """No other webhook's configuration can be read or written."""
    for verb in ("get", "patch"):
        said = _kubectl(
            server, "auth", "can-i", verb, "/".join((CONFIGURATION[0], "other")), f"--as={ACCOUNT}", check=False
        )
        assert said.stdout.strip() == "no"


def _patched(cluster: ControlPlane, path: str, value: Any, *, account: str = ACCOUNT) -> bool:
    patch = json.dumps([{"op": "add", "path": path, "value": value}])
    impersonated = [f"--as={account}"] if account else []
    done = _kubectl(
        cluster,
        "patch",
        *CONFIGURATION,
        "--type=json",
        f"--patch={patch}",
        *impersonated,
        "--dry-run=server",
        check=False,
    )
    return done.returncode == 0


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _kubectl(
    cluster: ControlPlane, *arguments: str, stdin: Any = None, check: bool = True
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [cluster.binaries["kubectl"], "--kubeconfig", cluster.kubeconfig, *arguments],
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": stdin}) if stdin else None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done
