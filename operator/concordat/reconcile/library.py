"""
Documents of contracts: where people put them, and where we keep those that were accepted.

An accepted version is an immutable ConfigMap named by its digest. It belongs to the contract and goes with it.
"""

import base64
import binascii
import gzip
import zlib
from collections import OrderedDict

from concordat import conventions
from concordat.api import AcceptedVersion, ServiceContract
from concordat.cluster.client import Client, Object
from concordat.cluster.failures import ApiError
from concordat.errors import Rejected, Waiting
from concordat.manifest import Kind, Manifest
from concordat.resources.metadata import contract_metadata

WHOLE_CONFIG_MAP = Kind(group="", version="v1", kind="ConfigMap", plural="configmaps", watched_whole=True)
"""Read one at a time, with its content; the children's informer sees metadata alone."""
MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes of a document; a megabyte of gzip may hold a thousand."""
MOST_KEPT = 1_000_000
"""Bytes of an accepted version, compressed; etcd stores a mebibyte and a half. GitHub's 13 MB are 191 kB."""
MOST_REMEMBERED = 32 * 1024 * 1024
"""Bytes of accepted versions held in memory."""


class Library:
    """Reads and keeps documents."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._remembered: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._size = 0

    async def source(self, contract: ServiceContract) -> str:
        """
        The document somebody wrote.

        Raises :exc:`Waiting` for a ConfigMap or key that is not there, :exc:`Rejected` for what is no text.
        """
        document = contract.spec.document
        if document.inline is not None:
            return document.inline
        parts = document.parts or ((document.config_map,) if document.config_map else ())
        pieces = [await self._entry(contract.namespace, part.name, part.key) for part in parts]
        return _text(b"".join(pieces))

    async def accepted(self, namespace: str, version: AcceptedVersion) -> str:
        """The normal form of a version that was accepted."""
        known = self._remembered.get((namespace, version.config_map))
        if known is None:
            known = _text(await self._entry(namespace, version.config_map, conventions.DOCUMENT_KEY))
            self._remember(namespace, version.config_map, known)
        return known

    async def keep(self, contract: ServiceContract, digest: str, normal: str) -> str:
        """Store a version that comes into force; the name of its ConfigMap. What is there already is the same."""
        packed = gzip.compress(normal.encode(), mtime=0)
        if len(packed) > MOST_KEPT:
            raise Rejected(
                conventions.REASON_INVALID_DOCUMENT,
                f"compressed it has {len(packed) // 1000} kB, and at most {MOST_KEPT // 1000} are kept: split the API into several"
                " contracts",
            )
        manifest = _config_map(contract, digest, packed)
        name: str = manifest["metadata"]["name"]
        try:
            await self._client.create(WHOLE_CONFIG_MAP, manifest)
        except ApiError as error:
            if not error.already_exists:
                raise
        self._remember(contract.namespace, name, normal)
        return name

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

    def _remember(self, namespace: str, name: str, text: str) -> None:
        if (namespace, name) in self._remembered:
            return
        self._remembered[namespace, name] = text
        self._size += len(text)
        while self._size > MOST_REMEMBERED and len(self._remembered) > 1:
            _, forgotten = self._remembered.popitem(last=False)
            self._size -= len(forgotten)


def _content(found: Object, key: str) -> bytes | None:
    if key in (found.get("data") or {}):
        text: str = found["data"][key]
        return text.encode()
    packed = (found.get("binaryData") or {}).get(key)
    if packed is None:
        return None
    try:
        return base64.b64decode(packed, validate=True)
    except binascii.Error as error:
        raise _unusable("is not base64") from error


def _text(content: bytes) -> str:
    """Unpacked where it is compressed, within bounds."""
    if content[:2] == b"\x1f\x8b":
        unpacking = zlib.decompressobj(wbits=31)
        try:
            content = unpacking.decompress(content, MOST_UNPACKED)
        except zlib.error as error:
            raise _unusable("is damaged gzip: compress it again") from error
        if unpacking.unconsumed_tail or not unpacking.eof:
            raise _unusable(f"has more than {MOST_UNPACKED // 2**20} MiB, or is cut off")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _unusable(f"is not UTF-8 (byte {error.start})") from error


def _missing(message: str) -> Waiting:
    return Waiting(
        conventions.REASON_DOCUMENT_MISSING, f"spec.document: {message}; it is picked up by itself", retry_after=5
    )


def _unusable(message: str) -> Rejected:
    return Rejected(conventions.REASON_INVALID_DOCUMENT, f"spec.document: {message}")


def _config_map(contract: ServiceContract, digest: str, packed: bytes) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            **contract_metadata(contract, digest[:16]),
            "annotations": {
                f"{conventions.GROUP}/version": contract.spec.version,
                f"{conventions.GROUP}/digest": digest,
            },
        },
        "immutable": True,
        "binaryData": {conventions.DOCUMENT_KEY: base64.b64encode(packed).decode()},
    }
