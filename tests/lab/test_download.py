"""Official releases, from a server that behaves as their origins do."""

import hashlib
import http.server
import io
import json
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from concordat_lab.errors import Refused
from concordat_lab.programs.download import NotOffered, Origins, download
from concordat_lab.programs.reachable import PATIENCE_SECONDS, why_unreachable
from concordat_lab.programs.tools import TOOLS, architecture, prometheus_release


class Origin:
    """Serves ``files`` by path; whatever else is asked for is answered 403."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = outer.files.get(self.path)
                self.send_response(403 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_: object) -> None:
                return None

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.origins = Origins(kubernetes=self.url, helm=self.url, github=self.url, github_api=f"{self.url}/api")

    def add_asset(self, repository: str, tag: str, name: str, content: bytes, *, digest: str = "") -> None:
        """As a release on GitHub, its digest beside it."""
        self.files[f"/{repository}/releases/download/{tag}/{name}"] = content
        about = f"/api/repos/{repository}/releases/tags/{tag}"
        known = json.loads(self.files.get(about, b'{"assets": []}'))
        known["assets"].append({"name": name, "digest": digest or f"sha256:{_sha256(content)}"})
        self.files[about] = json.dumps(known).encode()


@pytest.fixture
def origin() -> Iterator[Origin]:
    origin = Origin()
    thread = threading.Thread(target=origin.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield origin
    origin.server.shutdown()
    thread.join()
    origin.server.server_close()


def test_kubernetes_comes_whole_with_its_etcd(origin: Origin, tmp_path: Path) -> None:
    """Six programs with a checksum beside each, and two out of one archive."""
    kubernetes = TOOLS["kubernetes"]
    for name in set(kubernetes.programs) - {"etcd", "etcdctl"}:
        path = f"/{kubernetes.version}/bin/linux/{architecture()}/{name}"
        origin.files |= {path: name.encode(), f"{path}.sha256": _sha256(name.encode()).encode() + b"\n"}
    etcd = kubernetes.pinned("go.etcd.io/etcd/server/v3")
    folder = f"etcd-{etcd}-linux-{architecture()}"
    archive = _tar({f"{folder}/etcd": b"etcd", f"{folder}/etcdctl": b"etcdctl", f"{folder}/README.md": b""})
    origin.add_asset("etcd-io/etcd", etcd, f"{folder}.tar.gz", archive)

    download(kubernetes, tmp_path, lambda _: None, origin.origins)

    assert {name: name for name in kubernetes.programs} == {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert {0o755} == {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}


def test_prometheus_is_released_under_another_number_than_its_module(origin: Origin, tmp_path: Path) -> None:
    """Its Go module is v0.316.0 where the release is 3.16.0."""
    prometheus = TOOLS["prometheus"]
    release = prometheus_release(prometheus.version)
    folder = f"prometheus-{release}.linux-{architecture()}"
    archive = _tar({f"{folder}/prometheus": b"prometheus", f"{folder}/promtool": b"promtool"})
    origin.add_asset("prometheus/prometheus", f"v{release}", f"{folder}.tar.gz", archive)

    download(prometheus, tmp_path, lambda _: None, origin.origins)

    assert "3.16.0" == prometheus_release("v0.316.0")
    assert {"prometheus", "promtool"} == {file.read_text() for file in tmp_path.iterdir()}


def test_a_file_that_differs_from_its_checksum_is_refused(origin: Origin, tmp_path: Path) -> None:
    """The message names the file and both sums; nothing is kept."""
    kwok = TOOLS["kwok"]
    name = f"kwok-linux-{architecture()}"
    origin.add_asset("kubernetes-sigs/kwok", kwok.version, name, b"changed", digest=f"sha256:{_sha256(b'published')}")

    with pytest.raises(Refused, match=f"{name} is not what its project published: SHA-256 {_sha256(b'changed')}"):
        download(kwok, tmp_path, lambda _: None, origin.origins)
    assert [] == list(tmp_path.iterdir())


def test_a_release_without_a_checksum_is_not_taken(origin: Origin, tmp_path: Path) -> None:
    """What cannot be checked is not offered; there is still the build."""
    kwok = TOOLS["kwok"]
    name = f"kwok-linux-{architecture()}"
    origin.add_asset("kubernetes-sigs/kwok", kwok.version, name, b"content", digest="none")

    with pytest.raises(NotOffered, match=f"publishes no SHA-256 of {name}"):
        download(kwok, tmp_path, lambda _: None, origin.origins)


def test_an_origin_that_refuses_is_not_asked_for_long(origin: Origin, tmp_path: Path) -> None:
    """403 is an answer: the next source is tried at once."""
    with pytest.raises(NotOffered, match=r"127\.0\.0\.1:\d+ answers 403"):
        download(TOOLS["kubernetes"], tmp_path, lambda _: None, origin.origins)


def test_a_transfer_that_breaks_off_is_not_a_wrong_checksum(origin: Origin, tmp_path: Path) -> None:
    """Half a file is a bad connection, not an attack: the next source is tried."""
    kwok = TOOLS["kwok"]
    name = f"kwok-linux-{architecture()}"
    origin.add_asset("kubernetes-sigs/kwok", kwok.version, name, b"whole")
    path = f"/kubernetes-sigs/kwok/releases/download/{kwok.version}/{name}"
    origin.files[path] = _Short(b"whole")

    with pytest.raises(NotOffered, match="broke off"):
        download(kwok, tmp_path, lambda _: None, origin.origins)


def test_nobody_listening_is_known_at_once() -> None:
    """No source may hold up the next for longer than three seconds."""
    started = time.monotonic()

    assert "refused" in why_unreachable("http://127.0.0.1:9").lower()
    assert PATIENCE_SECONDS > time.monotonic() - started


class _Short(bytes):
    """Says it is longer than it is."""

    def __len__(self) -> int:
        return super().__len__() + 10


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_a_pinned_checksum_counts_whatever_the_origin_says(origin: Origin, tmp_path: Path) -> None:
    """Whoever can change the file at its origin can change the checksum beside it."""
    helm = TOOLS["helm"]
    path = f"/helm-{helm.version}-linux-{architecture()}.tar.gz"
    archive = _tar({f"linux-{architecture()}/helm": b"changed"})
    origin.files |= {path: archive, f"{path}.sha256sum": f"{_sha256(archive)}  helm.tar.gz".encode()}

    with pytest.raises(Refused, match=r"is not what tools/checksums pins"):
        download(helm, tmp_path, lambda _: None, origin.origins, pins={f"{origin.url}{path}": "1b" * 32})
    download(helm, tmp_path, lambda _: None, origin.origins, pins={f"{origin.url}{path}": _sha256(archive)})


def test_a_file_without_a_pin_is_told(origin: Origin, tmp_path: Path) -> None:
    """What its origin publishes guards against damage alone."""
    helm = TOOLS["helm"]
    path = f"/helm-{helm.version}-linux-{architecture()}.tar.gz"
    archive = _tar({f"linux-{architecture()}/helm": b"helm"})
    origin.files |= {path: archive, f"{path}.sha256sum": f"{_sha256(archive)}  helm.tar.gz".encode()}
    said: list[str] = []

    download(helm, tmp_path, said.append, origin.origins, pins={})

    assert "checksum of its origin alone" in said[-1]
