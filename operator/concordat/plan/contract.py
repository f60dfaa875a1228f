"""
Given this contract and these facts, what should exist?

The counterpart of :mod:`concordat.plan.service` for a ServiceContract: whether it is accepted is the gate's decision, what follows
from the version in force is decided here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from concordat.api import ServiceContract
from concordat.errors import Problem
from concordat.facts import ContractFacts
from concordat.manifest import Kind, Manifest, PlannedChild
from concordat.observability import contract as dashboard
from concordat.resources import kinds, trial

Builder = Callable[[ServiceContract, ContractFacts], Manifest | None]

BUILDERS: tuple[tuple[Kind, Builder], ...] = (
    (kinds.NETWORK_POLICY, trial.way_out),
    (kinds.NETWORK_POLICY, trial.way_in),
    (kinds.CRON_JOB, trial.scheduled),
    (kinds.JOB, trial.after_rollout),
    (kinds.GRAFANA_DASHBOARD, dashboard.resource),
    (kinds.CONFIG_MAP, dashboard.file),
)
"""In the order they are written."""


@dataclass(frozen=True, kw_only=True)
class ContractPlan:
    """What should exist for one ServiceContract."""

    children: tuple[PlannedChild, ...] = ()
    undecided: frozenset[str] = frozenset()
    """Kinds of which nothing may be pruned now: during a rollout nobody knows yet what is to be tried."""
    problems: tuple[Problem, ...] = ()
    """What is left out, and why."""


def plan_contract(contract: ServiceContract, facts: ContractFacts) -> ContractPlan:
    """The children of ``contract``."""
    built = [(kind, manifest) for kind, build in BUILDERS if (manifest := build(contract, facts)) is not None]
    rolling_out = contract.spec.conformance is not None and facts.provider is not None and not facts.rollout
    return ContractPlan(
        children=tuple(PlannedChild(kind=kind, manifest=manifest) for kind, manifest in built),
        undecided=frozenset({kinds.JOB.kind} if rolling_out else ()),
        problems=tuple(_left_out(contract, facts)),
    )


def _left_out(contract: ServiceContract, facts: ContractFacts) -> list[Problem]:
    if contract.spec.conformance is None or facts.platform.conformance_image:
        return []
    message = "this platform has no image to try services with, so nothing is tried: set conformance.image of the operator's chart"
    return [Problem(path="spec.conformance", message=message, severity="warning")]
