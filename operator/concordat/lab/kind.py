"""
A cluster by kind (https://kind.sigs.k8s.io), for machines with Docker and no root.

Not run where this was written: no Docker daemon and no image registry there. Configuration and commands are kind's
documented ones for v0.32; the audit log is mounted out of the node as its guide "Auditing" does it.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from concordat.lab import paths
from concordat.lab.audit import POLICY, AuditLog
from concordat.lab.errors import LabError
from concordat.lab.existing import Existing
from concordat.lab.progress import Progress, Quiet
from concordat.lab.tools import TOOLS

_IN_NODE = "/var/log/kubernetes"


def configuration(folder: Path) -> dict[str, Any]:
    """One node; kindnet enforces NetworkPolicies; the audit log appears in ``folder/audit``."""
    policy = "/etc/kubernetes/policies/audit-policy.yaml"
    patch = {
        "kind": "ClusterConfiguration",
        "apiServer": {
            "extraArgs": {"audit-log-path": f"{_IN_NODE}/audit.log", "audit-policy-file": policy},
            "extraVolumes": [
                {
                    "name": "audit-policies",
                    "hostPath": "/etc/kubernetes/policies",
                    "mountPath": "/etc/kubernetes/policies",
                    "readOnly": True,
                    "pathType": "DirectoryOrCreate",
                },
                {
                    "name": "audit-logs",
                    "hostPath": _IN_NODE,
                    "mountPath": _IN_NODE,
                    "readOnly": False,
                    "pathType": "DirectoryOrCreate",
                },
            ],
        },
    }
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "nodes": [
            {
                "role": "control-plane",
                "kubeadmConfigPatches": [yaml.safe_dump(patch, sort_keys=False)],
                "extraMounts": [
                    {"hostPath": str(folder / "audit-policy.yaml"), "containerPath": policy, "readOnly": True},
                    {"hostPath": str(folder / "audit"), "containerPath": _IN_NODE},
                ],
            }
        ],
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
        image = f"kindest/node:{TOOLS['kubernetes'].version}"
        with self._progress.step(f"kind cluster {self._name} ({image})"):
            kubeconfig = f"--kubeconfig={self.kubeconfig}"
            _kind(
                "create",
                "cluster",
                f"--name={self._name}",
                f"--config={file}",
                kubeconfig,
                f"--image={image}",
                "--wait=180s",
            )
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
