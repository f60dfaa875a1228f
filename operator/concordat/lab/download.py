"""
Official releases, each file checked against the checksum its project publishes.

An origin that refuses or cannot be reached raises :class:`NotOffered` within seconds; a file whose checksum differs
raises :class:`~concordat.lab.errors.Refused`: that is never a reason to try the next source.
"""

import hashlib
import http.client
import json
import shutil
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from concordat.lab.errors import LabError, Refused
from concordat.lab.progress import Detail
from concordat.lab.reachable import why_unreachable
from concordat.lab.tools import Tool, architecture, prometheus_release

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
    sha256: Callable[[], str]
    """Asked before the file is; the answer is hexadecimal."""
    into: str
    """The name it gets."""
    member: str = ""
    """The file of the archive that is wanted; empty: the file itself."""


def download(tool: Tool, folder: Path, detail: Detail, origins: Origins | None = None) -> None:
    """
    Put every file of ``tool`` into ``folder``.

    :raises NotOffered: there is no release of it, or its origin does not answer.
    :raises Refused: a file differs from its published checksum.
    """
    for release in releases(tool, origins or Origins()):
        _fetch(release, folder, detail)


def releases(tool: Tool, origins: Origins) -> tuple[Release, ...]:
    """What to fetch, from where; :raises NotOffered: for a tool nobody releases."""
    processor, version = architecture(), tool.version
    github = _GitHub(origins)
    if tool.name == "kubernetes":
        etcd = tool.pinned("go.etcd.io/etcd/server/v3")
        archive = f"etcd-{etcd}-linux-{processor}"
        return (
            *(_kubernetes(origins, version, name) for name in tool.programs if name not in {"etcd", "etcdctl"}),
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
        return (_helm(origins, version),)
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


def _kubernetes(origins: Origins, version: str, name: str) -> Release:
    url = f"{origins.kubernetes}/{version}/bin/linux/{architecture()}/{name}"
    return Release(url=url, sha256=lambda: _read(f"{url}.sha256").decode().split()[0], into=name)


def _helm(origins: Origins, version: str) -> Release:
    url = f"{origins.helm}/helm-{version}-linux-{architecture()}.tar.gz"
    return Release(
        url=url,
        sha256=lambda: _read(f"{url}.sha256sum").decode().split()[0],
        into="helm",
        member=f"linux-{architecture()}/helm",
    )


class _GitHub:
    """Releases whose assets carry the digest the service computed when they were uploaded."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def asset(self, repository: str, tag: str, name: str, *, into: str, member: str = "") -> Release:
        url = f"{self._origins.github}/{repository}/releases/download/{tag}/{name}"
        return Release(url=url, sha256=lambda: self._digest(repository, tag, name), into=into, member=member)

    def _digest(self, repository: str, tag: str, name: str) -> str:
        release = json.loads(_read(f"{self._origins.github_api}/repos/{repository}/releases/tags/{tag}"))
        digests = {asset["name"]: asset.get("digest") or "" for asset in release.get("assets", [])}
        algorithm, _, digest = digests.get(name, "").partition(":")
        if algorithm != "sha256":
            raise NotOffered(f"release {tag} of {repository} publishes no SHA-256 of {name}")
        return digest


def _fetch(release: Release, folder: Path, detail: Detail) -> None:
    expected = release.sha256()
    name = release.url.rsplit("/", 1)[1]
    fetched = folder / f".{name}"
    actual = _copy(release.url, fetched, lambda mebibytes: detail(f"{name} {mebibytes} MiB"))
    if actual != expected:
        fetched.unlink()
        raise Refused(
            f"{release.url} is not what its project published: SHA-256 {actual} instead of {expected}. "
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
