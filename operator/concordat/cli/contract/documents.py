"""
Documents of contracts, wherever they are: a file, standard input, or a version a cluster has accepted.
"""

import re
import sys
from pathlib import Path

from concordat.cli.cluster_access import Cluster
from concordat.cli.contract.registry import accepted
from concordat.cli.output import fail, notes, plain
from concordat_contracts import Document, InvalidDocument, parse_text, read

_SLOW_BYTES = 1_000_000
_REFERENCE = re.compile(r"(?P<reference>[a-z0-9.-]+/[a-z0-9.-]+)(@(?P<version>[0-9A-Za-z.+-]+))?")
_FILE_ENDINGS = (".yaml", ".yml", ".json", ".graphql", ".graphqls", ".gql")


def document(source: str, cluster: Cluster) -> Document:
    """``source`` as a file if there is one, else ``namespace/name[@version]`` as a cluster accepted it."""
    if names_a_file(source):
        return document_of(text_of(source), source)
    found = _REFERENCE.fullmatch(source)
    assert found
    version = accepted(cluster, found["reference"], found["version"])
    return document_of(version.document.encode(), source)


def names_a_file(source: str) -> bool:
    """Whether ``source`` is a file, rather than a contract in a cluster."""
    return source == "-" or Path(source).exists() or source.endswith(_FILE_ENDINGS) or not _REFERENCE.fullmatch(source)


def document_of(text: bytes, name: str) -> Document:
    """Read one document; say so while it takes long."""
    try:
        if len(text) < _SLOW_BYTES:
            return read(parse_text(text))
        with notes.status(f"reading {plain(name)}"):
            return read(parse_text(text))
    except InvalidDocument as error:
        fail(f"{name}: {error}")


def text_of(file: str) -> bytes:
    """The bytes of a file; ``-`` is standard input."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror}")
