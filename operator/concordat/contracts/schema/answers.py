"""What the search for a value can come back with."""

from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """A value that does it; not ``sure`` where something that could not be modelled may still refuse it."""

    value: Any
    sure: bool = True


class Without(Enum):
    """No value to show."""

    EMPTY = "empty"
    """Proven: there is none."""
    UNKNOWN = "unknown"
    """Neither found nor proven absent."""


EMPTY = Without.EMPTY
UNKNOWN = Without.UNKNOWN
Answer = Sample | Without
