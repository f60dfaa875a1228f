"""
A refusal in words: kubectl shows only text, so it has to say all of it on a screen.
"""

from collections.abc import Iterator, Sequence

from concordat.gate.decision import Case, Decision, Objection
from concordat.gate.question import Change
from concordat_contracts.legible import legible

MOST_LINES = 10
"""Findings told; the command in the last line shows the rest."""


def refusal(case: Case, decision: Decision) -> str:
    """
    Why a version is refused, and what to do.

        ServiceContract payments/payments-api 1.4.0 -> 1.5.0 refused: 2 breaking changes need 2.0.0.
         1. response-property-removed POST /payments 201 $.state, read by shop/orders
         fix: keep what breaks, or publish payments-api-v2 ... Details: concordat contract diff payments/payments-api -f new.yaml

    Empty for what is not refused.
    """
    if decision.accepted and not decision.forced:
        return ""
    contract, before = case.contract, case.in_force.version
    step = contract.spec.version if before in ("", contract.spec.version) else f"{before} -> {contract.spec.version}"
    said = "; ".join(dict.fromkeys(_sentence(objection) for objection in decision.objections))
    outcome = "let through by break-glass" if decision.forced else "waits" if decision.waits else "refused"
    lines = [f"ServiceContract {contract.reference} {step} {outcome}: {said}."]
    changes = _in_order(decision.objections)
    everybody = len(case.users)
    lines += [f" {number}. {_line(change, everybody)}" for number, change in enumerate(changes[:MOST_LINES], start=1)]
    if len(changes) > MOST_LINES:
        lines.append(f" and {len(changes) - MOST_LINES} more")
    remedies = list(dict.fromkeys(objection.remedy for objection in decision.objections if objection.remedy))
    if remedies:
        compared = any(objection.problem.path == "spec.document" for objection in decision.objections)
        details = f"concordat contract {'diff' if compared else 'consumers'} {contract.reference}{' -f FILE' if compared else ''}"
        lines.append(f" fix: {'; '.join(remedies)}. Details: {details}")
    return "\n".join(lines)


def _sentence(objection: Objection) -> str:
    return legible(objection.problem.message if objection.changes else objection.problem)


def _in_order(objections: Sequence[Objection]) -> list[Change]:
    """Each once; what touches a running consumer first."""
    found = {(change.id, change.location, change.message): change for each in objections for change in each.changes}
    return sorted(found.values(), key=lambda change: not change.consumers)


def _line(change: Change, everybody: int) -> str:
    return legible(f"{change.id} {change.location}, {', '.join(_touched(change, everybody))}")


def _touched(change: Change, everybody: int) -> Iterator[str]:
    if change.undecided:
        yield "which cannot be decided and counts as a break"
    if change.consumers:
        shown = ", ".join(change.consumers[:5])
        rest = len(change.consumers) + change.more_consumers - 5
        yield f"used by {shown}" + (f" and {rest} more" if rest > 0 else "")
    else:
        yield f"used by 0 of {everybody} consumers" if everybody else "used by nobody here"
