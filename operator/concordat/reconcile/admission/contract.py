"""
What is said to a person who publishes, changes or deletes a ServiceContract, before it is stored.

The gate's own decision, on the same document and the same consumers; comparing happens in a process of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from concordat.api import ServiceContract, State, parse_contract
from concordat.errors import InvalidInput, Rejected, Waiting
from concordat.gate import Case, decide, refusal
from concordat.reconcile.admission.request import Judgement, Question, listed
from concordat.reconcile.engine import Engine

MOST_NAMED = 5
LATER = "spec.document: a ConfigMap is read once this is stored; what becomes of it stands in the status"
"""To anybody who may not be the API server: whether a ConfigMap is there, and what is in it, is not for everybody."""


async def contract_judged(question: Question, engine: Engine) -> Judgement:
    """One question about a ServiceContract."""
    known = engine.contracts.named(question.namespace, question.name)
    informed = question.knows(known.uid if known else None)
    if question.after is None:
        return _deleted(question, engine) if informed else Judgement()
    try:
        contract = parse_contract(question.after)
    except InvalidInput as invalid:
        return Judgement(refusal=listed(f"{question.named} refused", map(str, invalid.problems)))
    before = _understood(question.before)
    if contract.paused:
        return Judgement()
    if contract.spec.document.inline is None and not question.believed:
        return Judgement(warnings=(LATER,))
    same = before is not None and (before.spec.document, before.spec.type) == (
        contract.spec.document,
        contract.spec.type,
    )
    try:
        case = await engine.foresight.foresee(contract, same_document=same, alone=not informed)
    except Waiting as waiting:
        return Judgement(warnings=(waiting.message,))
    except Rejected as rejected:
        return Judgement(refusal=listed(f"{question.named} refused", [rejected.message]))
    decision = decide(case)
    if not decision.accepted and not decision.waits:
        return Judgement(refusal=refusal(case, decision))
    told = refusal(case, decision).splitlines() if decision.forced or decision.waits else _dangers(case)
    return Judgement(warnings=(*told, *_shut_out(before, contract, case.users)))


def _deleted(question: Question, engine: Engine) -> Judgement:
    """Whoever relies on it would lose it, and with it what it promises."""
    contract = _understood(question.before)
    if contract is None or contract.spec.lifecycle.state is State.DRAFT:
        return Judgement()
    users = sorted(engine.foresight.usages(contract))
    if not users:
        return Judgement()
    said = f"cannot be deleted while {_named(users)} {'relies' if len(users) == 1 else 'rely'} on it"
    if contract.break_glass:
        return Judgement(warnings=(f"{contract.reference} {said}; let through: {contract.break_glass}",))
    remedy = "deprecate it with a sunset and a successor, and delete it when they are gone"
    if contract.spec.external_consumers:
        remedy += "; who is gone already leaves spec.externalConsumers first"
    return Judgement(
        refusal=f"ServiceContract {contract.reference} {contract.spec.version} refused: {said}.\n fix: {remedy}."
        f" Who they are: concordat contract consumers {contract.reference}"
    )


def _dangers(case: Case) -> list[str]:
    """What is no break and still worth a second look."""
    return [f"{change.id} {change.location}: {change.message}" for change in case.assessment.warnings]


def _shut_out(before: ServiceContract | None, after: ServiceContract, users: Sequence[str]) -> Iterator[str]:
    """Consent that is taken back closes the policies at once."""
    if before is None:
        return
    for namespace in set(before.spec.access.namespaces) - set(after.spec.access.namespaces) - {after.namespace}:
        cut_off = [user for user in users if user.startswith(f"{namespace}/")]
        if cut_off:
            yield f"spec.access.namespaces: {namespace} is taken out, so {_named(cut_off)} can no longer reach it"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"


def _understood(manifest: Mapping[str, Any] | None) -> ServiceContract | None:
    try:
        return parse_contract(manifest) if manifest is not None else None
    except InvalidInput:
        return None
