"""
Given this service and these facts, what should exist?

The ordered list of builders below is the table of contents of the product. The same pure function decides in the
cluster, in ``concordat plan`` and in ``concordat render``.
"""

from dataclasses import dataclass

from concordat.api import Microservice, resolve
from concordat.facts import Facts
from concordat.manifest import PlannedChild
from concordat.policies import MICROSERVICE_POLICIES, Violation, violations


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What should exist for one Microservice."""

    service: Microservice
    """With its defaults written out."""
    children: tuple[PlannedChild, ...] = ()
    """In the order they are written; empty when something is violated: the last good children stay untouched."""
    violations: tuple[Violation, ...] = ()
    notices: tuple[Violation, ...] = ()
    """What is left out because the cluster cannot have it, e.g. a route without Gateway API."""

    @property
    def complete(self) -> bool:
        """Everything was decided, so that what is not planned may be pruned."""
        return not self.violations


def plan(service: Microservice, facts: Facts) -> Plan:
    """The children of ``service``."""
    resolved = resolve(service)
    found = violations(MICROSERVICE_POLICIES, resolved, facts)
    if found:
        return Plan(service=resolved, violations=found)
    return Plan(service=resolved)
