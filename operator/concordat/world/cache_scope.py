"""
What an informer of resources of ours feeds: all of them, or those of one namespace.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

Seen = TypeVar("Seen")
"""What an object means to us."""


class Cache(Protocol[Seen]):
    """What is known of every resource of one kind."""

    def take(self, item: Mapping[str, Any]) -> Seen:
        """What an object of the API server means to us."""

    def replace(self, items: Iterable[Seen], *, namespace: str | None, position: int) -> None:
        """A LIST says what exists in a namespace, or in all."""

    def forget_versions(self, namespace: str | None) -> None:
        """The server's history was restored from a backup: what it says now counts, however old its versions look."""

    def observe(self, event: str, item: Mapping[str, Any]) -> None:
        """One event of a watch."""

    def knows(self, namespace: str, name: str, resource_version: str) -> bool:
        """Whether one is cached in this very version."""


class Scope(Generic[Seen]):
    """The part of a cache that one list and watch speaks of."""

    def __init__(self, cache: Cache[Seen], namespace: str | None) -> None:
        self.refusal = ""
        self.take = cache.take
        self.knows = cache.knows
        self._cache = cache
        self._namespace = namespace
        self._position = 0

    def replace(self, items: Iterable[Seen], resource_version: str) -> None:
        """A LIST."""
        position = int(resource_version)
        if position < self._position:
            self._cache.forget_versions(self._namespace)
        self._position = position
        self._cache.replace(items, namespace=self._namespace, position=position)

    def observe(self, event: str, item: Mapping[str, Any]) -> None:
        """One event of a watch."""
        self._position = max(self._position, int(item["metadata"]["resourceVersion"]))
        self._cache.observe(event, item)
