"""The status of a ServiceContract: what binds, and why the version in its spec does or does not."""

from collections.abc import Iterator
from dataclasses import dataclass

from concordat.api import (
    AcceptedAuth,
    AcceptedVersion,
    ConsumerStatus,
    ProblemStatus,
    ServiceContract,
    ServiceContractStatus,
    State,
)
from concordat.api.condition import transition
from concordat.api.contract_status import MOST_CONSENTS, MOST_CONSUMERS, MOST_OPERATIONS, MOST_VERSIONS, Consent
from concordat.errors import Problem
from concordat.gate import Case, Decision, refusal
from concordat.gate.decision import Aspect
from concordat.manifest import ChildKey, conventions
from concordat.reconcile.status import size
from concordat.reconcile.status.child import ChildOutcome, told
from concordat.reconcile.status.finding import LONGEST_MESSAGE, MOST_PROBLEMS, Finding, at
from concordat_contracts.conformance.verdict import Verdict
from concordat_contracts.legible import legible

_MOST_WARNINGS = 20
_ASPECTS: tuple[Aspect, ...] = ("Valid", "Compatible", "ConsumersSafe")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What was seen of a contract in one pass."""

    generation: int
    contract: ServiceContract | None = None
    paused: bool = False
    problems: tuple[Problem, ...] = ()
    """Why nothing could be judged: the spec or its document is not there or not understood."""
    reason: str = conventions.REASON_INVALID
    """Of those problems."""
    case: Case | None = None
    decision: Decision | None = None
    tried: Verdict | None = None
    """What the latest trial of the running service found; ``None`` when there was none since the operator started."""
    built: tuple[ChildOutcome, ...] | None = None
    """What became of its children; ``None`` when nobody looked: then they are as they were."""
    left_out: tuple[Problem, ...] = ()
    """What is not built for it, and why."""
    consents: tuple[Consent, ...] | None = None
    """Whose use of it counts from now on; ``None`` while the spec is not understood: then it is as it was."""
    kept: AcceptedVersion | None = None
    """The version that comes into force, once it is stored."""
    versions: tuple[AcceptedVersion, ...] | None = None
    """Those accepted before, as they are kept now; ``None`` when nobody looked: then they are as they were."""
    stores: tuple[Problem, ...] = ()
    """What is wrong with where accepted versions are kept."""


def report_contract(before: ServiceContractStatus, seen: Judgement, *, now: str) -> ServiceContractStatus:
    """``now``, RFC 3339, becomes the transition time of conditions whose status differs from ``before``."""
    judged = _as_let_through(before, seen) or (_ready(seen), *(_aspect(seen, aspect) for aspect in _ASPECTS))
    findings = (*judged, *_tried(seen))
    earlier = (one for one in before.conditions if one.type == conventions.CONFORMANT and seen.tried is None)
    accepted = seen.decision is not None and (seen.decision.accepted or seen.decision.waits)
    lifecycle = seen.contract.spec.lifecycle if accepted and seen.contract else None
    earlier_versions = before.versions if seen.versions is None else seen.versions
    versions = (*earlier_versions, seen.kept)[-MOST_VERSIONS:] if seen.kept else earlier_versions
    operations = _operations(seen)
    consumers = _consumers(seen)
    return ServiceContractStatus(
        observed_generation=seen.generation,
        conditions=transition(
            before.conditions,
            size.conditions((*(at(finding, seen.generation, now) for finding in findings), *earlier)),
        ),
        version=versions[-1].version if versions else "",
        state=lifecycle.state.value if lifecycle else before.state,
        sunset=(lifecycle.sunset or "") if lifecycle else before.sunset,
        **_auth(before, seen),
        versions=versions,
        operations=before.operations if operations is None else operations,
        consumers=before.consumers if consumers is None else size.consumers(consumers, most=MOST_CONSUMERS),
        consumer_count=before.consumer_count if consumers is None else len(consumers),
        consents=before.consents if seen.consents is None else seen.consents[:MOST_CONSENTS],
        children=before.children
        if seen.built is None
        else size.children([told(child) for child in sorted(seen.built, key=_by_key)]),
        problems=size.problems(tuple(_problems(seen)), most=MOST_PROBLEMS),
    )


def _by_key(child: ChildOutcome) -> ChildKey:
    return child.key


def _as_let_through(before: ServiceContractStatus, seen: Judgement) -> tuple[Finding, ...]:
    """What a broken glass let through stays told as long as the glass is broken: once in force, nothing objects any more."""
    ready = next((one for one in before.conditions if one.type == conventions.READY), None)
    told = ready is not None and ready.reason == conventions.REASON_BREAK_GLASS
    if not (told and seen.contract and seen.contract.break_glass and seen.decision and seen.decision.accepted):
        return ()
    if seen.decision.objections or before.version != seen.contract.spec.version:
        return ()
    state = {"True": True, "False": False}
    return tuple(
        Finding(type=one.type, status=state.get(one.status), reason=one.reason, message=one.message)
        for one in before.conditions
        if one.type in (conventions.READY, *_ASPECTS)
    )


def _ready(seen: Judgement) -> Finding:
    kind = conventions.READY
    if seen.paused:
        message = f"hands off: remove the annotation {conventions.ANNOTATION_PAUSED} to go on"
        return Finding(type=kind, status=False, reason=conventions.REASON_PAUSED, message=message)
    if seen.case is None or seen.decision is None:
        return Finding(type=kind, status=False, reason=seen.reason, message="; ".join(map(str, seen.problems)))
    said = refusal(seen.case, seen.decision)
    if not seen.decision.accepted:
        return Finding(type=kind, status=False, reason=seen.decision.objections[0].reason, message=said)
    reason = conventions.REASON_BREAK_GLASS if seen.decision.forced else conventions.REASON_ACCEPTED
    return Finding(type=kind, status=True, reason=reason, message=said)


def _aspect(seen: Judgement, aspect: Aspect) -> Finding:
    if seen.decision is None or seen.case is None:
        if aspect == conventions.VALID and not seen.paused:
            message = "; ".join(map(str, seen.problems))
            return Finding(type=aspect, status=False, reason=seen.reason, message=message)
        return Finding(type=aspect, status=None, reason=conventions.REASON_PAUSED if seen.paused else seen.reason)
    found = seen.decision.about(aspect)
    if found:
        message = "; ".join(str(objection.problem) for objection in found)
        return Finding(type=aspect, status=False, reason=found[0].reason, message=message)
    if aspect != conventions.VALID and seen.decision.about("Valid"):
        return Finding(type=aspect, status=None, reason=conventions.REASON_INVALID_DOCUMENT)
    return Finding(type=aspect, status=True, reason=_why(seen.case, aspect))


def _tried(seen: Judgement) -> Iterator[Finding]:
    """Whether the running service does what the contract says."""
    verdict = seen.tried
    if verdict is None:
        return
    of = f"{verdict.version}: " if verdict.version else ""
    kind = conventions.CONFORMANT
    if verdict.conformant is None:
        yield Finding(type=kind, status=None, reason=conventions.REASON_TRIAL_FAILED, message=of + verdict.summary)
    elif verdict.conformant:
        yield Finding(type=kind, status=True, reason=conventions.REASON_CONFORMS, message=of + verdict.summary)
    else:
        again = f"\n again: {verdict.breaches[0].reproducer}" if verdict.breaches else ""
        message = of + verdict.summary + again
        yield Finding(type=kind, status=False, reason=conventions.REASON_BREACH_FOUND, message=message)


def _why(case: Case, aspect: Aspect) -> str:
    if not case.binds:
        return conventions.REASON_DRAFT
    if aspect == conventions.COMPATIBLE and {version for version, _ in case.in_force.versions} <= {
        case.contract.spec.version
    }:
        return conventions.REASON_FIRST_VERSION
    if aspect == conventions.CONSUMERS_SAFE and not case.users:
        return conventions.REASON_NO_CONSUMERS
    return conventions.REASON_ACCEPTED


def _operations(seen: Judgement) -> tuple[str, ...] | None:
    if seen.case is None or seen.decision is None or not seen.case.assessment.operations:
        return None
    if not (seen.decision.accepted or seen.decision.waits):
        return None
    return size.operations(seen.case.assessment.operations, most=MOST_OPERATIONS)


def _auth(before: ServiceContractStatus, seen: Judgement) -> dict[str, AcceptedAuth]:
    """What is demanded from now on; what no longer is stays known, because those who run still ask for it."""
    accepted = before.auth
    if seen.case is not None and seen.decision is not None and seen.decision.accepted and seen.case.binds:
        accepted = seen.case.auth or (before.auth and before.auth.model_copy(update={"withdrawn": True}))
    return {} if accepted is None else {"auth": accepted}


def _consumers(seen: Judgement) -> tuple[ConsumerStatus, ...] | None:
    if seen.decision is None:
        return None
    return tuple(ConsumerStatus(name=name, verdict=verdict) for name, verdict in seen.decision.verdicts)


def _problems(seen: Judgement) -> Iterator[ProblemStatus]:
    yield from (_told(problem, problem.severity) for problem in seen.problems)
    yield from (_told(problem, problem.severity) for problem in seen.left_out)
    yield from (_told(problem, problem.severity) for problem in seen.stores)
    for child in seen.built or ():
        if child.reason:
            yield _told(Problem(path="", message=child.message), "warning" if child.waiting else "error")
    if seen.decision is None or seen.case is None:
        return
    severity = "warning" if seen.decision.forced else "error"
    yield from (_told(objection.problem, severity) for objection in seen.decision.objections)
    named = len(size.operations(seen.case.assessment.operations, most=MOST_OPERATIONS))
    if named < len(seen.case.assessment.operations):
        yield _told(
            Problem(
                path="status.operations",
                message=f"names {named} operations of {len(seen.case.assessment.operations)}: more have no room in a status",
            ),
            "warning",
        )
    for change in seen.case.assessment.warnings[:_MOST_WARNINGS] if seen.case.is_new else ():
        yield _told(
            Problem(path="spec.document", message=f"{change.id} {change.location}: {change.message}"), "warning"
        )
    state = seen.case.contract.spec.lifecycle.state
    if state is State.RETIRED and not seen.decision.accepted:
        yield _told(Problem(path="spec.lifecycle.state", message="stays in force until nobody relies on it"), "warning")


def _told(problem: Problem, severity: str) -> ProblemStatus:
    return ProblemStatus(
        path=problem.path[:1024], severity=severity, message=legible(problem.message)[:LONGEST_MESSAGE]
    )
