"""
A document as Kubernetes objects: the ServiceContract, and the ConfigMaps that hold what is too large for it.
"""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from concordat.api.contract import MOST_INLINE
from concordat.manifest import conventions
from concordat_contracts import parse_text

MOST_IN_CONFIG_MAP = 700_000
"""Bytes of one part, compressed: a ConfigMap holds a mebibyte, and binary data takes a third more as base64."""
KEY = "document.gz"

Manifest = dict[str, Any]


def manifests(
    text: bytes, *, type_: str, name: str, namespace: str, version: str, spec: dict[str, Any] | None = None
) -> list[Manifest]:
    """
    The ConfigMaps, if any is needed, and the ServiceContract last.

    Their names hold a digest of the content, so that a version pushed again never changes what another one refers to.
    """
    maps: list[Manifest] = []
    document: dict[str, Any]
    if len(text) <= MOST_INLINE:
        document = {"inline": text.decode()}
    else:
        packed = gzip.compress(_compact(text), mtime=0)
        maps = list(_config_maps(packed, name=name, namespace=namespace, version=version))
        parts = [{"name": each["metadata"]["name"], "key": KEY} for each in maps]
        document = {"configMap": parts[0]} if len(parts) == 1 else {"parts": parts}
    contract = {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": type_, "version": version, "document": document, **(spec or {})},
    }
    return [*maps, contract]


class _Block(str):
    """Written on lines of its own, as somebody wrote it."""

    __slots__ = ()


yaml.add_representer(
    _Block,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|"),
    Dumper=yaml.SafeDumper,
)


def readable(objects: list[Manifest]) -> list[Manifest]:
    """The same, with an inline document in YAML as people expect it."""
    *maps, contract = objects
    spec = contract["spec"]
    if "inline" not in spec["document"]:
        return objects
    document = {"inline": _Block(spec["document"]["inline"])}
    return [*maps, contract | {"spec": spec | {"document": document}}]


def owned_by(maps: list[Manifest], contract: Manifest) -> list[Manifest]:
    """The ConfigMaps as they go with their contract."""
    owner = {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "name": contract["metadata"]["name"],
        "uid": contract["metadata"]["uid"],
    }
    return [each | {"metadata": each["metadata"] | {"ownerReferences": [owner]}} for each in maps]


def _compact(text: bytes) -> bytes:
    """YAML is slow to read: once here, and never again in the cluster."""
    parsed = parse_text(text)
    return text if isinstance(parsed, str) else json.dumps(parsed, separators=(",", ":"), ensure_ascii=False).encode()


def _config_maps(packed: bytes, *, name: str, namespace: str, version: str) -> Iterator[Manifest]:
    digest = hashlib.sha256(packed).hexdigest()[:12]
    stem = re.sub("[^a-z0-9.-]", "-", f"{name}-{version}".lower())[:200].rstrip("-.")
    parts = [packed[start : start + MOST_IN_CONFIG_MAP] for start in range(0, len(packed), MOST_IN_CONFIG_MAP)]
    for number, part in enumerate(parts, start=1):
        suffix = f"-{number}" if len(parts) > 1 else ""
        yield {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{stem}-{digest}{suffix}", "namespace": namespace},
            "immutable": True,
            "binaryData": {KEY: base64.b64encode(part).decode()},
        }
