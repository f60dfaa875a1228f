"""What the lab needs from the operating system, and how it gets there."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from concordat_lab.errors import Unavailable
from concordat_lab.machine.progress import Progress

CNI_FOLDERS = (Path("/opt/cni/bin"), Path("/usr/lib/cni"))
"""Where upstream puts the network plugins, and where Debian does."""

POLICY = Path("/usr/sbin/policy-rc.d")
"""What Debian's packages ask whether they may start their service (invoke-rc.d(8)); 101 is no."""

NODE = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "cni:bridge": "containernetworking-plugins",
    "iptables-restore": "iptables",
    "nft": "nftables",
    "ipset": "ipset",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "ethtool": "ethtool",
    "mount": "mount",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}
"""Program (or ``cni:`` plugin) -> Debian package, for a node."""

IMAGES = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}
"""The same, for building images without Docker."""


def missing(needed: Mapping[str, str]) -> tuple[str, ...]:
    """The packages that are not here, each once."""
    return tuple(dict.fromkeys(package for program, package in needed.items() if not _there(program)))


def ensure(needed: Mapping[str, str], progress: Progress) -> None:
    """
    Install what is missing, naming it first.

    :raises Unavailable: something is missing and cannot or may not be installed; the message is the command to type.
    """
    packages = missing(needed)
    if not packages:
        return
    if reason := _why_not():
        raise Unavailable(
            f"this machine lacks the packages {', '.join(packages)} ({reason}): "
            f"apt-get install --no-install-recommends {' '.join(packages)}"
        )
    progress.note(f"installing the system packages {', '.join(packages)} (INSTALL=no forbids it)")
    with progress.step("system packages"), _no_service_started():
        _apt("update", "-qq")
        _apt("install", "-y", "-qq", "--no-install-recommends", *packages)
    if still := missing(needed):
        raise Unavailable(f"installed, and yet not to be found in PATH: {', '.join(still)}")


def cni_folder() -> Path:
    """Where the network plugins are. :raises Unavailable: nowhere."""
    for folder in CNI_FOLDERS:
        if (folder / "bridge").exists():
            return folder
    raise Unavailable("no CNI plugins in " + " or ".join(map(str, CNI_FOLDERS)))


def _there(program: str) -> bool:
    kind, _, plugin = program.rpartition(":")
    if kind == "cni":
        return any((folder / plugin).exists() for folder in CNI_FOLDERS)
    return shutil.which(program) is not None


def _why_not() -> str:
    if os.environ.get("INSTALL") == "no":
        return "INSTALL=no forbids to install them"
    if os.geteuid() != 0:
        return "only root may install them"
    if shutil.which("apt-get") is None:
        return "no apt-get here; other distributions have them under similar names"
    return ""


@contextmanager
def _no_service_started(policy: Path = POLICY) -> Iterator[None]:
    """What is installed is started where it is needed, on ports of its own; a machine's own policy stays."""
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def _apt(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Unavailable(f"apt-get {' '.join(arguments)} failed: {done.stderr.strip()[-600:]}")
