"""
What tests of every part share: one real API server with our resources installed.
"""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.testing import control_plane as started

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """etcd, API server, controller-manager, scheduler and one simulated node, with the CRDs of ``crds/`` established."""
    with started(simulated_nodes=1, autoscaler_sync_seconds=1) as cluster:
        kubectl(cluster, "apply", "--server-side", "-f", str(ROOT / "crds"))
        kubectl(cluster, "wait", "--for=condition=Established", "--timeout=120s", "-f", str(ROOT / "crds"))
        _published(cluster)
        yield cluster


def _published(cluster: ControlPlane) -> None:
    """An Established resource takes a moment to appear in discovery and OpenAPI."""
    for _ in range(100):
        if "KIND:" in kubectl(cluster, "explain", "microservice", check=False):
            return
        time.sleep(0.1)
    raise AssertionError("the API server does not publish Microservice")


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of its own; what a test leaves in it goes with it."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    kubectl(control_plane, "create", "namespace", name)
    yield name
    kubectl(control_plane, "delete", "namespace", name, "--wait=false")


def kubectl(cluster: ControlPlane, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
    """Standard output of a real kubectl; its complaint in the failure, unless ``check`` is off: then both."""
    done = subprocess.run(
        [cluster.binaries["kubectl"], f"--kubeconfig={cluster.kubeconfig}", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if not check:
        return done.stdout + done.stderr
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def established(cluster: ControlPlane) -> None:
    """Every CRD is served. One that was applied a moment ago has no status yet, which ``kubectl wait`` takes for an error."""
    for _ in range(100):
        said = kubectl(cluster, "wait", "--for=condition=Established", "--timeout=180s", "crd", "--all", check=False)
        if "accessor error" not in said:
            break
        time.sleep(0.1)
    assert "error:" not in said, said


@pytest.fixture(scope="session")
def operator(control_plane: ControlPlane) -> Iterator[subprocess.Popen[bytes]]:
    """The operator as its image starts it, on the session's control plane."""
    environ = {
        **os.environ,
        "KUBECONFIG": str(control_plane.kubeconfig),
        "CONCORDAT_HTTP_PORT": "0",
        "CONCORDAT_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen([sys.executable, "-m", "concordat"], env=environ, cwd=ROOT)
    yield process
    process.terminate()
    assert process.wait(timeout=30) == 0
