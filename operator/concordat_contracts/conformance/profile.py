"""
How far a trial goes.
"""

from enum import StrEnum


class Profile(StrEnum):
    """Which operations are called, and with what."""

    CORE = "core"
    """Reads alone, with valid requests: what comes back is what the contract says."""
    STRICT = "strict"
    """Reads alone, with invalid requests as well, and every check there is."""
    FULL = "full"
    """Every operation, writing and deleting ones as well: not for data anybody needs."""

    @property
    def writes(self) -> bool:
        return self is Profile.FULL
