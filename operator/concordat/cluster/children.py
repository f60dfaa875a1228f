"""
What exists, as far as it is ours: a slim record a child, one store a kind.

A store never goes back in time: neither a late answer to one of our own writes nor a late event replaces what is newer,
and neither brings back what has been deleted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any

from concordat.cluster.ownership import NOTHING, Ownership, ownership
from concordat.facts import ObservedChild, WorkloadState
from concordat.manifest import ChildKey, Kind, Object, conventions


@dataclass(frozen=True, kw_only=True, slots=True)
class Child(ObservedChild):
    """What we keep of an object."""

    kind: Kind
    namespace: str
    name: str
    owner_kind: str = ""
    """Of the resource of ours that controls it; empty when none does."""
    owner: str = ""
    """Its name."""
    controller_uid: str = ""
    """Whoever controls it, a Microservice or not."""
    owned: Ownership = NOTHING
    adopt: bool = False
    """A person allows us to take it over."""
    deleting: bool = False
    workload: WorkloadState | None = None
    consumes: str = ""
    """Of a Deployment: the annotation that says what its pods use of contracts."""

    @property
    def key(self) -> ChildKey:
        return ChildKey(kind=self.kind.kind, name=self.name)

    def means_the_same(self, other: "Child") -> bool:
        """Nothing differs that a reconcile could act upon or report."""
        return self.workload == other.workload and self.is_written_as(other)

    def is_written_as(self, other: "Child") -> bool:
        """Nothing differs that a reconcile could act upon; what it reports may."""
        return (
            self.uid == other.uid
            and self.applied_hash == other.applied_hash
            and self.fingerprint == other.fingerprint
            and self.owns_replicas == other.owns_replicas
            and self.paused == other.paused
            and self.controller_uid == other.controller_uid
            and self.adopt == other.adopt
            and self.deleting == other.deleting
        )


def child(kind: Kind, found: Object) -> Child:
    """
    The record of an object as the API server tells it; of a Deployment with its status.

    What the children of one owner have in common is one text in memory, not eleven.
    """
    metadata = found["metadata"]
    annotations = metadata.get("annotations")
    owned = ownership(metadata)
    controller = _controller(metadata)
    owner_kind = _of_ours(controller)
    return Child(
        kind=kind,
        namespace=intern(metadata.get("namespace") or ""),
        name=intern(metadata["name"]),
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        applied_hash=_text(annotations, conventions.ANNOTATION_HASH),
        fingerprint=owned.fingerprint,
        paused=_text(annotations, conventions.ANNOTATION_PAUSED) == "true",
        owns_replicas=owned.owns_replicas,
        owner_kind=owner_kind,
        owner=intern(_text(controller, "name")) if owner_kind else "",
        controller_uid=intern(_text(controller, "uid")),
        owned=owned,
        adopt=_text(annotations, conventions.ANNOTATION_ADOPT) == "true",
        deleting="deletionTimestamp" in metadata,
        workload=_workload(found) if "spec" in found else None,
        consumes=_text(annotations, conventions.ANNOTATION_CONSUMES),
    )


def _controller(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    for reference in metadata.get("ownerReferences") or ():
        if _map(reference).get("controller"):
            found: Mapping[str, Any] = reference
            return found
    return {}


def _of_ours(reference: Mapping[str, Any]) -> str:
    """Its kind, if it is a resource of ours."""
    if not str(reference.get("apiVersion")).startswith(f"{conventions.GROUP}/"):
        return ""
    return _OWNERS.get(str(reference.get("kind")), "")


_OWNERS = {kind: kind for kind in (conventions.MICROSERVICE, conventions.SERVICE_CONTRACT)}
"""Every child refers to the same two strings."""


_REVISION = "deployment.kubernetes.io/revision"
"""Kubernetes' own count of a Deployment's templates: scaling leaves it alone."""


def _workload(deployment: Object) -> WorkloadState:
    spec, status = _map(deployment.get("spec")), _map(deployment.get("status"))
    listed = status.get("conditions")
    conditions = {_text(one, "type"): one for one in map(_map, listed if isinstance(listed, list) else ())}
    progressing, failure = conditions.get("Progressing", {}), conditions.get("ReplicaFailure", {})
    metadata = deployment["metadata"]
    return WorkloadState(
        replicas=_count(spec, "replicas", 1),
        ready=_count(status, "readyReplicas"),
        updated=_count(status, "updatedReplicas"),
        available=_count(status, "availableReplicas"),
        total=_count(status, "replicas"),
        revision=_text(metadata.get("annotations"), _REVISION),
        generation=_count(metadata, "generation"),
        observed_generation=_count(status, "observedGeneration"),
        stuck=_text(progressing, "message") if progressing.get("status") == "False" else "",
        failure=_text(failure, "message") if failure.get("status") == "True" else "",
    )


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(inside: Any, name: str, otherwise: int = 0) -> int:
    """A count is never negative, whatever somebody wrote into a status."""
    value = _map(inside).get(name)
    return max(value, 0) if isinstance(value, int) else otherwise


def _text(inside: Any, name: str) -> str:
    value = _map(inside).get(name)
    return value if isinstance(value, str) else ""


Changed = Callable[[Child | None, Child | None], object]
"""Called with what was known before and what is known now, when the two do not mean the same."""


class ChildStore:
    """Every child of one kind, in one namespace or in all."""

    def __init__(self, kind: Kind, changed: Changed = lambda before, after: None) -> None:
        self.kind = kind
        self.refusal = ""
        """Why this kind cannot be read now, in words for people; empty when it can."""
        self._changed = changed
        self._children: dict[tuple[str, str], Child] = {}
        self._by_owner: dict[tuple[str, str, str], set[str]] = {}
        self._position = 0

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Child]:
        return iter(self._children.values())

    def find(self, namespace: str, name: str) -> Child | None:
        return self._children.get((namespace, name))

    def owned_by(self, kind: str, namespace: str, owner: str) -> Iterator[Child]:
        """Children that ``owner``, of this kind, controls."""
        for name in self._by_owner.get((kind, namespace, owner), ()):
            yield self._children[namespace, name]

    # --- the watch ----------------------------------------------------------------------------------------------------

    def take(self, item: Object) -> Child:
        """The record of an object; it is not kept."""
        return child(self.kind, item)

    def replace(self, items: Iterable[Child], resource_version: str) -> None:
        """A LIST says what exists; what it does not hold is gone, unless it was written after."""
        position = int(resource_version)
        listed = {(found.namespace, found.name): found for found in items}
        history_restored = position < self._position
        self._position = position
        for place, before in list(self._children.items()):
            if history_restored or (place not in listed and int(before.resource_version) <= position):
                self._remove(before)
                if place not in listed:
                    self._changed(before, None)
        for found in listed.values():
            self._observe(found)

    def observe(self, event: str, item: Object) -> None:
        """One event of a watch."""
        found = child(self.kind, item)
        self._position = max(self._position, int(found.resource_version))
        if event != "DELETED":
            self._observe(found)
            return
        before = self._children.get((found.namespace, found.name))
        if before is None or before.uid != found.uid or int(before.resource_version) > int(found.resource_version):
            return
        self._remove(before)
        self._changed(before, None)

    def knows(self, namespace: str, name: str, resource_version: str) -> bool:
        """Whether an object is cached in this very version."""
        found = self._children.get((namespace, name))
        return found is not None and found.resource_version == resource_version

    def _observe(self, found: Child) -> None:
        before = self._children.get((found.namespace, found.name))
        if before is not None and int(before.resource_version) >= int(found.resource_version):
            return
        self._put(before, found)
        if before is None or not before.means_the_same(found):
            self._changed(before, found)

    # --- our own writes -----------------------------------------------------------------------------------------------

    def record(self, item: Object) -> Child:
        """The answer to a request of ours, so that the next reconcile knows it before the watch does."""
        found = child(self.kind, item)
        before = self._children.get((found.namespace, found.name))
        if before is not None and int(before.resource_version) > int(found.resource_version):
            return found
        if before is None and int(found.resource_version) <= self._position:
            return found  # the watch is past this version and does not know the object: it has been deleted
        self._put(before, found)
        return found

    def forget(self, gone: Child) -> None:
        """We deleted it, or were told that it does not exist."""
        before = self._children.get((gone.namespace, gone.name))
        if before is not None and before.uid == gone.uid:
            self._remove(before)

    # --- the index ----------------------------------------------------------------------------------------------------

    def _put(self, before: Child | None, found: Child) -> None:
        self._children[found.namespace, found.name] = found
        if before is not None and (before.owner_kind, before.owner) == (found.owner_kind, found.owner):
            return
        if before is not None:
            self._unlink(before)
        if found.owner:
            self._by_owner.setdefault((found.owner_kind, found.namespace, found.owner), set()).add(found.name)

    def _remove(self, before: Child) -> None:
        del self._children[before.namespace, before.name]
        self._unlink(before)

    def _unlink(self, before: Child) -> None:
        place = before.owner_kind, before.namespace, before.owner
        names = self._by_owner.get(place)
        if names is None:
            return
        names.discard(before.name)
        if not names:
            del self._by_owner[place]


class Children:
    """The stores of all kinds."""

    def __init__(self) -> None:
        self._stores: dict[tuple[str, str], ChildStore] = {}
        self._everywhere: dict[str, ChildStore] = {}

    def add(self, store: ChildStore, namespace: str | None = None) -> None:
        """A store of one namespace, or of all."""
        if namespace is None:
            self._everywhere[store.kind.kind] = store
        else:
            self._stores[store.kind.kind, namespace] = store

    def drop(self, kind: Kind, namespace: str | None = None) -> None:
        """The API server no longer serves the kind."""
        if namespace is None:
            self._everywhere.pop(kind.kind, None)
        else:
            self._stores.pop((kind.kind, namespace), None)

    def store(self, kind: Kind, namespace: str) -> ChildStore | None:
        """Where the children of a kind in a namespace are kept; ``None`` for a kind that is not served."""
        everywhere = self._everywhere.get(kind.kind)
        return self._stores.get((kind.kind, namespace)) if everywhere is None else everywhere

    def find(self, kind: Kind, namespace: str, name: str) -> Child | None:
        store = self.store(kind, namespace)
        return None if store is None else store.find(namespace, name)

    def owned_by(self, kind: str, namespace: str, owner: str) -> dict[ChildKey, Child]:
        """Every child that ``owner``, of this kind, controls."""
        return {found.key: found for store in self._of(namespace) for found in store.owned_by(kind, namespace, owner)}

    def _of(self, namespace: str) -> Iterator[ChildStore]:
        yield from self._everywhere.values()
        for (_, scope), store in self._stores.items():
            if scope == namespace:
                yield store

    def stores(self) -> Iterator[ChildStore]:
        yield from self._everywhere.values()
        yield from self._stores.values()
