"""Clusters of our own by name: started by one command, found and ended by another."""

import datetime
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from concordat_lab import gateway
from concordat_lab.control_plane import controlplane
from concordat_lab.control_plane.audit import AuditLog
from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.errors import LabError, Unavailable
from concordat_lab.machine import paths
from concordat_lab.machine.processes import members
from concordat_lab.machine.progress import Progress, Quiet
from concordat_lab.node.cluster import NodeCluster

DEFAULT_NAME = "lab"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?")
_ABOUT = "cluster.json"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What one may ask of a cluster of our own."""

    node: bool = True
    simulated_nodes: int = 0
    metrics: bool = False
    gateway: bool = False
    fsync: bool = False

    def __post_init__(self) -> None:
        if self.simulated_nodes < 0 or self.simulated_nodes > 5000:
            raise LabError(f"--simulated-nodes {self.simulated_nodes}: between 0 and 5000")
        for name in ("metrics", "gateway"):
            if getattr(self, name) and not self.node:
                raise Unavailable(f"--{name} needs a real node: its pods, or their load, would not be there")


class Local:
    """The cluster of a name. Making this object starts nothing."""

    def __init__(self, name: str = DEFAULT_NAME, *, progress: Progress | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise LabError(
                f"--name {name}: lower case letters, digits and dashes, at most 30, a letter or digit at each end"
            )
        self.name = name
        self.folder = paths.clusters() / name
        self._progress = progress or Quiet()
        self._node = NodeCluster(self.folder, name=name, progress=self._progress)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> AuditLog:
        return AuditLog(path=self.folder / "logs" / "audit.log")

    @property
    def running(self) -> bool:
        return self._node.running or controlplane.recorded(self.folder) is not None

    @property
    def about(self) -> dict[str, Any]:
        """What it was started as; empty when it never was."""
        try:
            found: dict[str, Any] = json.loads((self.folder / _ABOUT).read_text())
        except (OSError, ValueError):
            return {}
        return found

    @property
    def has_node(self) -> bool:
        return self._node.running

    def processes(self) -> dict[str, int]:
        """Name -> pid of the cluster's own processes, as this machine sees them; its pods' are not among them."""
        if self._node.running:
            return self._node.processes()
        group = controlplane.recorded(self.folder)
        return members(group.pid) if group else {}

    def up(self, options: Options) -> "Local":
        """:raises LabError: it runs already, or does not come up."""
        if self.running:
            raise LabError(
                f"the cluster {self.name} runs already: concordat down --name {self.name}, or take another name"
            )
        if options.node:
            self._start_node(options)
        else:
            self._start_control_plane(options)
        about = {
            "node": options.node,
            "gateway": options.gateway,
            "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        (self.folder / _ABOUT).write_text(json.dumps(about))
        return self

    def load_image(self, archive: Path) -> None:
        self._must_have_node()
        self._node.load_image(archive)

    def reach(self, namespace: str, service: str, port: int | None = None) -> str:
        self._must_have_node()
        return self._node.reach(namespace, service, port)

    def down(self, *, purge: bool = False) -> None:
        """End it; the image store and the logs stay, unless ``purge``. Does nothing when there is nothing."""
        if not self._node.running:
            controlplane.end_recorded(self.folder)
        self._node.stop()
        (self.folder / _ABOUT).unlink(missing_ok=True)
        if purge:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start_node(self, options: Options) -> None:
        cluster = NodeCluster(
            self.folder,
            name=self.name,
            detached=True,
            images=gateway.images(self._progress) if options.gateway else (),
            simulated_nodes=options.simulated_nodes,
            metrics=options.metrics,
            fsync=options.fsync,
            progress=self._progress,
        ).start()
        if options.gateway:
            gateway.install(cluster.api, cluster.spec.network.bridge, self._progress)

    def _start_control_plane(self, options: Options) -> None:
        ControlPlane(
            self.folder,
            name=self.name,
            detached=True,
            simulated_nodes=options.simulated_nodes,
            fsync=options.fsync,
            progress=self._progress,
        ).start()

    def _must_have_node(self) -> None:
        if not self._node.running:
            state = "runs without a real node" if self.running else "does not run"
            raise Unavailable(f"the cluster {self.name} {state}: concordat up --name {self.name} (as root)")


def all_local() -> Iterator[Local]:
    """Every cluster that was ever started by name and not purged."""
    folder = paths.clusters()
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _NAME.fullmatch(entry.name):
            yield Local(entry.name)
