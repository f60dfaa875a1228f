"""
What the passes of every resource of ours have in common: how its children are remembered, and what is told of them.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from concordat.cluster.children import Child, Children
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.outcomes import Known, Owner, Settled
from concordat.errors import ConcordatError, Conflict, Stalled, Waiting
from concordat.manifest import ChildKey, PlannedChild, conventions, object_name
from concordat.reconcile.outcome import LOOK_AGAIN_AT_REFUSAL, Outcome
from concordat.reconcile.status import ChildOutcome
from concordat.resources import kinds
from concordat.world.keys import Key

logger = logging.getLogger(__name__)

LOOK_AGAIN_AT_STRANGER = 30.0
"""Seconds. An object that is not ours is not watched: only asking tells that it is gone or offered to us."""


class Holder(Protocol):
    """Whoever has children: a Microservice or a ServiceContract, as it is known."""

    key: Key
    uid: str
    fingerprints: dict[ChildKey, str]
    refused: dict[ChildKey, tuple[str, str]]


def owner(holder: Holder) -> Owner:
    """As its children name it."""
    return Owner(kind=holder.key.kind, namespace=holder.key.namespace, name=holder.key.name, uid=holder.uid)


def stands_for(deployment: Child, holder: Holder) -> bool:
    """
    Whether it is the Deployment of a Microservice: of its name, and controlled by this very one.

    Anybody in the namespace may write a Deployment that merely names it as its owner; such a one stands for nobody.
    """
    return deployment.name == object_name(holder.key.name) and deployment.controller_uid == holder.uid


def deployment_of(children: Children, holder: Holder) -> Child | None:
    """The Deployment of a Microservice, where there is one."""
    found = children.find(kinds.DEPLOYMENT, holder.key.namespace, object_name(holder.key.name))
    return found if found is not None and stands_for(found, holder) else None


def remembered(holder: Holder) -> Known:
    """What is remembered of its children."""
    return Known(fingerprints=holder.fingerprints, refused=holder.refused)


def remember(holder: Holder, planned: Iterable[PlannedChild], settled: Iterable[Settled]) -> None:
    """For the next pass."""
    wanted = {child.key for child in planned}
    for outcome in settled:
        if outcome.key not in wanted:
            holder.fingerprints.pop(outcome.key, None)
        elif outcome.error is None:
            holder.fingerprints[outcome.key] = outcome.fingerprint
            holder.refused.pop(outcome.key, None)
        elif outcome.refused:
            holder.refused[outcome.key] = (outcome.refused, str(outcome.error))
    written = [str(outcome.key) for outcome in settled if outcome.written]
    if written:
        logger.info("%s: wrote %s", holder.key, ", ".join(written))


def outcomes(
    settled: Iterable[Settled], current: Mapping[ChildKey, Child], fingerprints: Mapping[ChildKey, str]
) -> Iterable[ChildOutcome]:
    """Of what was planned now; of what exists from before, where nothing could be planned."""
    found = list(settled)
    if not found:
        for key, child in current.items():
            yield ChildOutcome(key=key, fingerprint=fingerprints.get(key, child.fingerprint))
        return
    for outcome in found:
        if outcome.error is not None:
            reason, message, waiting = _in_words(outcome.error)
            yield ChildOutcome(
                key=outcome.key, fingerprint=outcome.fingerprint, reason=reason, message=message, waiting=waiting
            )
        elif outcome.paused:
            message = f"{outcome.key} carries {conventions.ANNOTATION_PAUSED}: hands off"
            yield ChildOutcome(
                key=outcome.key, fingerprint=outcome.fingerprint, reason=conventions.REASON_PAUSED, message=message
            )
        elif outcome.fingerprint:
            yield ChildOutcome(key=outcome.key, fingerprint=outcome.fingerprint)


def _in_words(error: ConcordatError) -> tuple[str, str, bool]:
    if isinstance(error, Stalled):
        return error.reason, error.message, False
    if isinstance(error, Waiting):
        return error.reason, error.message, True
    if isinstance(error, ApiError):
        return conventions.REASON_PROGRESSING, error.message, True
    return conventions.REASON_REJECTED, str(error), False


def what_is_left(settled: Iterable[Settled]) -> Outcome:
    """To do, after these."""
    errors = [outcome for outcome in settled if outcome.error is not None]
    if not errors:
        return Outcome()
    passing = [outcome.error for outcome in errors if isinstance(outcome.error, ApiError | Waiting)]
    if passing:
        failed = any(isinstance(error, ApiError) for error in passing)
        again_after = max(error.retry_after for error in passing)
        return Outcome(result="error" if failed else "requeue", retry=True, again_after=again_after)
    if any(isinstance(outcome.error, Conflict) for outcome in errors):
        return Outcome(result="requeue_after", again_after=LOOK_AGAIN_AT_STRANGER)
    if any(not outcome.refused for outcome in errors):
        return Outcome(result="requeue_after", again_after=LOOK_AGAIN_AT_REFUSAL)
    return Outcome(result="requeue_after")
