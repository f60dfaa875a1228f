"""
Whether an object is ours to write, and whether it needs it.
"""

from concordat.cluster.children import Child
from concordat.cluster.outcomes import Owner, Wanted
from concordat.errors import Conflict, Stalled, Waiting
from concordat.manifest import conventions


def is_in_place(found: Child, owner: Owner, wanted: Wanted, fingerprint: str | None) -> bool:
    """As we last wrote it, and nobody has taken a field of ours since."""
    return (
        found.applied_hash == wanted.digest
        and found.fingerprint == fingerprint
        and (found.owns_replicas or not wanted.states_replicas)
        and found.controller_uid == owner.uid
        and not found.paused
        and not found.deleting
    )


def ensure_ours(found: Child, owner: Owner) -> None:
    """Raises :exc:`Conflict` for a stranger, :exc:`Waiting` for what is about to go."""
    if found.deleting:
        raise Waiting(conventions.REASON_PROGRESSING, f"{found.key} is being deleted", retry_after=5)
    if found.controller_uid == owner.uid:
        return
    if (found.owner_kind, found.owner) == (owner.kind, owner.name):
        message = f"{found.key} still belongs to the former {owner.name} and is about to be deleted with it"
        raise Waiting(conventions.REASON_PROGRESSING, message, retry_after=2)
    if not found.controller_uid and found.fingerprint:
        return  # ours, but somebody removed the owner
    if found.adopt and found.paused:
        raise Stalled(
            conventions.REASON_PAUSED, f"{found.key} carries {conventions.ANNOTATION_PAUSED} and is not ours yet"
        )
    if found.adopt and not found.owner:
        return  # we are invited; the API server still refuses a second controller, in words that name the first
    raise Conflict(
        conventions.REASON_CONFLICT,
        f"{found.key} exists and is not ours: rename it or this {owner.kind}, or annotate it with "
        f'{conventions.ANNOTATION_ADOPT}: "true" to hand it over',
    )
