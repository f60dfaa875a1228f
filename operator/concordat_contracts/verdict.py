"""
What a comparison says: findings, and the one verdict that follows from them.

    breaking     some finding is an error
    unknown      none is, but something could not be decided; to be treated as unsafe
    compatible   proven: whatever one side sends, the other accepts
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How loud a finding is; overridable by rule id."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Outcome(StrEnum):
    """What is known about a change."""

    COMPATIBLE = "compatible"
    BREAKING = "breaking"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One change that matters, in words a consumer understands."""

    id: str
    """The rule that speaks, with oasdiff's id where it has one: ``request-property-became-required``."""
    severity: Severity
    location: str
    """Where, as people write it: ``POST /payments 201 $.state``."""
    message: str
    witness: Any | None = None
    """An instance that one side sends and the other refuses; ``None`` where there is none (a removed operation)."""
    outcome: Outcome
    """What this finding alone would make of the verdict."""

    def as_json(self) -> dict[str, Any]:
        """``{"id", "severity", "location", "message", "witness"}``."""
        return {
            "id": self.id,
            "severity": self.severity.value,
            "location": self.location,
            "message": self.message,
            "witness": self.witness,
        }


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The sum of all findings of one comparison."""

    outcome: Outcome
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "Verdict":
        """Error findings make it breaking, else undecided ones make it unknown, else it is compatible."""
        found = tuple(findings)
        if any(finding.severity is Severity.ERROR and finding.outcome is not Outcome.UNKNOWN for finding in found):
            return cls(outcome=Outcome.BREAKING, findings=found)
        if any(finding.outcome is Outcome.UNKNOWN for finding in found):
            return cls(outcome=Outcome.UNKNOWN, findings=found)
        return cls(outcome=Outcome.COMPATIBLE, findings=found)

    def as_json(self) -> dict[str, Any]:
        """``{"verdict", "findings"}``, the form of ``concordat contract diff -o json``."""
        return {"verdict": self.outcome.value, "findings": [finding.as_json() for finding in self.findings]}
