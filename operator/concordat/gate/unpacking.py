"""
Documents as they are kept and sent: gzip or not, unpacked within a bound that holds while they are being unpacked.

Imports nothing of the comparer: the operator's own process looks at what is packed as well.
"""

import hashlib
import zlib
from collections.abc import Iterator

from concordat.errors import ConcordatError

MOST_UNPACKED = 32 * 1024 * 1024
"""Bytes: as many as a document may have, see :data:`concordat_contracts.reading.text.MAX_BYTES`."""
_STEP = 256 * 1024
"""Bytes unpacked at a time."""


class CannotBeUnpacked(ConcordatError):
    """It is damaged, or holds too much."""


def is_packed(content: bytes) -> bool:
    """Whether it is gzip."""
    return content[:2] == b"\x1f\x8b"


def unpacked(content: bytes, *, most: int = MOST_UNPACKED) -> bytes:
    """``content`` itself, or what its gzip holds. Raises :exc:`CannotBeUnpacked` above ``most`` bytes, and for damaged gzip."""
    return b"".join(_pieces(content, most)) if is_packed(content) else content


def holds(content: bytes, digest: str, *, most: int = MOST_UNPACKED) -> bool:
    """Whether this gzip holds the normal form with that SHA-256; never more than a piece of it is in memory."""
    found = hashlib.sha256()
    try:
        for piece in _pieces(content, most):
            found.update(piece)
    except CannotBeUnpacked:
        return False
    return found.hexdigest() == digest


def declared_size(content: bytes) -> int:
    """
    Bytes of it once unpacked, as its gzip trailer says (RFC 1952, ``ISIZE``).

    Anybody can write another number there: good for a plan of memory that is then enforced, and for nothing else.
    """
    return min(int.from_bytes(content[-4:], "little"), MOST_UNPACKED) if is_packed(content) else len(content)


def _pieces(content: bytes, most: int) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(wbits=31)
    size, rest = 0, content
    while not unpacking.eof:
        try:
            piece = unpacking.decompress(rest, _STEP)
        except zlib.error:
            raise CannotBeUnpacked("the document is damaged gzip; compress it again") from None
        rest = unpacking.unconsumed_tail
        size += len(piece)
        if size > most:
            raise CannotBeUnpacked(
                f"the document has more than {most // 2**20} MiB, and no more are read; split the API into several contracts"
            )
        if not piece and not rest and not unpacking.eof:
            raise CannotBeUnpacked("the document's gzip is cut off; compress it again")
        yield piece
