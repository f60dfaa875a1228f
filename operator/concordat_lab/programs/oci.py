"""
Images without any tool: one layer of given files as an OCI archive, which ``ctr images import`` understands.

Right for static programs; whatever needs a ``RUN`` is made by :mod:`concordat_lab.programs.images`.
Layout: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
"""

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from concordat_lab.programs.tools import architecture

OCI = "application/vnd.oci.image"
_CHUNK = 1 << 20


def write_archive(
    target: Path,
    *,
    name: str,
    files: Mapping[str, Path],
    entrypoint: Sequence[str],
    user: str = "65532",
) -> Path:
    """
    An image called ``name`` (with its tag) of ``files``: path inside -> program on this machine.

    The same input gives the same bytes. ``target`` appears whole or not at all.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".oci-") as scratch:
        layer = Path(scratch) / "layer"
        with layer.open("wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
            for path, source in files.items():
                _add(archive, path, source)
        made = Path(scratch) / "archive"
        _write(made, layer, name=name, entrypoint=entrypoint, user=user)
        made.rename(target)
    return target


def _write(target: Path, layer: Path, *, name: str, entrypoint: Sequence[str], user: str) -> None:
    layer_digest = _digest(layer)
    config = _json(
        {
            "architecture": architecture(),
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "User": user},
            "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": _descriptor(config, f"{OCI}.config.v1+json"),
            "layers": [{"mediaType": f"{OCI}.layer.v1.tar", "digest": layer_digest, "size": layer.stat().st_size}],
        }
    )
    index = _json(
        {
            "schemaVersion": 2,
            "manifests": [
                _descriptor(manifest, f"{OCI}.manifest.v1+json") | {"annotations": {"io.containerd.image.name": name}}
            ],
        }
    )
    with tarfile.open(target, "w") as archive:
        _add_bytes(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add_bytes(archive, "index.json", index)
        for blob in (config, manifest):
            _add_bytes(archive, _blob(_bytes_digest(blob)), blob)
        _add(archive, _blob(layer_digest), layer, mode=0o644)


def _add(archive: tarfile.TarFile, path: str, source: Path, *, mode: int = 0o755) -> None:
    with source.open("rb") as file:
        _add_stream(archive, path, file, source.stat().st_size, mode)


def _add_bytes(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    _add_stream(archive, path, io.BytesIO(content), len(content), 0o644)


def _add_stream(archive: tarfile.TarFile, path: str, content: BinaryIO, size: int, mode: int) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.size, entry.mode = size, mode
    archive.addfile(entry, content)


def _descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _bytes_digest(content), "size": len(content)}


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _bytes_digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
