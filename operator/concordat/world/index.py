"""
An index of keys that forgets what nobody has any more.
"""

from collections.abc import Set
from typing import Generic, TypeVar

from concordat.world.keys import Key

Entry = TypeVar("Entry")
_NOBODY: frozenset[Key] = frozenset()


class Index(Generic[Entry]):
    """Keys by what they have: a host, a contract."""

    def __init__(self) -> None:
        self._keys: dict[Entry, set[Key]] = {}

    def of(self, entry: Entry) -> Set[Key]:
        """Who has it."""
        return self._keys.get(entry, _NOBODY)

    def move(self, key: Key, before: Set[Entry], after: Set[Entry]) -> None:
        """``key`` had ``before`` and has ``after``."""
        for entry in before - after:
            keys = self._keys[entry]
            keys.discard(key)
            if not keys:
                del self._keys[entry]
        for entry in after - before:
            self._keys.setdefault(entry, set()).add(key)
