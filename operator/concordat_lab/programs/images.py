"""
Images from real Dockerfiles: by Docker where it answers, else by buildah on a local base made of Debian packages.

A Dockerfile takes its base by ``ARG BASE_IMAGE``. Docker builds it as it is written; buildah is given :data:`BASE_NAME`,
so no image registry is needed. How this machine reaches its package index (pip's configuration, certificate
authorities) is mounted into the build and never becomes part of an image.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from concordat_lab.errors import LabError
from concordat_lab.machine import paths
from concordat_lab.machine.lock import alone
from concordat_lab.machine.progress import Detail, Progress, Quiet
from concordat_lab.programs import packages

SUITE = "bookworm"
BASE_PACKAGES = ("python3", "python3-venv", "python3-pip", "ca-certificates")
BASE_NAME = f"localhost/concordat-base:{SUITE}"
"""Debian with its own Python; stands where the official Python image would."""
BASE_HOOK = 'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED; ln -s python3 "$1"/usr/bin/python'
"""As in the official image: ``python`` exists, and pip installs without a virtual environment."""
UNREAD = tuple(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "doc", "locale"))

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PATH_INSIDE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STEP = re.compile(r"^(STEP \d+/\d+: .*|#\d+ \[.*)$")


def build_image(
    context: Path,
    tag: str,
    *,
    dockerfile: Path | None = None,
    build_args: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """
    Build ``context`` and return an archive that ``load_image`` takes; ``tag`` with name and version, not ``latest``.

    The layers of the last build are used again: only what changed is built.

    :raises Unavailable: neither Docker nor buildah here.
    :raises LabError: a step failed; the message holds what it said.
    """
    progress = progress or Quiet()
    if ":" not in tag or tag.endswith(":latest"):
        raise LabError(f"tag {tag}: give the image a version other than latest, or kubelet will want to pull it")
    dockerfile = dockerfile or context / "Dockerfile"
    if not dockerfile.is_file():
        raise LabError(f"there is no {dockerfile}")
    target = archive_of(tag)
    target.parent.mkdir(parents=True, exist_ok=True)
    arguments = [f"--build-arg={name}={value}" for name, value in (build_args or {}).items()]
    if docker_answers():
        with progress.step(f"image {tag} (Docker)") as detail:
            _docker(context, dockerfile, tag, arguments, target, detail)
        return target
    packages.ensure(packages.IMAGES, progress)
    ensure_base(progress)
    with progress.step(f"image {tag} (buildah)") as detail:
        _buildah_build(context, dockerfile, tag, arguments, target, detail)
    return target


def archive_of(tag: str) -> Path:
    """Where the archive of an image is kept."""
    return paths.cache() / "images" / f"{re.sub(r'[^A-Za-z0-9._-]+', '_', tag)}.tar"


def docker_answers() -> bool:
    """Whether there is a Docker daemon, not only its client."""
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "version"], capture_output=True, timeout=5).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def ensure_base(progress: Progress) -> None:
    """The local base image: a minute, once."""
    if not _has_base():
        with alone("base image", progress):
            if not _has_base():
                _make_base(progress)


def _has_base() -> bool:
    return _buildah("inspect", "--type=image", BASE_NAME, check=False).returncode == 0


def _make_base(progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix="concordat-base-") as scratch:
        tar = Path(scratch) / "base.tar"
        with progress.step(f"base image: Debian {SUITE} with {', '.join(BASE_PACKAGES)} (once)") as detail:
            included = f"--include={','.join(BASE_PACKAGES)}"
            hook = f"--customize-hook={BASE_HOOK}"
            _run(["mmdebstrap", "--variant=minbase", included, *UNREAD, hook, SUITE, str(tar)], detail, os.environ)
            container = _buildah("from", "scratch").stdout.strip()
            _buildah("add", "--quiet", container, str(tar), "/")
            _buildah("config", "--env", f"PATH={PATH_INSIDE}", "--cmd", "python3", container)
            _buildah("commit", "--quiet", "--rm", container, BASE_NAME)


def _docker(context: Path, dockerfile: Path, tag: str, arguments: Sequence[str], target: Path, detail: Detail) -> None:
    _run(["docker", "build", *arguments, "-t", tag, "-f", str(dockerfile), str(context)], detail, os.environ)
    _run(["docker", "save", "-o", str(target), tag], detail, os.environ)


def _buildah_build(
    context: Path, dockerfile: Path, tag: str, arguments: Sequence[str], target: Path, detail: Detail
) -> None:
    with _index_access() as mounts:
        command = [*_storage(), "bud", "--layers", "--network=host", f"--build-arg=BASE_IMAGE={BASE_NAME}"]
        command += [*arguments, *mounts, "-t", tag, "-f", str(dockerfile), str(context)]
        _run(command, detail, _environment())
    image = _buildah("inspect", "--type=image", "--format={{.FromImageID}}", tag).stdout.strip()
    held = target.with_suffix(".image")
    if target.exists() and held.exists() and held.read_text() == image:
        return  # an archive that did not change is neither written nor imported again
    detail("writing the archive")
    new = target.with_suffix(".new")
    new.unlink(missing_ok=True)
    _buildah("push", "--quiet", tag, f"docker-archive:{new}:{tag}")  # not compressed: half the time to import
    held.unlink(missing_ok=True)
    new.rename(target)
    held.write_text(image)


@contextmanager
def _index_access() -> Iterator[list[str]]:
    """Mounts by which a build sees the package index as this machine does."""
    with tempfile.TemporaryDirectory(prefix="concordat-pip-") as scratch:
        configuration = Path(scratch) / "pip.conf"
        configuration.touch(mode=0o600)
        options, folders = _pip_options()
        configuration.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in options.items()))
        mounts = [f"{configuration}:/etc/pip.conf:ro", *(f"{folder}:{folder}:ro" for folder in folders)]
        if CERTIFICATES.exists():
            mounts.append(f"{CERTIFICATES}:{CERTIFICATES}:ro")
        yield [f"--volume={mount}" for mount in mounts]


def _pip_options() -> tuple[dict[str, str], list[Path]]:
    """What pip is told on this machine, files and environment merged, and the folders it names."""
    listed = subprocess.run(["python3", "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    options = {
        name.rsplit(".", 1)[1]: value.strip("'\"")
        for name, _, value in (line.partition("=") for line in listed.splitlines())
        if name.startswith((":env:.", "global.", "install."))
    }
    folders = [Path(part) for part in options.get("find-links", "").split() if part.startswith("/")]
    if CERTIFICATES.exists():
        options["cert"] = str(CERTIFICATES)
    return options, [folder for folder in folders if folder.is_dir()]


def _storage() -> list[str]:
    """Images of the lab alone, apart from whatever else buildah is used for."""
    root, run = paths.cache() / "buildah", Path(tempfile.gettempdir()) / f"concordat-buildah-{os.geteuid()}"
    places = ["--root", str(root), "--runroot", str(run)]
    if os.geteuid() != 0:
        return ["buildah", "--storage-driver=vfs", *places]
    # In a mount namespace of its own: else its overlays stay mounted, and the cache cannot be removed.
    return ["unshare", "--mount", "--propagation=private", "buildah", "--storage-driver=overlay", *places]


def _environment() -> dict[str, str]:
    return {**os.environ, "BUILDAH_ISOLATION": "chroot"}  # needs neither runc nor a namespace of its own


def _buildah(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*_storage(), *arguments], capture_output=True, text=True, env=_environment())
    if check and done.returncode:
        raise LabError(f"buildah {' '.join(arguments)}: {done.stderr.strip()[-1500:]}")
    return done


def _run(command: Sequence[str], detail: Detail, environment: Mapping[str, str]) -> None:
    """Follow a long command's output; its last lines are the message when it fails."""
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=dict(environment)
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said = [*said[-30:], line]
            if _STEP.match(line) or line.startswith("I: "):
                detail(line.strip()[:80])
    if process.returncode:
        raise LabError(f"{' '.join(command[:2])} failed:\n{''.join(said)}")
