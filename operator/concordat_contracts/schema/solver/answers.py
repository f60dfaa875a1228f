"""What the search for a value can come back with."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

MOST_VALUES = 50_000
"""The size of the largest instance that is put together; parts that are one object in memory count each time they are met."""
_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Sample:
    """A value that does it; not ``sure`` where something that could not be modelled may still refuse it."""

    value: Any
    sure: bool = True
    size: int = 1
    """Of a list or mapping: see :func:`size_of`."""

    @property
    def full_size(self) -> int:
        """The size of any value."""
        return 1 + len(self.value) // _CHARACTERS if isinstance(self.value, str) else self.size


def size_of(value: Any) -> int:
    """The number of values in a value, long texts counted for more; counting ends beyond :data:`MOST_VALUES`."""
    size = 0
    pending = [value]
    while pending and size <= MOST_VALUES:
        at = pending.pop()
        size += 1 + len(at) // _CHARACTERS if isinstance(at, str) else 1
        if isinstance(at, dict):
            pending.extend(at.values())
        elif isinstance(at, list):
            pending.extend(at)
    return size


class Without(Enum):
    """No value to show."""

    EMPTY = "empty"
    """Proven: there is none."""
    UNKNOWN = "unknown"
    """Neither found nor proven absent."""


EMPTY = Without.EMPTY
UNKNOWN = Without.UNKNOWN
Answer = Sample | Without
