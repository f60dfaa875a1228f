"""
What is said to a person who writes one of our resources, before it is stored.

Early feedback, from the same policies and caches the reconciler decides by later: what it would certainly refuse is
refused at once, what it would only leave out or wait for is a warning. The reconciler is the authority; nothing relies
on having been asked here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat.api import Microservice, parse
from concordat.errors import InvalidInput
from concordat.facts import Facts
from concordat.manifest import conventions
from concordat.plan.consequences import Severity, consequences
from concordat.plan.service import Plan, plan
from concordat.reconcile.admission.contract import contract_judged
from concordat.reconcile.admission.request import Judgement, Question, listed
from concordat.reconcile.engine import Engine
from concordat.world.gather import consumers_of, gather
from concordat.world.keys import Key

CLEANERS = frozenset(
    {
        "system:kube-controller-manager",
        "system:serviceaccount:kube-system:namespace-controller",
        "system:serviceaccount:kube-system:generic-garbage-collector",
    }
)
"""Who deletes what is in a namespace that goes: to refuse them would leave it ending for ever."""
MENDED_ELSEWHERE = frozenset({conventions.REASON_CONTRACT_REFUSED})
CONTRACT_REASONS = MENDED_ELSEWHERE | {
    conventions.REASON_CONTRACT_IN_USE,
    conventions.REASON_CONTRACT_RETIRED,
    conventions.REASON_OPERATION_UNKNOWN,
    conventions.REASON_SCOPE_MISSING,
    conventions.REASON_TOKENS_MIXED,
    conventions.REASON_TOKEN_MISSING,
    conventions.REASON_VERSION_UNSATISFIED,
}
OF_ITSELF = frozenset(
    {
        conventions.REASON_INVALID,
        conventions.REASON_EGRESS_FORBIDDEN,
        conventions.REASON_OBJECTIVE_UNMEASURABLE,
    }
)
"""Reasons that follow from a Microservice alone, whoever else is there."""
MOST_NAMED = 5


class Admission:
    """Answers from the engine's caches."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def judge(self, question: Question) -> Judgement:
        """One question."""
        if question.changes_nothing or question.user in CLEANERS:
            return Judgement()
        if question.kind == conventions.MICROSERVICE:
            return await self._service(question)
        if question.kind == conventions.SERVICE_CONTRACT:
            return await contract_judged(question, self._engine)
        return Judgement()

    async def _service(self, question: Question) -> Judgement:
        before = _understood(question.before)
        known = self._engine.parents.find(Key(conventions.MICROSERVICE, question.namespace, question.name))
        informed = question.knows(known.uid if known else None)
        if question.after is None:
            return Judgement(warnings=tuple(self._loses(before)) if before and informed else ())
        try:
            after = parse(question.after)
        except InvalidInput as invalid:
            return Judgement(refusal=listed(f"{question.named} refused", map(str, invalid.problems)))
        if not informed:
            return self._alone(question, after)
        planned = await self._plan(after)
        waiting = self._waiting(after)
        certain = [str(found.problem) for found in planned.violations if found.reason not in waiting]
        merely = (found for found in planned.violations if found.reason in waiting)
        notices = tuple(str(found.problem) for found in (*merely, *planned.notices))
        if certain:
            return Judgement(refusal=listed(f"{question.named} refused", certain), warnings=notices)
        disruptions = tuple(_disruptions(await self._plan(before), planned)) if before else ()
        return Judgement(warnings=(*disruptions, *notices))

    def _alone(self, question: Question, service: Microservice) -> Judgement:
        """By its own words, as if nobody else were there: who asks may be anybody, and learns nothing of others."""
        facts = Facts(platform=self._engine.settings.platform, installed=self._engine.installed)
        found = [str(one.problem) for one in plan(service, facts).violations if one.reason in OF_ITSELF]
        return Judgement(refusal=listed(f"{question.named} refused", found) if found else "")

    async def _plan(self, service: Microservice) -> Plan:
        engine = self._engine
        parent = engine.parents.find(Key(conventions.MICROSERVICE, service.namespace, service.name))
        facts = gather(
            service,
            engine.neighbours,
            platform=engine.settings.platform,
            installed=engine.installed,
            missing=await engine.foresight.missing(service),
            provided_before=parent.status.provides if parent else (),
        )
        return plan(service, facts)

    def _waiting(self, service: Microservice) -> frozenset[str]:
        """
        Reasons that somebody else's next step may end: a contract that is refused may be mended in the same breath, and one that
        was edited just now is not decided yet.
        """
        return CONTRACT_REASONS if self._engine.foresight.undecided(service) else MENDED_ELSEWHERE

    def _loses(self, service: Microservice) -> Iterator[str]:
        consumers = consumers_of(service, self._engine.neighbours)
        names = sorted({f"{consumer.namespace}/{consumer.name}" for consumer in consumers})
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            yield f"{service.reference} is consumed by {', '.join(names[:MOST_NAMED])}{more}: they lose it"


def _disruptions(before: Plan, after: Plan) -> Iterator[str]:
    """Who is cut off, and what restarts at once."""
    for change in consequences(before.children, after.children):
        for consequence in change.consequences:
            if consequence.severity is Severity.DISRUPTION:
                yield f"{change.child}: {consequence.text}"


def _understood(manifest: Mapping[str, Any] | None) -> Microservice | None:
    try:
        return parse(manifest) if manifest is not None else None
    except InvalidInput:
        return None
