"""The status of a Microservice: ``Ready`` summarises, the others explain."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from concordat.api import ChildStatus, Microservice, MicroserviceStatus, ProblemStatus
from concordat.api.condition import transition
from concordat.errors import Problem
from concordat.facts import Platform, WorkloadState
from concordat.manifest import conventions
from concordat.policies import Violation
from concordat.reconcile.status import size
from concordat.reconcile.status.child import ChildOutcome, told
from concordat.reconcile.status.finding import LONGEST_MESSAGE, MOST_PROBLEMS, Finding, at
from concordat.resources import kinds
from concordat.resources.edges import MAIN_PORT_NUMBER, host
from concordat_contracts.legible import legible

_LONGEST_REASON = 1024


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Everything a status depends on."""

    generation: int
    paused: bool = False
    service: Microservice | None = None
    """With its defaults written out; the last good one while the current spec is invalid."""
    invalid: tuple[Problem, ...] = ()
    violations: tuple[Violation, ...] = ()
    notices: tuple[Violation, ...] = ()
    children: tuple[ChildOutcome, ...] = ()
    workload: WorkloadState | None = None
    platform: Platform = field(default_factory=Platform)
    hosts: tuple[str, ...] | None = None
    """Host names it holds; ``None`` while nothing may be decided: then it holds what it held."""
    objectives: tuple[str, ...] | None = None
    """Names of what its rules watch; ``None`` while nothing may be decided: the rules are the last good ones."""


def report(before: MicroserviceStatus, seen: Seen, *, now: str) -> MicroserviceStatus:
    """
    The status of a Microservice.

    ``now``, RFC 3339, becomes the transition time of conditions whose status differs from ``before``, and of no other.
    """
    reconciled = _reconciled(seen)
    available = _available(seen)
    conditions = (
        _ready(seen, reconciled, available),
        reconciled,
        available,
        _contracts_satisfied(seen),
        _observed(seen),
    )
    return MicroserviceStatus(
        observed_generation=seen.generation,
        conditions=transition(
            before.conditions, size.conditions(at(condition, seen.generation, now) for condition in conditions)
        ),
        children=size.children(
            [_child(outcome, available) for outcome in sorted(seen.children, key=lambda child: child.key)]
        ),
        problems=size.problems(tuple(_problems(seen)), most=MOST_PROBLEMS),
        version=_version(seen, available, before),
        replicas=_replicas(seen),
        url=_url(seen),
        hosts=before.hosts if seen.hosts is None else seen.hosts,
        provides=_provides(seen, before),
    )


_KEPT = (conventions.AVAILABLE, conventions.CONTRACTS_SATISFIED, conventions.OBSERVED)


def defective(before: MicroserviceStatus, defect: Exception, *, generation: int, now: str) -> MicroserviceStatus:
    """``before`` without its assurances: an error of our own kept us from looking."""
    message = f"a defect of the operator: {type(defect).__name__}: {defect}"
    admitted = (
        Finding(type=kind, status=False, reason=conventions.REASON_INTERNAL_ERROR, message=message)
        for kind in (conventions.READY, conventions.RECONCILED)
    )
    rest = (condition for condition in before.conditions if condition.type in _KEPT)
    conditions = (*(at(finding, generation, now) for finding in admitted), *rest)
    return before.model_copy(
        update={"observed_generation": generation, "conditions": transition(before.conditions, conditions)}
    )


def _reconciled(seen: Seen) -> Finding:
    if seen.paused:
        message = f"hands off: remove the annotation {conventions.ANNOTATION_PAUSED} to go on"
        return Finding(type=conventions.RECONCILED, status=False, reason=conventions.REASON_PAUSED, message=message)
    if seen.invalid:
        message = "; ".join(map(str, seen.invalid))
        return Finding(type=conventions.RECONCILED, status=False, reason=conventions.REASON_INVALID, message=message)
    if seen.violations:
        first = seen.violations[0]
        message = "; ".join(str(violation.problem) for violation in seen.violations)
        return Finding(type=conventions.RECONCILED, status=False, reason=first.reason, message=message)
    failed = [child for child in seen.children if child.reason]
    left_out = [violation for violation in seen.notices if violation.is_error]
    if left_out:
        message = "; ".join((*(str(violation.problem) for violation in left_out), *(child.message for child in failed)))
        return Finding(type=conventions.RECONCILED, status=False, reason=left_out[0].reason, message=message)
    if failed:
        worst = min(failed, key=lambda child: child.waiting)  # what needs a person first
        message = "; ".join(child.message for child in failed)
        return Finding(type=conventions.RECONCILED, status=False, reason=worst.reason, message=message)
    return Finding(type=conventions.RECONCILED, status=True, reason=conventions.REASON_RECONCILED)


def _available(seen: Seen) -> Finding:
    workload = seen.workload
    if workload is None:
        return Finding(
            type=conventions.AVAILABLE,
            status=False,
            reason=conventions.REASON_PROGRESSING,
            message="there is no Deployment yet",
        )
    counted = f"{workload.available} of {_wanted(seen)} replicas are available"
    if workload.available >= _fewest(seen):
        return Finding(
            type=conventions.AVAILABLE, status=True, reason=conventions.REASON_MINIMUM_REPLICAS, message=counted
        )
    if workload.failure:
        return Finding(
            type=conventions.AVAILABLE,
            status=False,
            reason=conventions.REASON_REJECTED,
            message=f"{counted}; no more pods: {workload.failure}",
        )
    if workload.stuck:
        return Finding(
            type=conventions.AVAILABLE,
            status=False,
            reason=conventions.REASON_ROLLOUT_STUCK,
            message=f"{counted}; {workload.stuck}",
        )
    return Finding(type=conventions.AVAILABLE, status=False, reason=conventions.REASON_UNAVAILABLE, message=counted)


_ABOUT_CONTRACTS = frozenset(
    {
        conventions.REASON_CONTRACT_REFUSED,
        conventions.REASON_CONTRACT_RETIRED,
        conventions.REASON_VERSION_UNSATISFIED,
        conventions.REASON_OPERATION_UNKNOWN,
        conventions.REASON_SCOPE_MISSING,
        conventions.REASON_TOKENS_MIXED,
        conventions.REASON_TOKEN_MISSING,
        conventions.REASON_CONTRACT_IN_USE,
    }
)


def _contracts_satisfied(seen: Seen) -> Finding:
    """Whether what it provides and consumes can hold; what was let through holds nobody up and is told."""
    kind = conventions.CONTRACTS_SATISFIED
    failed = [found for found in (*seen.violations, *seen.notices) if found.reason in _ABOUT_CONTRACTS]
    message = "; ".join(str(found.problem) for found in failed)
    if any(found.blocks for found in failed):
        return Finding(type=kind, status=False, reason=failed[0].reason, message=message)
    if failed:
        return Finding(type=kind, status=True, reason=conventions.REASON_BREAK_GLASS, message=message)
    if seen.invalid:
        return Finding(type=kind, status=None, reason=conventions.REASON_INVALID, message="the spec is not understood")
    spec = seen.service.spec if seen.service else None
    if spec is None or not (spec.provides or any(use.contract for use in spec.consumes)):
        return Finding(type=kind, status=True, reason=conventions.REASON_NO_CONTRACTS)
    return Finding(type=kind, status=True, reason=conventions.REASON_CONTRACTS_SATISFIED)


def _observed(seen: Seen) -> Finding:
    """By what exists in the cluster; whether Prometheus and Grafana read it, only they know."""
    told = [child for child in seen.children if child.key.kind in _TELLING]
    failed = [child for child in told if child.reason]
    if failed:
        message = "; ".join(child.message for child in failed)
        return Finding(type=conventions.OBSERVED, status=False, reason=failed[0].reason, message=message)
    if not told:
        message = "there are no rules and no dashboard yet"
        return Finding(
            type=conventions.OBSERVED, status=False, reason=conventions.REASON_NOT_DELIVERED, message=message
        )
    return Finding(
        type=conventions.OBSERVED, status=True, reason=conventions.REASON_DELIVERED, message=_delivered(seen, told)
    )


_TELLING = frozenset(
    kind.kind for kind in (kinds.CONFIG_MAP, kinds.PROMETHEUS_RULE, kinds.ALERTMANAGER_CONFIG, kinds.GRAFANA_DASHBOARD)
)


def _delivered(seen: Seen, told: Iterable[ChildOutcome]) -> str:
    where = ", ".join(str(child.key) for child in sorted(told, key=lambda child: child.key))
    watched = "" if seen.objectives is None else f"objectives: {', '.join(seen.objectives) or 'none'}; "
    return f"{watched}in {where}"


def _ready(seen: Seen, reconciled: Finding, available: Finding) -> Finding:
    """A pause alone makes nobody unready: what runs goes on running."""
    if not reconciled.status and not seen.paused:
        return Finding(type=conventions.READY, status=False, reason=reconciled.reason, message=reconciled.message)
    if not available.status:
        return Finding(type=conventions.READY, status=False, reason=available.reason, message=available.message)
    if seen.paused:
        return Finding(
            type=conventions.READY, status=True, reason=conventions.REASON_PAUSED, message=reconciled.message
        )
    workload = seen.workload
    if workload is not None and workload.stuck:
        return Finding(
            type=conventions.READY, status=False, reason=conventions.REASON_ROLLOUT_STUCK, message=workload.stuck
        )
    if not _rolled_out(workload):
        message = "the rollout is under way; the former pods still answer"
        return Finding(type=conventions.READY, status=False, reason=conventions.REASON_PROGRESSING, message=message)
    return Finding(type=conventions.READY, status=True, reason=conventions.REASON_READY, message=available.message)


def _rolled_out(workload: WorkloadState | None) -> bool:
    return workload is not None and workload.rolled_out


def _fewest(seen: Seen) -> int:
    scaling = seen.service.spec.scaling if seen.service else None
    return scaling.min if scaling and scaling.min else 1


def _wanted(seen: Seen) -> int:
    """The least even while an autoscaler has not yet raised a Deployment to it: no reason to say "1/1"."""
    return max(seen.workload.replicas if seen.workload else 0, _fewest(seen))


def _replicas(seen: Seen) -> str:
    return f"{seen.workload.ready}/{_wanted(seen)}" if seen.workload else ""


def _version(seen: Seen, available: Finding, before: MicroserviceStatus) -> str:
    if seen.service is None or not _is_written(seen) or not available.status or not _rolled_out(seen.workload):
        return before.version
    return seen.service.spec.version


def _provides(seen: Seen, before: MicroserviceStatus) -> tuple[str, ...]:
    return seen.service.spec.provides if seen.service is not None and _is_written(seen) else before.provides


def _is_written(seen: Seen) -> bool:
    """The Deployment is as the current spec wants it; paused, refused or of an unclear spec, it may run anything."""
    if seen.paused or seen.invalid or seen.violations:
        return False
    return any(child.key.kind == kinds.DEPLOYMENT.kind and not child.reason for child in seen.children)


def _url(seen: Seen) -> str:
    if seen.service is None:
        return ""
    service = seen.service
    port = service.spec.ports[service.spec.main_port]
    address = host(service.name, service.namespace, seen.platform)
    if port.protocol != "TCP":
        return f"{port.protocol.lower()}://{address}:{MAIN_PORT_NUMBER}"
    return f"http://{address}"


def _child(outcome: ChildOutcome, available: Finding) -> ChildStatus:
    child = told(outcome)
    if outcome.key.kind != kinds.DEPLOYMENT.kind or available.status:
        return child
    return child.model_copy(update={"ready": False})


def _problems(seen: Seen) -> Iterable[ProblemStatus]:
    findings = (*seen.invalid, *(violation.problem for violation in (*seen.violations, *seen.notices)))
    for problem in findings:
        yield ProblemStatus(
            path=problem.path[:_LONGEST_REASON],
            severity=problem.severity,
            message=legible(problem.message)[:LONGEST_MESSAGE],
        )
