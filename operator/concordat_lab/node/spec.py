"""What one cluster with a node is to be, as a value that crosses process borders as JSON."""

import dataclasses
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from concordat_lab.control_plane.components import ControlPlanePlan
from concordat_lab.node.network import Network

PYTHON = (sys.executable, "-P")
"""For programs of ours that run as root: nothing in the current folder is imported by accident, or by design."""
NODE_NAME = "node-1"
PAUSE_IMAGE = "localhost/pause:1"
DNS_IMAGE = "localhost/coredns:1"
RUN = Path("/run/concordat")
"""On the namespace's own tmpfs: sockets, the database, whatever is gone with the cluster."""
KUBELET = Path("/var/lib/kubelet")
"""kubelet's root, inside; its usual place, and short enough for the sockets it makes there (108 bytes)."""
CONTAINERD_SOCKET = RUN / "containerd.sock"


@dataclass(frozen=True, kw_only=True)
class NodeSpec:
    """Chosen by the caller; the network's number is added by the keeper."""

    name: str
    folder: Path
    binaries: Mapping[str, Path]
    images: tuple[Path, ...]
    """Archives to import before pods start; pause and CoreDNS among them."""
    simulated_nodes: int = 0
    metrics: bool = False
    fsync: bool = False
    autoscaler_sync_seconds: int = 2
    number: int = 0

    @property
    def cgroup(self) -> str:
        return f"concordat-{self.name}"

    @property
    def network(self) -> Network:
        return Network(number=self.number)

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def containerd(self) -> Path:
        """The image store; stays when the cluster ends."""
        return self.folder / "containerd"

    @property
    def kubelet(self) -> Path:
        """What is mounted at :data:`KUBELET`: volumes of pods live on the disk of the cluster's folder."""
        return self.folder / "kubelet"

    @property
    def control_plane(self) -> ControlPlanePlan:
        return ControlPlanePlan(
            binaries=self.binaries,
            pki=self.pki,
            kubeconfigs=self.folder / "kubeconfigs",
            etcd_data=self.folder / "etcd" if self.fsync else RUN / "etcd",
            audit_policy=self.folder / "audit-policy.yaml",
            audit_log=self.logs / "audit.log",
            admission=self.folder / "admission.yaml",
            api_host=self.network.bridge,
            api_port=6443,
            etcd_port=2379,
            etcd_peer_port=2380,
            manager_port=10257,
            scheduler_port=10259,
            service_cidr=self.network.services,
            pod_cidr=self.network.pods,
            advertise=True,
            fsync=self.fsync,
            autoscaler_sync_seconds=self.autoscaler_sync_seconds,
        )

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "NodeSpec":
        values = json.loads(text)
        values["folder"] = Path(values["folder"])
        values["binaries"] = {name: Path(path) for name, path in values["binaries"].items()}
        values["images"] = tuple(map(Path, values["images"]))
        return cls(**values)
