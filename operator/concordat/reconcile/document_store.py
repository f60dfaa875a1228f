"""
Documents of contracts: where people put them, and where we keep those that were accepted.

An accepted version is an immutable ConfigMap named by its digest. It belongs to the contract and goes with it. A name proves
nothing: what it holds is believed when its digest is the accepted one, whoever wrote it, and not otherwise.
"""

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from concordat.api import AcceptedVersion, ServiceContract
from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.errors import Rejected, Waiting
from concordat.gate.unpacking import MOST_UNPACKED, holds
from concordat.manifest import Kind, Manifest, Object, conventions
from concordat.resources.metadata import contract_metadata

WHOLE_CONFIG_MAP = Kind(group="", version="v1", kind="ConfigMap", plural="configmaps", watched_whole=True)
"""Read one at a time, with its content; the children's informer sees metadata alone."""
MOST_REMEMBERED = 16 * 1024 * 1024
"""Bytes of accepted versions held in memory, compressed."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where a version was stored."""

    name: str
    found: Object
    """The ConfigMap."""
    squatter: str = ""
    """The name it should have had, which another ConfigMap with other content has; empty as a rule."""


class Library:
    """Reads and keeps documents."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._remembered: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._size = 0
        self._large = asyncio.Lock()

    async def source(self, contract: ServiceContract) -> bytes:
        """
        The document somebody wrote, as it was written: gzip is not unpacked here.

        Raises :exc:`Waiting` for a ConfigMap or key that is not there, :exc:`Rejected` for one that cannot be used.
        """
        document = contract.spec.document
        if document.inline is not None:
            return document.inline.encode(errors="surrogatepass")
        parts = document.parts or ((document.config_map,) if document.config_map else ())
        if len(parts) == 1:
            return await self._entry(contract.namespace, parts[0].name, parts[0].key)
        async with self._large:  # at most one that is put together at a time
            whole = bytearray()
            for part in parts:
                whole += await self._entry(contract.namespace, part.name, part.key)
                if len(whole) > MOST_UNPACKED:
                    raise _unusable(f"has more than {MOST_UNPACKED // 2**20} MiB: split the API into several contracts")
            return bytes(whole)

    async def accepted(self, namespace: str, version: AcceptedVersion) -> bytes | None:
        """The normal form of an accepted version, as gzip; ``None`` when neither memory nor its ConfigMap has it."""
        known = self.remembered(namespace, version.digest)
        return known if known is not None else await self.stored(namespace, version)

    async def stored(self, namespace: str, version: AcceptedVersion) -> bytes | None:
        """The same from its ConfigMap; ``None`` when that is gone, or holds anything else."""
        if not version.config_map:
            return None
        try:
            found = await self._client.read_whole(WHOLE_CONFIG_MAP, namespace, version.config_map)
        except ApiError as error:
            if error.not_found:
                return None
            raise
        packed = _believed(found, version.digest)
        if packed is not None:
            self._remember(namespace, version.digest, packed)
        return packed

    def remembered(self, namespace: str, digest: str) -> bytes | None:
        """What was read or written before, and was verified then."""
        packed = self._remembered.get((namespace, digest))
        if packed is not None:
            self._remembered.move_to_end((namespace, digest))
        return packed

    async def keep(self, contract: ServiceContract, version: str, digest: str, packed: bytes) -> Kept:
        """
        Store a version, ``packed`` in normal form.

        A ConfigMap of that name that holds it will do. One that holds anything else is left alone, and the version gets
        a name the API server makes, which nobody can have taken beforehand.
        """
        if not holds(packed, digest):
            raise Rejected(
                conventions.REASON_INTERNAL_ERROR, "a defect of the operator: the normal form has another digest"
            )
        manifest = _config_map(contract, version, digest, packed)
        name: str = manifest["metadata"]["name"]
        squatter = ""
        try:
            found = await self._client.create(WHOLE_CONFIG_MAP, manifest)
        except ApiError as error:
            if not error.already_exists:
                raise
            there = await self._there(contract.namespace, name)
            if there is not None and _believed(there, digest) is not None:
                found = there
            else:
                squatter = name
                del manifest["metadata"]["name"]
                manifest["metadata"]["generateName"] = f"{name}-"
                found = await self._client.create(WHOLE_CONFIG_MAP, manifest)
        self._remember(contract.namespace, digest, packed)
        return Kept(name=found["metadata"]["name"], found=found, squatter=squatter)

    async def _there(self, namespace: str, name: str) -> Object | None:
        try:
            return await self._client.read_whole(WHOLE_CONFIG_MAP, namespace, name)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    async def _entry(self, namespace: str, name: str, key: str) -> bytes:
        try:
            found = await self._client.read_whole(WHOLE_CONFIG_MAP, namespace, name)
        except ApiError as error:
            if error.not_found:
                raise _missing(f"there is no ConfigMap {name} in namespace {namespace}") from error
            if error.forbidden:
                raise Rejected(conventions.REASON_FORBIDDEN, f"spec.document: {error.message}") from error
            raise
        content = _content(found, key)
        if content is None:
            raise _missing(f"ConfigMap {name} has no key {key}")
        return content

    def _remember(self, namespace: str, digest: str, packed: bytes) -> None:
        if (namespace, digest) in self._remembered:
            return
        self._remembered[namespace, digest] = packed
        self._size += len(packed)
        while self._size > MOST_REMEMBERED:
            _, forgotten = self._remembered.popitem(last=False)
            self._size -= len(forgotten)


def _believed(found: Object, digest: str) -> bytes | None:
    """What a ConfigMap holds, if that is the version with this digest."""
    try:
        packed = _content(found, conventions.DOCUMENT_KEY)
    except Rejected:
        return None
    return packed if packed is not None and holds(packed, digest) else None


def _content(found: Object, key: str) -> bytes | None:
    text = _texts(found.get("data")).get(key)
    if isinstance(text, str):
        return text.encode(errors="surrogatepass")
    packed = _texts(found.get("binaryData")).get(key)
    if packed is None:
        return None
    try:
        return base64.b64decode(packed, validate=True)
    except (TypeError, ValueError) as error:
        raise _unusable("is not base64") from error


def _texts(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _missing(message: str) -> Waiting:
    return Waiting(
        conventions.REASON_DOCUMENT_MISSING, f"spec.document: {message}; it is picked up by itself", retry_after=5
    )


def _unusable(message: str) -> Rejected:
    return Rejected(conventions.REASON_INVALID_DOCUMENT, f"spec.document: {message}")


def _config_map(contract: ServiceContract, version: str, digest: str, packed: bytes) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            **contract_metadata(contract, digest[:16]),
            "annotations": {
                f"{conventions.GROUP}/version": version,
                f"{conventions.GROUP}/digest": digest,
            },
        },
        "immutable": True,
        "binaryData": {conventions.DOCUMENT_KEY: base64.b64encode(packed).decode()},
    }
