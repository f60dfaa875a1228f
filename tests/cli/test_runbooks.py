"""
What a runbook tells somebody to type at night does what it says, on a real API server.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from concordat_lab.control_plane.controlplane import ControlPlane
from tests.cli.test_live import _service
from tests.conftest import ROOT, kubectl
from tests.e2e.stage import eventually

pytestmark = [pytest.mark.controlplane, pytest.mark.usefixtures("operator")]

RUNBOOKS = ROOT / "docs" / "runbooks"


def _command(page: str, beginning: str, **values: str) -> str:
    """The one command of a page that begins so, its placeholders filled in."""
    (found,) = (
        each
        for each in re.findall(r"`(kubectl [^`]*)`", (RUNBOOKS / f"{page}.md").read_text())
        if each.startswith(beginning)
    )
    for name, value in values.items():
        found = found.replace(f"<{name}>", value)
    assert "<" not in found
    return found


def _typed(cluster: ControlPlane, command: str) -> str:
    program = Path(cluster.binaries["kubectl"]).parent
    path = f"{program}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "KUBECONFIG": str(cluster.kubeconfig)}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def _image(cluster: ControlPlane, namespace: str) -> str:
    wanted = "-o=jsonpath={.spec.template.spec.containers[0].image}"
    return kubectl(
        cluster, "get", "deployment", "orders", "-n", namespace, wanted, check=False
    )  # it may not be there yet


def _listed(cluster: ControlPlane, listing: str) -> list[str]:
    """The images of a listing of ReplicaSets, from the top."""
    return re.findall(r"example\.com/orders:[\d.]+", _typed(cluster, listing))


def _until_image(cluster: ControlPlane, namespace: str, image: str) -> None:
    eventually(lambda: _image(cluster, namespace) == image, because=f"the Deployment gets {image}")


def test_a_deploy_is_undone_in_the_microservice(control_plane: ControlPlane, namespace: str) -> None:
    """The former image is found and comes back; what the page warns of is taken back indeed."""
    for version in ("1.11", "1.12"):
        kubectl(control_plane, "apply", "-f", "-", stdin=_service(namespace, version=version))
        _until_image(control_plane, namespace, f"example.com/orders:{version}")
        wanted = f"--for=jsonpath={{.status.version}}={version}"
        kubectl(control_plane, "wait", "-n", namespace, wanted, "--timeout=180s", "microservice/orders")

    page = "ErrorBudgetFastBurnPage"
    listing = _command(page, "kubectl get replicasets", namespace=namespace, service="orders")
    former, latest = "example.com/orders:1.11", "example.com/orders:1.12"
    eventually(lambda: _listed(control_plane, listing) == [former, latest], because="the former image is above")

    kubectl(control_plane, "rollout", "undo", "deployment/orders", "-n", namespace)
    _until_image(control_plane, namespace, latest)

    _typed(control_plane, _command(page, "kubectl patch", namespace=namespace, service="orders", image=former))
    _until_image(control_plane, namespace, former)
    eventually(lambda: _listed(control_plane, listing) == [latest, former], because="what is in use again is last")


def test_who_is_not_ready_is_listed_with_the_reason(control_plane: ControlPlane, namespace: str) -> None:
    """And who is ready is not; the reasons are counted."""
    kubectl(control_plane, "create", "serviceaccount", "orders", "-n", namespace)
    for name in ("orders", "stock"):
        text = _service(namespace).replace("name: orders", f"name: {name}")
        kubectl(control_plane, "apply", "-f", "-", stdin=text)
    kubectl(control_plane, "wait", "-n", namespace, "--for=condition=Ready", "--timeout=180s", "microservice/stock")
    reason = '--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=Conflict'
    kubectl(control_plane, "wait", "-n", namespace, reason, "--timeout=180s", "microservice/orders")

    listed = _typed(control_plane, _command("ConcordatReconcileErrors", "kubectl get microservices")).splitlines()
    ours = [line.split() for line in listed if line.startswith(namespace)]
    assert [(line[1], "Conflict" in line) for line in ours] == [("orders", True)]
    counted = _typed(control_plane, _command("ConcordatServicesNotReady", "kubectl get microservices"))
    assert re.search(r"^ +\d+ Conflict$", counted, re.MULTILINE)


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_selects_by_labels_that_are_there(page: Path) -> None:
    """Of the operator's own pods as its chart writes them, of services as the operator does."""
    for key, value in re.findall(r"-l ([\w./-]+)=([\w<>-]+)", page.read_text()):
        assert (key, value) in {
            ("concordat.dev/service", "<service>"),
            ("app.kubernetes.io/name", "concordat-operator"),
        }
