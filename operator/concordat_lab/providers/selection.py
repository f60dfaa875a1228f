"""
Where a cluster comes from: started here, started by kind, or there already. Callers see one protocol.

What is chosen when nobody chooses: a real node of our own where we are root on Linux; else kind where it and Docker
answer; else the control plane alone, which is said aloud together with what that costs. An existing cluster is never
chosen by itself: it belongs to somebody.
"""

import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from concordat_lab.control_plane.audit import AuditLog
from concordat_lab.errors import Unavailable
from concordat_lab.machine.progress import Progress
from concordat_lab.programs import packages
from concordat_lab.programs.images import docker_answers
from concordat_lab.providers.existing import Existing
from concordat_lab.providers.kind import Kind
from concordat_lab.providers.local import Local, Options

NAMES = ("local", "kind", "existing")


class ClusterHandle(Protocol):
    """A cluster that is up."""

    @property
    def kubeconfig(self) -> Path: ...

    @property
    def audit_log(self) -> AuditLog | None:
        """Every request the API server got; none where its log cannot be read."""

    def load_image(self, archive: Path) -> None:
        """Make an image usable by pods. :raises Unavailable: this cluster takes none from here."""

    def reach(self, namespace: str, service: str, port: int | None = None) -> str:
        """A base URL by which this machine reaches a Service. :raises Unavailable: no pod runs here."""

    def down(self) -> None:
        """End it, or let go of one that is not ours."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which provider, with or without a real node, and why, in words for people."""

    provider: str
    node: bool
    why: str


def choose(provider: str | None = None, *, node: bool | None = None) -> Choice:
    """
    What this machine can do, or what was asked for.

    :param node: a real node or none; whatever is possible when not given.
    :raises Unavailable: what was asked for cannot be had; the message names the remedy.
    """
    provider = provider or os.environ.get("CONCORDAT_PROVIDER") or None
    if provider not in (None, *NAMES):
        raise Unavailable(f"--provider {provider}: there are {', '.join(NAMES)}")
    if provider == "existing":
        return Choice(provider="existing", node=True, why="the cluster your kubeconfig points to, as you asked")
    if provider == "kind":
        if lack := _lack_of_kind():
            raise Unavailable(f"--provider kind: {lack}")
        return Choice(provider="kind", node=True, why="kind, as you asked")
    if node is False:
        return Choice(provider="local", node=False, why="the control plane alone, as you asked")
    lack = _lack_of_node()
    if not lack:
        return Choice(
            provider="local", node=True, why="a real node in namespaces of its own: this is Linux and we are root"
        )
    if node and provider == "local":
        raise Unavailable(f"no real node here: {lack}")
    if provider is None and not _lack_of_kind():
        return Choice(provider="kind", node=True, why=f"kind: it and Docker answer, and no node of our own ({lack})")
    if node:
        raise Unavailable(f"no real node here: {lack}; and no kind: {_lack_of_kind()}")
    return Choice(
        provider="local",
        node=False,
        why=f"the control plane alone: {lack}. Objects are real; pods stay pending, nothing answers a request",
    )


def up(choice: Choice, name: str, options: Options, progress: Progress | None = None) -> ClusterHandle:
    """
    Start, or find, the cluster of a choice.

    :raises Unavailable: an option that this provider does not have.
    :raises LabError: it does not come up, or runs already.
    """
    if choice.provider == "local":
        return Local(name, progress=progress).up(replace(options, node=choice.node))
    if options != Options():
        raise Unavailable("--metrics, --gateway, --simulated-nodes and --fsync belong to --provider local")
    if choice.provider == "kind":
        return Kind(name, progress=progress).up()
    return Existing(progress=progress).up()


def find(name: str, *, provider: str | None = None, progress: Progress | None = None) -> ClusterHandle:
    """A cluster that is up already, by its name; the one of the kubeconfig for ``existing``."""
    if (provider or os.environ.get("CONCORDAT_PROVIDER")) == "existing":
        return Existing(progress=progress).up()
    kind = Kind(name, progress=progress)
    return kind.attach() if kind.known else Local(name, progress=progress)


def _lack_of_node() -> str:
    if not sys.platform.startswith("linux"):
        return "a node needs Linux"
    if os.geteuid() != 0:
        return "a node needs root"
    absent = packages.missing(packages.NODE)
    if absent and (shutil.which("apt-get") is None or os.environ.get("INSTALL") == "no"):
        return f"a node needs the packages {', '.join(absent)}"
    return ""


def _lack_of_kind() -> str:
    if shutil.which("kind") is None:
        return "there is no program kind in PATH"
    return "" if docker_answers() else "Docker does not answer"
