"""Images into containerd, each archive once."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from concordat_lab.errors import LabError
from concordat_lab.machine import paths
from concordat_lab.node.spec import CONTAINERD_SOCKET, DNS_IMAGE, PAUSE_IMAGE
from concordat_lab.programs.oci import write_archive

CTR: Sequence[str] = ("ctr", "-a", str(CONTAINERD_SOCKET), "-n", "k8s.io")
"""kubelet sees images of this namespace only."""


def own_archives(programs: Mapping[str, Path]) -> tuple[Path, ...]:
    """The images without which no pod starts or finds another: made once from the programs."""
    return tuple(
        _archive(programs[name], name, image) for name, image in (("pause", PAUSE_IMAGE), ("coredns", DNS_IMAGE))
    )


def _archive(program: Path, name: str, image: str) -> Path:
    found = program.stat()
    target = paths.cache() / "images" / f"{name}-{found.st_size}-{found.st_mtime_ns}.tar"
    if not target.exists():
        write_archive(target, name=image, files={name: program}, entrypoint=[f"/{name}"])
    return target


def import_once(archives: Iterable[Path], memory: Path) -> None:
    """Import what has changed since ``memory`` was written; containerd's store outlives the cluster."""
    present = set(_ctr("images", "ls", "-q").split())
    known: dict[str, str] = json.loads(memory.read_text()) if memory.exists() and present else {}
    for archive in archives:
        if known.get(str(archive)) != _stamp(archive):
            _ctr("images", "import", str(archive))
            known[str(archive)] = _stamp(archive)
    memory.write_text(json.dumps(known))


def _ctr(*arguments: str) -> str:
    done = subprocess.run([*CTR, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"ctr {' '.join(arguments)}: {done.stderr.strip()[-600:]}")
    return done.stdout


def _stamp(archive: Path) -> str:
    found = archive.stat()
    return f"{found.st_size}-{found.st_mtime_ns}"
