"""A condition before it has a time."""

from dataclasses import dataclass

from concordat.api import Condition
from concordat_contracts.legible import legible

LONGEST_MESSAGE = 4096
MOST_PROBLEMS = 64


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is so, and why; ``None`` is unknown."""

    type: str
    status: bool | None
    reason: str
    message: str = ""


def at(finding: Finding, generation: int, now: str) -> Condition:
    """As Kubernetes has it; ``now`` is RFC 3339."""
    return Condition(
        type=finding.type,
        status="Unknown" if finding.status is None else "True" if finding.status else "False",
        observed_generation=generation,
        last_transition_time=now,
        reason=finding.reason,
        message=legible(finding.message, lines=True)[:LONGEST_MESSAGE],
    )
