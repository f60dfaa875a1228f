"""A finding that also knows whom it can touch; without such knowledge it touches everybody."""

import dataclasses
import re
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from concordat_contracts.findings.guards import Guard
from concordat_contracts.verdict import Finding, Verdict

_VARIABLE = re.compile(r"\{[^{}]*\}")
_METHOD = re.compile(r"[a-z]+(?= /)")


@lru_cache(maxsize=65_536)
def canonical(name: str) -> str:
    """An operation's name without what may differ between those who mean the same: ``get /pets/{id}`` -> ``GET /pets/{}``."""
    return _METHOD.sub(lambda method: method[0].upper(), _VARIABLE.sub("{}", name.strip()), count=1)


@dataclass(frozen=True, kw_only=True)
class ContractFinding(Finding):
    """A finding with the operations, and where provable the one response field, whose users it concerns."""

    operations: frozenset[str] | None = None
    """All names of the operations touched (``GET /pets`` and ``listPets``); ``None``: whoever uses the contract at all."""
    field: tuple[str, ...] | None = None
    """The property path of the response body it is about; ``None``: not about one."""
    guard: Guard | None = dataclasses.field(default=None, repr=False, compare=False)
    """Proves for a reader of some properties that nothing about them changed; ``None``: any use of the operation counts."""

    @classmethod
    def of(cls, finding: Finding, **changes: Any) -> "ContractFinding":
        """``finding`` with ``changes``; what it already knew is kept."""
        known = {each.name: getattr(finding, each.name) for each in fields(finding)}
        return cls(**(known | changes))


@dataclass(frozen=True, kw_only=True)
class ContractVerdict(Verdict):
    """A verdict that knows what could be used at all."""

    operations: frozenset[str] | None = None
    """All names of all operations of the old document; ``None``: not known, so that no use can be ruled out."""
