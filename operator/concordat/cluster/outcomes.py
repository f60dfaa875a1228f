"""
What is asked for a resource's children, and what became of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from concordat.errors import ConcordatError
from concordat.manifest import ChildKey, Kind, PlannedChild


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The resource whose children these are."""

    kind: str
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of one planned child."""

    key: ChildKey
    fingerprint: str = ""
    """Of the fields we own now; the one to compare with from here on."""
    written: bool = False
    paused: bool = False
    error: ConcordatError | None = None
    """:exc:`Stalled` when a human must act, :exc:`Waiting` or :exc:`ApiError` when time will help."""
    refused: str = ""
    """What the API server called invalid: the same need not be sent again. See :attr:`Known.refused`."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What we remember of a child between two reconciles."""

    fingerprints: Mapping[ChildKey, str]
    """After our last write."""
    refused: Mapping[ChildKey, tuple[str, str]]
    """
    What the API server called invalid, and its words: the same is not sent twice.

    The digest of the manifest and the uid of the object it was meant for: once that is deleted, the same manifest may be
    welcome.
    """


class Wanted(NamedTuple):
    """A planned child without its manifest."""

    kind: Kind
    digest: str
    states_replicas: bool

    @classmethod
    def of(cls, child: PlannedChild) -> "Wanted":
        return cls(kind=child.kind, digest=child.digest, states_replicas=child.states_replicas)
