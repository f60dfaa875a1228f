"""What a running cluster has on this machine, to be looked for again when it has ended."""

import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from concordat_lab.node.cluster import NodeCluster


class Traces:
    """What one running cluster has on this machine; to be looked for again when it has ended."""

    def __init__(self, cluster: NodeCluster) -> None:
        self._spec = cluster.spec
        self._namespaces = {
            kind: str(Path(f"/proc/{cluster.processes()['init']}/ns/{kind}").readlink())
            for kind in ("pid", "net", "mnt")
        }

    def now(self) -> dict[str, list[str]]:
        link = self._spec.network.link
        return {
            "link": [name for name in links() if name == link],
            "routes": [line for line in _lines("ip", "-4", "route") if link in line.split()],
            "cgroups": cgroups(self._spec.cgroup),
            "processes named after it": _lines("pgrep", "--full", str(self._spec.folder)),
        } | {f"processes in its {kind} namespace": _inside(kind, name) for kind, name in self._namespaces.items()}


def _inside(kind: str, namespace: str) -> list[str]:
    """Processes in a namespace; its mounts, filter rules and interfaces live as long as one of them, or a bind mount."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str((process / "ns" / kind).readlink()) == namespace:
                found.append(process.name)
    return found


def links() -> list[str]:
    return [name for _, name in socket.if_nameindex()]


def cgroups(name: str) -> list[str]:
    return sorted(map(str, Path("/sys/fs/cgroup").glob(f"*/{name}"))) + sorted(
        map(str, Path("/sys/fs/cgroup").glob(name))
    )


def _lines(*command: str) -> list[str]:
    return sorted(subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines())
