"""
What the steps of the demo share: one cluster, and how a step says what it has seen.
"""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from concordat.cli.cluster_access import Cluster
from concordat.cli.output import EXIT_FAILED, as_yaml, fail, out, styled
from concordat_lab.errors import LabError
from concordat_lab.machine.progress import Progress
from concordat_lab.providers.selection import ClusterHandle

NAMESPACE = "shop"
PATIENCE = 120.0
"""Seconds until something that should happen has not."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What the steps of the demo share."""

    handle: ClusterHandle
    kubectl: Path
    helm: Path
    root: Path
    progress: Progress

    @property
    def cluster(self) -> Cluster:
        return Cluster(kubeconfig=str(self.handle.kubeconfig))

    def run(self, program: Path, *arguments: str, stdin: str = "") -> str:
        """Standard output of kubectl or helm. Raises :exc:`LabError` with its complaint."""
        command = [str(program), f"--kubeconfig={self.handle.kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"{program.name} {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, *documents: Any) -> None:
        """Server-side apply."""
        self.run(self.kubectl, "apply", "--server-side", "-f", "-", stdin=as_yaml(list(documents)))


def show(line: str) -> None:
    """A step, once it was seen."""
    out.print(styled(line, "bold"))


def until(what: str, look: Callable[[], Any]) -> Any:
    """The first answer of ``look`` that is not None; ends the demo where there is none in time."""
    end = time.monotonic() + PATIENCE
    while (found := look()) is None:
        if time.monotonic() > end:
            fail(f"not seen within {PATIENCE:.0f} s: {what}", code=EXIT_FAILED)
        time.sleep(0.1)
    return found
