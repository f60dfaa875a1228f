"""
Install, upgrade, uninstall, come back: what stays and what goes. ``docs/install.md`` promises it.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat_lab.control_plane.controlplane import ControlPlane
from tests.chart.helm import CHART, Helm

pytestmark = pytest.mark.controlplane

SERVICE = {
    "apiVersion": "concordat.dev/v1alpha1",
    "kind": "Microservice",
    "metadata": {"name": "orders", "namespace": "default"},
    "spec": {"team": "checkout", "image": "registry.example.com/orders:1.4.2", "ports": {"http": {"port": 8080}}},
}
CRDS = ("crd/microservices.concordat.dev", "crd/servicecontracts.concordat.dev")


@pytest.fixture
def installation(cluster: ControlPlane, helm: Helm) -> Iterator["Installation"]:
    """The chart, installed, with one Microservice; everything is gone afterwards."""
    installation = Installation(cluster, helm)
    try:
        installation.helm("install", "concordat", str(CHART), "--namespace=first", "--create-namespace")
        installation.kubectl("wait", "--for=condition=Established", *CRDS)
        installation.kubectl("apply", "--filename=-", stdin=json.dumps(SERVICE))
        yield installation
    finally:
        for namespace in ("first", "second", "owned"):
            installation.helm("uninstall", "--ignore-not-found", "concordat", f"--namespace={namespace}")
        installation.kubectl("delete", *CRDS, "--ignore-not-found")


class Installation:
    """helm and kubectl on one cluster."""

    def __init__(self, cluster: ControlPlane, helm: Helm) -> None:
        self._cluster = cluster
        self._helm = helm

    def helm(self, *arguments: str, refused: bool = False) -> str:
        """What helm said."""
        return self._run(self._helm.program, *arguments, refused=refused)

    def kubectl(self, *arguments: str, stdin: str = "", refused: bool = False) -> str:
        """What kubectl said."""
        return self._run(self._cluster.binaries["kubectl"], *arguments, stdin=stdin, refused=refused)

    def may(self, user: str, verb: str, subresource: str = "") -> bool:
        """Whether RBAC lets ``user`` do that to Microservices; kubectl says no by its exit code."""
        what = ("microservices.concordat.dev", f"--subresource={subresource}")
        done = self._start(self._cluster.binaries["kubectl"], "auth", "can-i", verb, *what, f"--as={user}")
        return done.stdout.strip() == "yes"

    def _run(self, program: Path, *arguments: str, stdin: str = "", refused: bool = False) -> str:
        done = self._start(program, *arguments, stdin=stdin)
        assert refused == (done.returncode != 0), done.stdout + done.stderr
        return done.stdout + done.stderr

    def _start(self, program: Path, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"KUBECONFIG": str(self._cluster.kubeconfig)}
        return subprocess.run(
            [program, *arguments], input=stdin, env=environment, capture_output=True, text=True, check=False
        )


def test_an_upgrade_brings_the_crds_along(installation: Installation, tmp_path: Path) -> None:
    """Helm never upgrades what lies in a chart's crds/ folder: so ours lie elsewhere."""
    chart = _with_another_short_name(tmp_path)

    installation.helm("upgrade", "concordat", str(chart), "--namespace=first")

    assert "orders" in installation.kubectl("get", "renamed")


def test_services_outlive_the_operator(installation: Installation) -> None:
    """An uninstall takes the operator away, neither the definitions nor what people declared."""
    installation.helm("uninstall", "concordat", "--namespace=first")

    assert "No resources found" in installation.kubectl("get", "deployments,clusterroles", "--namespace=first", *_OURS)
    assert "orders" in installation.kubectl("get", "microservices")


def test_it_comes_back_under_its_name(installation: Installation) -> None:
    """The definitions left behind are taken up again."""
    installation.helm("uninstall", "concordat", "--namespace=first")

    installation.helm("install", "concordat", str(CHART), "--namespace=first")

    assert "orders" in installation.kubectl("get", "microservices")


def test_it_comes_back_elsewhere_when_told_to_take_ownership(installation: Installation) -> None:
    """Helm asks before it takes what belonged to another release."""
    installation.helm("uninstall", "concordat", "--namespace=first")
    second = ("install", "concordat", str(CHART), "--namespace=second", "--create-namespace")

    refusal = installation.helm(*second, refused=True)
    installation.helm(*second, "--take-ownership")

    assert "invalid ownership metadata" in refusal
    assert "orders" in installation.kubectl("get", "microservices")


def test_people_read_and_write_services_by_kubernetes_own_roles(installation: Installation) -> None:
    """``view`` and ``edit`` aggregate ours; nobody but the operator writes a status."""
    for role in ("view", "edit"):
        installation.kubectl("create", "clusterrolebinding", f"a-{role}er", f"--clusterrole={role}", f"--user={role}er")

    assert [True, False] == [installation.may("viewer", verb) for verb in ("list", "create")]
    assert [True, True] == [installation.may("editer", verb) for verb in ("list", "create")]
    assert not installation.may("editer", "patch", "status")


def test_the_owner_of_some_namespaces_can_install_it_there(installation: Installation) -> None:
    """Without any right in the cluster: what ``scope: namespaces`` is for."""
    for namespace in ("shop", "owned"):
        installation.kubectl("create", "namespace", namespace)
        installation.kubectl(
            "create", "rolebinding", "owner", "--clusterrole=cluster-admin", "--user=owner", f"--namespace={namespace}"
        )
    scoped = ("--set=scope=namespaces,crds.install=false", "--set=namespaces={shop}", "--kube-as-user=owner")

    refusal = installation.helm("install", "concordat", str(CHART), "--namespace=owned", scoped[-1], refused=True)
    installation.helm("install", "concordat", str(CHART), "--namespace=owned", *scoped)

    assert "forbidden" in refusal
    assert "concordat" in installation.kubectl("get", "role", "concordat", "--namespace=shop")


_OURS = ("--selector=app.kubernetes.io/name=concordat-operator",)


def _with_another_short_name(folder: Path) -> Path:
    """The next release of the chart, in which the definition has changed."""
    chart = folder / "concordat"
    shutil.copytree(CHART, chart)
    definition = chart / "files" / "crds" / "microservices.yaml"
    crd: Any = yaml.safe_load(definition.read_text())
    crd["spec"]["names"]["shortNames"] = ["renamed"]
    definition.write_text(yaml.safe_dump(crd))
    return chart
