"""
The writes that bring the children of one resource of ours to their planned state, and no write more.

A child that exists as we last wrote it costs nothing. A new one costs a POST, a changed one an apply; once in the life
of a POST-born child one JSON patch comes before. Nothing that is not ours is ever overwritten.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from concordat.cluster.adoption import ensure_ours, is_in_place
from concordat.cluster.children import Child, Children, ChildStore
from concordat.cluster.connection.client import Cluster
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.outcomes import Known, Owner, Settled, Wanted
from concordat.cluster.ownership import drop_before_first_apply, relinquish, turn_into_apply
from concordat.errors import ConcordatError, Conflict, Rejected, Stalled, Waiting
from concordat.manifest import ChildKey, Manifest, Object, PlannedChild, conventions


class Apply:
    """Brings children to their planned state."""

    def __init__(self, cluster: Cluster, children: Children) -> None:
        self._cluster = cluster
        self._children = children

    async def settle(self, owner: Owner, planned: Iterable[PlannedChild], known: Known) -> list[Settled]:
        """
        Every planned child, wave by wave, concurrently inside a wave.

        A guard that cannot be written holds back the waves behind it: no pod without its policy. What points at a child
        is written only while that child is ours; where it is a stranger's, what points at it is taken back.
        """
        outcomes: list[Settled] = []
        unguarded: Settled | None = None
        settled_kinds: dict[str, Settled] = {}
        waves = groupby(sorted(planned, key=lambda child: child.kind.wave), key=lambda child: child.kind.wave)
        for _, wave in waves:
            if unguarded is not None:
                outcomes += [_held_back(child, unguarded) for child in wave]
                continue
            together = list(wave)
            settled = await asyncio.gather(
                *(
                    self._settle(owner, child, known)
                    if self._may_act(owner, settled_kinds.get(child.kind.points_at))
                    else self._keep_off(owner, child, settled_kinds[child.kind.points_at])
                    for child in together
                )
            )
            settled_kinds |= {each.key.kind: each for each in settled}
            unguarded = next((s for c, s in zip(together, settled, strict=True) if c.kind.guard and s.error), None)
            outcomes += settled
        return outcomes

    def in_place(
        self,
        owner: Owner,
        wanted: Mapping[ChildKey, Wanted],
        known: Known,
        *,
        existing: Collection[ChildKey],
    ) -> list[Settled] | None:
        """The same answer as :meth:`settle`, if there is nothing to write, nor any ``existing`` child to delete; else ``None``."""
        if not wanted.keys() >= set(existing):
            return None
        settled = []
        for key, child in wanted.items():
            found = self._children.find(child.kind, owner.namespace, key.name)
            if found is None or not is_in_place(found, owner, child, known.fingerprints.get(key)):
                return None
            settled.append(Settled(key=key, fingerprint=found.fingerprint))
        return settled

    def missing(self, owner: Owner, planned: Iterable[PlannedChild]) -> set[ChildKey]:
        """Planned children that do not exist, as far as we know."""
        return {child.key for child in planned if self._children.find(child.kind, owner.namespace, child.name) is None}

    async def prune(self, owner: Owner, superfluous: Iterable[Child]) -> list[Settled]:
        """Delete children that are no longer planned; these very objects, not what may have come after them."""
        return list(await asyncio.gather(*(self._delete(child) for child in superfluous)))

    # --- one child ----------------------------------------------------------------------------------------------------

    async def _settle(self, owner: Owner, child: PlannedChild, known: Known) -> Settled:
        key = child.key
        desired = child.digest
        attempt = ""
        try:
            store = self._store(owner, child)
            found = store.find(owner.namespace, child.name)
            attempt = f"{desired} {found.uid if found else ''}"
            refused, refusal = known.refused.get(key, ("", ""))
            if refused == attempt:
                error = Rejected(conventions.REASON_REJECTED, refusal)
                return Settled(key=key, fingerprint=known.fingerprints.get(key, ""), error=error, refused=attempt)
            if found is None:
                return await self._create(store, owner, child, desired)
            ensure_ours(found, owner)
            if found.paused:
                return Settled(key=key, fingerprint=known.fingerprints.get(key, found.fingerprint), paused=True)
            if is_in_place(found, owner, Wanted.of(child), known.fingerprints.get(key)):
                return Settled(key=key, fingerprint=found.fingerprint)
            drifted = found.fingerprint != known.fingerprints.get(key)
            return await self._change(store, child, found, desired, drifted=drifted)
        except ApiError as error:
            return Settled(
                key=key,
                fingerprint=known.fingerprints.get(key, ""),
                error=_meaning(error, child),
                refused=attempt if error.invalid else "",
            )
        except ConcordatError as error:
            return Settled(
                key=key,
                fingerprint=known.fingerprints.get(key, ""),
                error=error,
            )

    def _may_act(self, owner: Owner, on: Settled | None) -> bool:
        """Whether the sibling it points at is ours: settled, or refused a change as an object of ours."""
        if on is None or on.error is None:
            return True
        return any(
            found.key == on.key and found.controller_uid == owner.uid
            for found in self._children.owned_by(owner.kind, owner.namespace, owner.name).values()
        )

    async def _keep_off(self, owner: Owner, child: PlannedChild, behind: Settled) -> Settled:
        """Not written. Deleted as well where the object it points at is known to be somebody else's."""
        if not isinstance(behind.error, Stalled) or behind.error.reason == conventions.REASON_FORBIDDEN:
            # It could not be read, or the API server failed: nothing says whose it is.
            message = f"{child.key} waits until {behind.key} is known to be ours"
            return Settled(key=child.key, error=Waiting(conventions.REASON_PROGRESSING, message, retry_after=1))
        found = self._children.find(child.kind, owner.namespace, child.name)
        message = f"{child.key} is not written, because it would act on {behind.key}, which is not ours"
        if found is not None and found.controller_uid == owner.uid:
            deleted = await self._delete(found)
            if deleted.paused:
                message = f"{child.key} carries {conventions.ANNOTATION_PAUSED} and acts on {behind.key}, which is not ours: delete it"
            elif deleted.error is not None:
                return deleted
        return Settled(key=child.key, error=Conflict(conventions.REASON_CONFLICT, message))

    def _store(self, owner: Owner, child: PlannedChild) -> ChildStore:
        store = self._children.store(child.kind, owner.namespace)
        if store is None:
            raise Waiting(conventions.REASON_API_NOT_INSTALLED, f"{child.kind} is not served yet", retry_after=5)
        if store.refusal:  # writing without seeing would overwrite what is not ours
            raise Stalled(conventions.REASON_FORBIDDEN, f"cannot read {child.kind.plural}: {store.refusal}")
        return store

    async def _create(self, store: ChildStore, owner: Owner, child: PlannedChild, desired: str) -> Settled:
        manifest = _stamped(child.newborn, desired)
        try:
            if child.kind.born_by_apply:
                answer = await self._cluster.apply(child.kind, _only_new(manifest), force=False)
            else:
                answer = await self._cluster.create(child.kind, manifest)
        except ApiError as error:
            if not (error.already_exists or error.conflicting):
                raise
            return await self._take_over(store, owner, child, desired)
        return _written(child, store.record(answer))

    async def _take_over(self, store: ChildStore, owner: Owner, child: PlannedChild, desired: str) -> Settled:
        """The name is taken: by a child the watch has not shown yet, by one that lost its labels, or by a stranger."""
        found = store.take(await self._cluster.read(child.kind, owner.namespace, child.name))
        ensure_ours(found, owner)
        if found.paused:
            return Settled(key=child.key, fingerprint=found.fingerprint, paused=True)
        try:
            return await self._change(store, child, found, desired, drifted=True)
        except ApiError as error:  # not remembered: no watch would tell that the obstacle is gone
            raise _meaning(error, child) from error

    async def _change(
        self, store: ChildStore, child: PlannedChild, found: Child, desired: str, *, drifted: bool
    ) -> Settled:
        if found.owned.born_by_post:
            found = await self._turn_into_apply(store, child, found)
        # The uid makes it this very object: neither a successor of the same name nor a new one (409).
        manifest = _stamped(child.manifest, desired, uid=found.uid)
        handing_over = bool(child.relinquished) and found.owns_replicas
        answer = await self._keeping_replicas(child, found, manifest) if handing_over and not drifted else None
        if answer is None:
            if handing_over:
                await self._relinquish(store, child, found)
            answer = await self._cluster.apply(child.kind, manifest, force=True)
        superseded = drop_before_first_apply(answer["metadata"])
        if superseded:
            answer = await self._patch(child, found, superseded)
        return _written(child, store.record(answer))

    async def _turn_into_apply(self, store: ChildStore, child: PlannedChild, found: Child) -> Child:
        """Only once, and only if our picture of ``managedFields`` still holds; else look and try again."""
        try:
            answer = await self._patch(child, found, turn_into_apply(found.owned))
        except Waiting:
            found = store.take(await self._cluster.read(child.kind, found.namespace, found.name))
            if not found.owned.born_by_post:
                return found
            answer = await self._patch(child, found, turn_into_apply(found.owned))
        return store.take(answer)

    async def _keeping_replicas(self, child: PlannedChild, found: Child, manifest: Manifest) -> Object | None:
        """
        What is the autoscaler's is ours until it first writes it, and an apply that drops it would reset it.

        So it is stated once more as it is, but without force: ``None`` if somebody took it, or another field, meanwhile.
        """
        if found.workload is None:
            return None
        kept = {**manifest, "spec": {**manifest["spec"], "replicas": found.workload.replicas}}
        try:
            return await self._cluster.apply(child.kind, kept, force=False)
        except ApiError as error:
            if not error.conflicting:
                raise
            return None

    async def _relinquish(self, store: ChildStore, child: PlannedChild, found: Child) -> None:
        """Without resetting them: by taking them out of our entry. Looks again if our picture of it does not hold."""
        (replicas,) = child.relinquished
        try:
            await self._patch(child, found, relinquish(found.owned, replicas))
        except Waiting:
            found = store.take(await self._cluster.read(child.kind, found.namespace, found.name))
            if found.owns_replicas:
                await self._patch(child, found, relinquish(found.owned, replicas))

    async def _patch(self, child: PlannedChild, found: Child, operations: Sequence[Mapping[str, object]]) -> Object:
        try:
            return await self._cluster.patch(child.kind, found.namespace, found.name, operations)
        except ApiError as error:
            if not error.invalid:
                raise
            message = f"{child.key} was changed by somebody else meanwhile: {error.message}"
            raise Waiting(conventions.REASON_PROGRESSING, message, retry_after=0.1) from error

    async def _delete(self, child: Child) -> Settled:
        if child.paused:
            return Settled(key=child.key, fingerprint=child.fingerprint, paused=True)
        if child.deleting:
            return Settled(key=child.key)
        try:
            await self._cluster.delete(child.kind, child.namespace, child.name, uid=child.uid)
        except ApiError as error:
            if not (error.not_found or error.conflicting):
                return Settled(key=child.key, error=error)
        store = self._children.store(child.kind, child.namespace)
        if store is not None:
            store.forget(child)
        return Settled(key=child.key, written=True)


def _meaning(error: ApiError, child: PlannedChild) -> ConcordatError:
    if error.unauthorised_kind:
        return Stalled(conventions.REASON_FORBIDDEN, f"{child.key}: {error.message}")
    if error.namespace_ending:
        return error
    if error.forbidden or error.invalid:
        return Rejected(conventions.REASON_REJECTED, f"{child.key}: {error.message}")
    if error.conflicting or error.not_found:
        return Waiting(conventions.REASON_PROGRESSING, f"{child.key}: {error.message}", retry_after=0.1)
    return error


def _held_back(child: PlannedChild, behind: Settled) -> Settled:
    error = Waiting(conventions.REASON_PROGRESSING, f"{child.key} waits for {behind.key}", retry_after=1)
    return Settled(key=child.key, error=error)


def _written(child: PlannedChild, found: Child) -> Settled:
    return Settled(key=child.key, fingerprint=found.fingerprint, written=True)


def _stamped(manifest: Manifest, desired: str, *, uid: str = "") -> Manifest:
    """With the digest that tells the next reconcile that there is nothing to write."""
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), conventions.ANNOTATION_HASH: desired}
    identity = {"uid": uid} if uid else {}
    return {**manifest, "metadata": {**metadata, **identity, "annotations": annotations}}


def _only_new(manifest: Manifest) -> Manifest:
    """
    Refused with 409 if the object exists: without it, an apply would take over a stranger that happens to be equal.

    The API server compares the version only where there is something to compare with, and etcd's first revision is no
    object's version.
    """
    return {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": "1"}}
