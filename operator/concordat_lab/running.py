"""
Which clusters run on this machine: read from what they recorded, without loading what starts one.

A command that only looks for a kubeconfig pays for these few lines.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from concordat_lab.machine import paths
from concordat_lab.machine.processes import Mark

CONTROL_PLANE_RECORD = "group.json"
"""Its ``group`` is the process group of a control plane without a node."""
NODE_RECORD = "running.json"
"""Its ``init`` is process 1 of a cluster with a node."""


def recorded(folder: Path, record: str, process: str) -> Mark | None:
    """The ``process`` a cluster recorded in its folder, alive or not; ``None`` when it recorded none."""
    try:
        return Mark(**json.loads((folder / record).read_text())[process])
    except (OSError, ValueError):
        return None


def folders() -> list[Path]:
    """The folder of every cluster that was started by name and not purged, running or not."""
    folder = paths.clusters()
    return sorted(folder.iterdir()) if folder.is_dir() else []


def kubeconfigs() -> Iterator[Path]:
    """The kubeconfig of every named cluster that runs."""
    for cluster in folders():
        marks = recorded(cluster, CONTROL_PLANE_RECORD, "group"), recorded(cluster, NODE_RECORD, "init")
        if any(mark is not None and mark.alive() for mark in marks):
            yield cluster / "kubeconfig"
