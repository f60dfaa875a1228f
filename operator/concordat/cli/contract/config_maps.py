"""
The document of a contract, put together from the ConfigMaps that hold it.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from concordat.cli.output import fail

MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes; a megabyte of gzip may hold a thousand."""


def document_in(parts: Sequence[Mapping[str, str]], held: Mapping[str, Mapping[str, Any]], reference: str) -> str:
    """The text in ``parts`` (``name`` and ``key``), in their order, of the ConfigMaps ``held`` by name; ends the command if it is not there."""
    pieces = []
    for part in parts:
        if part["name"] not in held:
            fail(f"{reference}: spec.document names ConfigMap {part['name']}, which is not among the files")
        pieces.append(_entry(held[part["name"]], part["key"], reference))
    content = b"".join(pieces)
    try:
        return (_unpacked(content) if content[:2] == b"\x1f\x8b" else content).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        fail(f"{reference}: spec.document is damaged: {error}")


def _unpacked(content: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    text = unpacking.decompress(content, MOST_UNPACKED)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise zlib.error(f"it has more than {MOST_UNPACKED // 2**20} MiB, or is cut off")
    return text


def _entry(held: Mapping[str, Any], key: str, reference: str) -> bytes:
    text, binary = held.get("data") or {}, held.get("binaryData") or {}
    if key not in text and key not in binary:
        fail(f"{reference}: ConfigMap {held['metadata']['name']} has no key {key}")
    if key in text:
        return str(text[key]).encode()
    try:
        return base64.b64decode(str(binary[key]), validate=True)
    except binascii.Error as error:
        fail(f"{reference}: ConfigMap {held['metadata']['name']} is not base64 under {key}: {error}")
