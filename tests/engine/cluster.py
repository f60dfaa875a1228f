"""
A control plane with our resources and the optional kinds, and kubectl.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.testing import control_plane
from tests.engine.rig import OPTIONAL_KINDS, optional_crd

CRDS = Path(__file__).parents[2] / "crds"


class Kubectl:
    """The real one."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._command = (cluster.binaries["kubectl"], f"--kubeconfig={cluster.kubeconfig}")

    def __call__(self, *arguments: str, stdin: Any = None) -> str:
        done = subprocess.run(
            [*self._command, *arguments],
            input=None if stdin is None else json.dumps(stdin),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def answers(self, *arguments: str) -> bool:
        """Whether a command succeeds."""
        return subprocess.run([*self._command, *arguments], capture_output=True, check=False).returncode == 0

    def apply(self, *manifests: Any) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self("apply", "--server-side", "-f", "-", stdin=listed)

    def get(self, *arguments: str) -> Any:
        return json.loads(self("get", "-o", "json", "--show-managed-fields", *arguments))


@contextmanager
def started(*, optional: bool = True, simulated_nodes: int = 0) -> Iterator[ControlPlane]:
    """A control plane of its own."""
    with control_plane(simulated_nodes=simulated_nodes) as cluster:
        kubectl = Kubectl(cluster)
        kubectl("apply", "--server-side", "-f", str(CRDS))
        if optional:
            kubectl.apply(*map(optional_crd, OPTIONAL_KINDS))
        kubectl("wait", "--for=condition=Established", "--timeout=120s", "crd", "--all")
        yield cluster
