"""
Official releases, each file checked against the checksum that ``tools/checksums`` pins.

A file without a pin is checked against what its origin publishes: that guards against damage, and against nobody who controls the
origin. So it is said. An origin that refuses or cannot be reached raises :class:`NotOffered` within seconds; a file whose checksum differs
raises :class:`~concordat_lab.errors.Refused`: that is never a reason to try the next source.
"""

import hashlib
import http.client
import json
import re
import shutil
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from concordat_lab.errors import LabError, Refused
from concordat_lab.machine import paths
from concordat_lab.machine.progress import Detail
from concordat_lab.programs.reachable import why_unreachable
from concordat_lab.programs.tools import TOOLS, Tool, architecture, prometheus_release

SILENCE_SECONDS = 30.0
"""How long an origin that has answered may say nothing."""
_CHUNK = 1 << 20


class NotOffered(LabError):
    """No release of this tool can be had from here."""


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Where releases live; tests put a server of their own here."""

    kubernetes: str = "https://dl.k8s.io"
    helm: str = "https://get.helm.sh"
    github: str = "https://github.com"
    github_api: str = "https://api.github.com"


@dataclass(frozen=True, kw_only=True)
class Release:
    """One file to fetch."""

    url: str
    published: Callable[[], str]
    """The SHA-256 the origin tells, hexadecimal. Asked before the file is, and only where no sum is pinned."""
    into: str
    """The name it gets."""
    member: str = ""
    """The file of the archive that is wanted; empty: the file itself."""


def download(
    tool: Tool, folder: Path, detail: Detail, origins: Origins | None = None, *, pins: Mapping[str, str] | None = None
) -> None:
    """
    Put every file of ``tool`` into ``folder``. ``pins``: address -> SHA-256; those of ``tools/checksums`` unless given.

    :raises NotOffered: there is no release of it, or its origin does not answer.
    :raises Refused: a file differs from its pinned checksum, or from the published one where none is pinned.
    """
    known = pinned() if pins is None else pins
    for release in releases(tool, origins or Origins()):
        _fetch(release, folder, detail, known.get(release.url))


def pinned() -> Mapping[str, str]:
    """Address -> SHA-256, as ``tools/checksums`` has them. A line that is not of that form is an error."""
    file = paths.tools() / "checksums"
    return dict(_pins(file.read_text())) if file.exists() else {}


def _pins(text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r"([0-9a-f]{64})  (https://\S+)", line)
        if found is None:
            raise LabError(f"tools/checksums, line {number}: write a SHA-256, two spaces and an address")
        yield found[2], found[1]


def published(architectures: tuple[str, ...] = ("amd64", "arm64")) -> Iterator[tuple[str, str]]:
    """Address and SHA-256 of every file of the pinned versions, as their origins tell them at this moment."""
    seen: set[str] = set()
    for processor in architectures:
        for tool in TOOLS.values():
            try:
                found = releases(tool, Origins(), processor)
            except NotOffered:
                continue  # built from its module, whose sum go.sum pins
            for release in found:
                if release.url not in seen:
                    seen.add(release.url)
                    yield release.url, release.published()


def releases(tool: Tool, origins: Origins, processor: str = "") -> tuple[Release, ...]:
    """What to fetch, from where; :raises NotOffered: for a tool nobody releases. ``processor`` is this one unless given."""
    processor, version = processor or architecture(), tool.version
    github = _GitHub(origins)
    if tool.name == "kubernetes":
        etcd = tool.pinned("go.etcd.io/etcd/server/v3")
        archive = f"etcd-{etcd}-linux-{processor}"
        return (
            *(
                _kubernetes(origins, version, processor, name)
                for name in tool.programs
                if name not in {"etcd", "etcdctl"}
            ),
            *(
                github.asset("etcd-io/etcd", etcd, f"{archive}.tar.gz", into=name, member=f"{archive}/{name}")
                for name in ("etcd", "etcdctl")
            ),
        )
    if tool.name == "coredns":
        asset = f"coredns_{version.removeprefix('v')}_linux_{processor}.tgz"
        return (github.asset("coredns/coredns", version, asset, into="coredns", member="coredns"),)
    if tool.name == "kube-router":
        asset = f"kube-router_{version.removeprefix('v')}_linux_{processor}.tar.gz"
        return (github.asset("cloudnativelabs/kube-router", version, asset, into="kube-router", member="kube-router"),)
    if tool.name == "kwok":
        return (
            github.asset("kubernetes-sigs/kwok", version, f"kwok-linux-{processor}", into="kwok"),
            github.asset("kubernetes-sigs/kwok", version, "stage-fast.yaml", into="stages.yaml"),
        )
    if tool.name == "gateway-api":
        return (github.asset("kubernetes-sigs/gateway-api", version, "standard-install.yaml", into="gateway-api.yaml"),)
    if tool.name == "prometheus-operator":
        repository, asset = "prometheus-operator/prometheus-operator", "stripped-down-crds.yaml"
        return (github.asset(repository, version, asset, into="prometheus-operator.yaml"),)
    if tool.name == "helm":
        return (_helm(origins, version, processor),)
    if tool.name == "prometheus":
        release = prometheus_release(version)
        folder = f"prometheus-{release}.linux-{processor}"
        return tuple(
            github.asset(
                "prometheus/prometheus", f"v{release}", f"{folder}.tar.gz", into=name, member=f"{folder}/{name}"
            )
            for name in tool.programs
        )
    raise NotOffered(f"{tool.name} has no release of its own")


def _kubernetes(origins: Origins, version: str, processor: str, name: str) -> Release:
    url = f"{origins.kubernetes}/{version}/bin/linux/{processor}/{name}"
    return Release(url=url, published=lambda: _read(f"{url}.sha256").decode().split()[0], into=name)


def _helm(origins: Origins, version: str, processor: str) -> Release:
    url = f"{origins.helm}/helm-{version}-linux-{processor}.tar.gz"
    return Release(
        url=url,
        published=lambda: _read(f"{url}.sha256sum").decode().split()[0],
        into="helm",
        member=f"linux-{processor}/helm",
    )


class _GitHub:
    """Releases whose assets carry the digest the service computed when they were uploaded."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def asset(self, repository: str, tag: str, name: str, *, into: str, member: str = "") -> Release:
        url = f"{self._origins.github}/{repository}/releases/download/{tag}/{name}"
        return Release(url=url, published=lambda: self._digest(repository, tag, name), into=into, member=member)

    def _digest(self, repository: str, tag: str, name: str) -> str:
        release = json.loads(_read(f"{self._origins.github_api}/repos/{repository}/releases/tags/{tag}"))
        digests = {asset["name"]: asset.get("digest") or "" for asset in release.get("assets", [])}
        algorithm, _, digest = digests.get(name, "").partition(":")
        if algorithm != "sha256":
            raise NotOffered(f"release {tag} of {repository} publishes no SHA-256 of {name}")
        return digest


def _fetch(release: Release, folder: Path, detail: Detail, pin: str | None) -> None:
    expected = pin or release.published()
    name = release.url.rsplit("/", 1)[1]
    fetched = folder / f".{name}"
    trust = "" if pin else ", checksum of its origin alone"
    actual = _copy(release.url, fetched, lambda mebibytes: detail(f"{name} {mebibytes} MiB{trust}"))
    if actual != expected:
        fetched.unlink()
        said = "what tools/checksums pins" if pin else "what its project published"
        raise Refused(
            f"{release.url} is not {said}: SHA-256 {actual} instead of {expected}. "
            "Nothing was kept. Something between here and there changes files; do not go on before you know what"
        )
    _keep(fetched, folder / release.into, release.member)


def _copy(url: str, target: Path, at: Callable[[int], None]) -> str:
    """The SHA-256 of what was written."""
    digest = hashlib.sha256()
    with _open(url) as response, target.open("wb") as file:
        while chunk := _next(url, response):
            file.write(chunk)
            digest.update(chunk)
            at(file.tell() >> 20)
        if getattr(response, "length", None):  # announced and never sent
            raise NotOffered(f"{_host(url)} broke off after {file.tell()} bytes")
    return digest.hexdigest()


def _next(url: str, response: IO[bytes]) -> bytes:
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise NotOffered(f"{_host(url)} broke off ({error or type(error).__name__})") from error


def _keep(fetched: Path, target: Path, member: str) -> None:
    if not member:
        fetched.rename(target)
    else:
        with tarfile.open(fetched) as archive:
            content = archive.extractfile(_member(archive, member))
            assert content is not None
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)
        fetched.unlink()
    if target.suffix != ".yaml":
        target.chmod(0o755)


def _member(archive: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    for entry in archive:
        if entry.isfile() and entry.name.removeprefix("./") == name:
            return entry
    raise NotOffered(f"{archive.name!s} holds no {name}")


def _read(url: str) -> bytes:
    with _open(url) as response:
        return b"".join(iter(lambda: _next(url, response), b""))


def _open(url: str) -> IO[bytes]:
    if why := why_unreachable(url):
        raise NotOffered(f"{_host(url)} cannot be reached ({why})")
    try:
        response: IO[bytes] = urllib.request.urlopen(url, timeout=SILENCE_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        raise NotOffered(f"{_host(url)} answers {error.code}") from error
    except OSError as error:
        raise NotOffered(f"{_host(url)} cannot be reached ({getattr(error, 'reason', error)})") from error
    return response


def _host(url: str) -> str:
    return url.split("/")[2]
