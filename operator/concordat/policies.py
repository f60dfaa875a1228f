"""
What must hold before anything is built: small pure checks, each named for what it finds.
"""

from collections.abc import Callable, Iterable, Sequence
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

    @property
    def blocks(self) -> bool:
        """
        Building would do harm, so that the last good children stay as they are.

        A warning only leaves something out: two services that consume each other can be created in any order.
        """
        return self.problem.severity == "error"


Policy = Callable[[Microservice, Facts], Iterable[Violation]]

MICROSERVICE_POLICIES: Sequence[Policy] = ()


def violations(policies: Sequence[Policy], service: Microservice, facts: Facts) -> tuple[Violation, ...]:
    """Every violation, in the order of the policies."""
    return tuple(violation for policy in policies for violation in policy(service, facts))
