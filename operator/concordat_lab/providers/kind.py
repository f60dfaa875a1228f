"""
A cluster by kind (https://kind.sigs.k8s.io), for machines with Docker and no root.

Not run where this was written: no Docker daemon and no image registry there. Configuration and commands are kind's
documented ones; the audit log is mounted out of the node as its guide "Auditing" does it. The version of Kubernetes is the
one that release of kind was made with: node images exist only for those.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from concordat_lab.control_plane.audit import POLICY, AuditLog
from concordat_lab.errors import LabError
from concordat_lab.machine import paths
from concordat_lab.machine.progress import Progress, Quiet
from concordat_lab.providers.existing import Existing

_LOGS = "/var/log/kubernetes"
_POLICIES = "/etc/kubernetes/policies"
_FLAGS = {"audit-log-path": f"{_LOGS}/audit.log", "audit-policy-file": f"{_POLICIES}/audit-policy.yaml"}
_ARGUMENTS: dict[str, Any] = {
    "kubeadm.k8s.io/v1beta3": _FLAGS,
    "kubeadm.k8s.io/v1beta4": [{"name": name, "value": value} for name, value in _FLAGS.items()],
}
"""kind uses the second from Kubernetes 1.36 on, and of patches those of the version it uses."""


def configuration(folder: Path) -> dict[str, Any]:
    """One node; kindnet enforces NetworkPolicies; the audit log appears in ``folder/audit``."""
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [
            {
                "role": "control-plane",
                "kubeadmConfigPatches": [yaml.safe_dump(_patch(version), sort_keys=False) for version in _ARGUMENTS],
                "extraMounts": [
                    {
                        "hostPath": str(folder / "audit-policy.yaml"),
                        "containerPath": _FLAGS["audit-policy-file"],
                        "readOnly": True,
                    },
                    {"hostPath": str(folder / "audit"), "containerPath": _LOGS},
                ],
            }
        ],
    }


def _patch(version: str) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": "ClusterConfiguration",
        "apiServer": {
            "extraArgs": _ARGUMENTS[version],
            "extraVolumes": [
                {
                    "name": name,
                    "hostPath": path,
                    "mountPath": path,
                    "readOnly": path == _POLICIES,
                    "pathType": "DirectoryOrCreate",
                }
                for name, path in (("audit-policies", _POLICIES), ("audit-logs", _LOGS))
            ],
        },
    }


class Kind:
    """One cluster by kind; a provider and, once up, its own handle."""

    def __init__(self, name: str, *, progress: Progress | None = None) -> None:
        self._name = f"concordat-{name}"
        self._folder = folder = paths.clusters() / name
        self._progress = progress or Quiet()
        self.kubeconfig = folder / "kubeconfig"
        self.audit_log: AuditLog | None = AuditLog(path=folder / "audit" / "audit.log")
        self._existing = Existing(self.kubeconfig, progress=self._progress)

    @property
    def known(self) -> bool:
        """Whether the cluster of this name was started by kind."""
        return (self._folder / "kind.yaml").exists()

    @property
    def running(self) -> bool:
        return self._name in _kind("get", "clusters").split()

    def up(self) -> "Kind":
        """:raises LabError: kind refuses; carries what it said."""
        (self._folder / "audit").mkdir(parents=True, exist_ok=True)
        (self._folder / "audit-policy.yaml").write_text(yaml.safe_dump(POLICY, sort_keys=False))
        file = self._folder / "kind.yaml"
        file.write_text(yaml.safe_dump(configuration(self._folder), sort_keys=False))
        with self._progress.step(f"kind cluster {self._name}"):
            kubeconfig = f"--kubeconfig={self.kubeconfig}"
            _kind("create", "cluster", f"--name={self._name}", f"--config={file}", kubeconfig, "--wait=180s")
        return self.attach()

    def attach(self) -> "Kind":
        """Use one that is up already."""
        self._existing.up()
        return self

    def load_image(self, archive: Path) -> None:
        _kind("load", "image-archive", str(archive), f"--name={self._name}")

    def reach(self, namespace: str, service: str, port: int | None = None) -> str:
        return self._existing.reach(namespace, service, port)

    def down(self) -> None:
        _kind("delete", "cluster", f"--name={self._name}")
        shutil.rmtree(self._folder, ignore_errors=True)


def _kind(*arguments: str) -> str:
    done = subprocess.run(["kind", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"kind {' '.join(arguments)}: {done.stderr.strip()[-1500:]}")
    return done.stdout
