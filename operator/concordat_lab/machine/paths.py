"""Where the lab keeps what: the one place that knows folders and the environment variables that move them."""

import os
from pathlib import Path

from concordat_lab.errors import Unavailable


def cache() -> Path:
    """What can be had again: binaries, base images. ``$XDG_CACHE_HOME/concordat``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "concordat"


def clusters() -> Path:
    """One folder for each cluster that was started by name. ``$XDG_STATE_HOME/concordat/clusters``."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "concordat" / "clusters"


def named_binaries() -> Path | None:
    """The directory a person named by ``CONCORDAT_BINARIES``, if any."""
    named = os.environ.get("CONCORDAT_BINARIES")
    return Path(named).expanduser().resolve() if named else None


def tools() -> Path:
    """The pinned Go modules: beside the sources in a checkout, inside the package in an installation."""
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "tools", here.parents[3] / "tools"):
        if (folder / "kubernetes" / "go.mod").exists():
            return folder
    raise Unavailable(
        "the pinned Go modules (folder tools/) are not part of this installation: "
        "run from a checkout, or name a directory with the programs by CONCORDAT_BINARIES"
    )


def memory_folder(needed: int) -> Path | None:
    """``/dev/shm`` where it has ``needed`` bytes free: a database nobody keeps need not touch a disk."""
    folder = Path("/dev/shm")
    if not os.access(folder, os.W_OK):
        return None
    space = os.statvfs(folder)
    return folder if space.f_bavail * space.f_frsize >= needed else None
