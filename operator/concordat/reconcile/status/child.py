"""What became of a child, and how a status says it."""

from dataclasses import dataclass

from concordat.api import ChildStatus
from concordat.manifest import ChildKey
from concordat_contracts.legible import legible

_LONGEST_REASON = 1024


@dataclass(frozen=True, kw_only=True)
class ChildOutcome:
    """What became of one child."""

    key: ChildKey
    fingerprint: str = ""
    reason: str = ""
    """Why it is not as planned; empty when it is."""
    message: str = ""
    waiting: bool = False
    """Time will mend it, as opposed to a person."""


def told(outcome: ChildOutcome) -> ChildStatus:
    """Of a child as planned, only its name and fingerprint."""
    said = {"reason": legible(outcome.message)[:_LONGEST_REASON], "fingerprint": outcome.fingerprint}
    return ChildStatus(
        kind=outcome.key.kind,
        name=outcome.key.name,
        ready=not outcome.reason,
        **{name: text for name, text in said.items() if text},
    )
