"""
Errors that mean something; translated once, in :mod:`concordat.reconcile`, into conditions and requeues.

    ConcordatError
    ├── InvalidInput          what a person wrote cannot be used; carries the field path and the remedy
    ├── Stalled               a human must act; no retry before the resource or the world changes
    │   ├── Conflict            an object of that name is not ours
    │   └── Rejected            the API server refuses what we planned
    └── Waiting               time or the world will help; try again after a while
"""

from dataclasses import dataclass


class ConcordatError(Exception):
    """Base of everything we raise on purpose."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One finding about a resource, shown in ``status.problems`` and by the command line."""

    path: str
    """Where, in the words of the YAML: ``spec.scaling.min``."""
    message: str
    """What is wrong and what to do about it."""
    severity: str = "error"

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidInput(ConcordatError):
    """What a person wrote cannot be used."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Stalled(ConcordatError):
    """A human must act: nothing is retried before the resource, or what it depends on, changes."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Conflict(Stalled):
    """An object of the wanted name exists and is not ours."""


class Rejected(Stalled):
    """The API server refuses what we planned."""


class Waiting(ConcordatError):
    """Nothing is wrong that time or somebody else's next step would not mend."""

    def __init__(self, reason: str, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        """Seconds."""
