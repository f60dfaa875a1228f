"""What a policy finds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from concordat.api import Microservice
from concordat.errors import Problem
from concordat.facts import Facts


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A policy that does not hold."""

    reason: str
    """CamelCase, API: people alert on it."""
    problem: Problem
    blocks: bool = False
    """Nothing is built, so that the last good children stay as they are. Else only what it is about is left out."""

    @property
    def is_error(self) -> bool:
        """A person must act."""
        return self.problem.severity == "error"


Policy = Callable[[Microservice, Facts], Iterator[Violation]]


def violations(policies: Sequence[Policy], service: Microservice, facts: Facts) -> tuple[Violation, ...]:
    """Every violation, in the order of the policies."""
    return tuple(violation for policy in policies for violation in policy(service, facts))


def error(reason: str, path: str, message: str) -> Violation:
    """It blocks."""
    return Violation(reason=reason, problem=Problem(path=path, message=message), blocks=True)


def left_out(reason: str, path: str, message: str) -> Violation:
    """An error that blocks nothing else."""
    return Violation(reason=reason, problem=Problem(path=path, message=message))


def warning(reason: str, path: str, message: str) -> Violation:
    """It may be meant so."""
    return Violation(reason=reason, problem=Problem(path=path, message=message, severity="warning"))
