"""A cluster that is there already: we use it, and let go of it unchanged."""

import os
import shlex
import subprocess
from pathlib import Path

import yaml

from concordat_lab.control_plane.audit import AuditLog
from concordat_lab.errors import LabError, Unavailable
from concordat_lab.machine.progress import Progress, Quiet
from concordat_lab.programs import binaries
from concordat_lab.providers.forward import Forwards

LOAD_COMMAND = "CONCORDAT_LOAD_IMAGE"
"""How an archive gets into it: ``minikube image load {archive}``."""


class Existing:
    """Whatever the kubeconfig's current context leads to. A provider and, once up, its own handle."""

    audit_log: AuditLog | None = None

    def __init__(self, kubeconfig: Path | None = None, *, progress: Progress | None = None) -> None:
        named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        self.kubeconfig = kubeconfig or Path(named or Path.home() / ".kube" / "config")
        self._progress = progress or Quiet()

    def up(self) -> "Existing":
        """:raises LabError: no kubeconfig, or nobody answers there."""
        if not self.kubeconfig.is_file():
            raise LabError(f"there is no kubeconfig {self.kubeconfig}: set KUBECONFIG")
        kubectl = str(binaries.locate(["kubectl"], self._progress)["kubectl"])
        asked = _kubectl(kubectl, self.kubeconfig, "get", "--raw", "/readyz")
        if asked.returncode:
            raise LabError(f"the cluster of {self.kubeconfig} does not answer: {asked.stderr.strip()[:400]}")
        self._kubectl = kubectl
        self._forwards = Forwards(kubectl, self.kubeconfig)
        return self

    def load_image(self, archive: Path) -> None:
        command = os.environ.get(LOAD_COMMAND)
        if not command:
            raise Unavailable(
                f"how does an image get into your cluster? Say it by {LOAD_COMMAND}, for example "
                f"{LOAD_COMMAND}='minikube image load {{archive}}' or 'kind load image-archive {{archive}}'"
            )
        words = [word.replace("{archive}", str(archive)) for word in shlex.split(command)]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"{' '.join(words)}: {done.stderr.strip()[-600:]}")

    def reach(self, namespace: str, service: str, port: int | None = None) -> str:
        return self._forwards.url(namespace, service, port or self._first_port(namespace, service))

    def down(self) -> None:
        self._forwards.end()

    def _first_port(self, namespace: str, service: str) -> int:
        path = f"/api/v1/namespaces/{namespace}/services/{service}"
        asked = _kubectl(self._kubectl, self.kubeconfig, "get", "--raw", path)
        if asked.returncode:
            raise LabError(f"there is no Service {service} in namespace {namespace}")
        return int(yaml.safe_load(asked.stdout)["spec"]["ports"][0]["port"])


def _kubectl(kubectl: str, kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """By kubectl, not by a client of ours: a cluster of somebody else may want any way of logging in."""
    return subprocess.run(
        [kubectl, f"--kubeconfig={kubeconfig}", "--request-timeout=10s", *arguments], capture_output=True, text=True
    )
