"""A finding that also knows whom it can touch; without such knowledge it touches everybody."""

from dataclasses import dataclass, fields
from typing import Any

from .verdict import Finding

EVERYBODY: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class ContractFinding(Finding):
    """A finding with the operations, and where provable the one response field, whose users it concerns."""

    operations: frozenset[str] | None = EVERYBODY
    """All names of the operations touched (``GET /pets`` and ``listPets``); ``None``: whoever uses the contract at all."""
    field: tuple[str, ...] | None = None
    """The property path of the response body that must be read to notice; ``None``: any use of the operation notices."""

    @classmethod
    def of(cls, finding: Finding, **changes: Any) -> "ContractFinding":
        """``finding`` with ``changes``; what it already knew is kept."""
        known = {each.name: getattr(finding, each.name) for each in fields(finding)}
        return cls(**(known | changes))
