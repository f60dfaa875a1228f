"""
The cluster's own control groups, in every hierarchy this machine has mounted.

Own ones, so two clusters on one machine do not remove each other's pods. Version 1 with single controllers was tried;
on a pure version 2 machine the same code makes one folder (written from the documentation, not run).
"""

import os
import time
from contextlib import suppress
from pathlib import Path

_KINDS = {"cgroup", "cgroup2"}
_NEEDED = ("cpu", "cpuset", "memory", "pids")


def hierarchies() -> tuple[Path, ...]:
    """Where cgroups are mounted."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return tuple(Path(fields[1]) for fields in mounts if fields[2] in _KINDS)


def make(name: str) -> None:
    """``/<name>`` in every hierarchy, usable as kubelet's ``cgroupRoot``."""
    for hierarchy in hierarchies():
        _enable_controllers(hierarchy)
        (hierarchy / name).mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):  # version 1: empty, and no process may be put there
            source = hierarchy / file
            if source.exists():
                (hierarchy / name / file).write_text(source.read_text())


def remove(name: str, *, seconds: float = 5.0) -> bool:
    """Remove them bottom-up, waiting for the kernel to let the last process go; false when some would not."""
    deadline = time.monotonic() + seconds
    while left := [root for hierarchy in hierarchies() if (root := hierarchy / name).exists()]:
        for root in left:
            for folder, _, _ in os.walk(root, topdown=False):
                with suppress(OSError):
                    Path(folder).rmdir()
        if time.monotonic() > deadline:
            return False
        if any(root.exists() for root in left):
            time.sleep(0.03)
    return True


def _enable_controllers(hierarchy: Path) -> None:
    offered = hierarchy / "cgroup.controllers"
    if not offered.exists():
        return
    for controller in set(offered.read_text().split()) & set(_NEEDED):
        with suppress(OSError):
            (hierarchy / "cgroup.subtree_control").write_text(f"+{controller}")
