"""
The Microservices that exist, each parsed once a generation.

What a plan must know of the neighbours is beside it: who provides and who consumes (:mod:`concordat.world.relations`), and who
holds which host (:mod:`concordat.world.hosts`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from concordat.api import Microservice, MicroserviceStatus, compact
from concordat.cluster.workqueue import Lane
from concordat.manifest import conventions
from concordat.world.cache_scope import Scope
from concordat.world.decisive import decisive
from concordat.world.hosts import Hosts, claimed
from concordat.world.index import Index
from concordat.world.keys import Key
from concordat.world.microservice_record import Observation, Parent, key_of, newcomer, observation, recorded
from concordat.world.relations import Relations
from concordat.world.usage import contracts_in


class Parents:
    """Every Microservice we look after."""

    def __init__(
        self,
        enqueue: Callable[[Key, Lane], object],
        paced: Callable[[Callable[[], None]], None] = lambda flush: flush(),
    ) -> None:
        """``paced`` is that of :class:`concordat.world.relations.Relations`."""
        self._enqueue = enqueue
        self._parents: dict[Key, Parent] = {}
        self._relying = Index[tuple[str, str]]()
        self.relations = Relations(self._service, enqueue, paced)
        self.hosts = Hosts(self._parents.__getitem__, enqueue)

    def __len__(self) -> int:
        return len(self._parents)

    def __iter__(self) -> Iterator[Parent]:
        return iter(self._parents.values())

    def find(self, key: Key) -> Parent | None:
        return self._parents.get(key)

    # --- what the API server says ---------------------------------------------------------------------------------------

    def take(self, item: Mapping[str, Any]) -> Observation:
        """What an object of the API server means to us."""
        return observation(item)

    def within(self, namespace: str | None) -> Scope[Observation]:
        """The part of them that one list and watch speaks of."""
        return Scope(self, namespace)

    def replace(self, items: Iterable[Observation], *, namespace: str | None = None, position: int) -> None:
        """A LIST says what exists in a namespace, or in all; everything else there is gone."""
        listed = set()
        with self.relations.at_once():
            for seen in items:
                listed.add(seen.key)
                self._observe(seen, Lane.BACKGROUND)
            for key in self._parents.keys() - listed:
                if namespace in (None, key.namespace) and self._parents[key].resource_version <= position:
                    self.forget(self._parents[key])

    def forget_versions(self, namespace: str | None) -> None:
        """The server's history was restored from a backup: what it says now counts, however old its versions look."""
        for parent in self._parents.values():
            if namespace in (None, parent.key.namespace):
                parent.resource_version = parent.status_version = 0

    def observe(self, event: str | None, item: Mapping[str, Any]) -> None:
        """One event of a watch."""
        if event != "DELETED":
            self._observe(observation(item), Lane.URGENT)
            return
        known = self._parents.get(key_of(item))
        if known is not None and known.uid == item["metadata"]["uid"]:
            self.forget(known)

    def knows(self, namespace: str, name: str, resource_version: str) -> bool:
        """Whether it is cached in this very version."""
        found = self._parents.get(Key(conventions.MICROSERVICE, namespace, name))
        return found is not None and found.resource_version == int(resource_version)

    def forget_refusals(self) -> None:
        """What was called invalid by an admission policy may be welcome by now."""
        for parent in self._parents.values():
            parent.refused.clear()

    def forget(self, gone: Parent) -> None:
        """This very one is gone; one of the same name that came after it is not."""
        if self._parents.get(gone.key) is gone:
            del self._parents[gone.key]
            self.relations.move(gone.key, None if gone.deleting else gone.service, None)
            self.hosts.move(gone.key, claimed(gone), set())
            self.relies(gone, ())

    def wrote_status(self, parent: Parent, status: MicroserviceStatus, answer: Mapping[str, Any]) -> None:
        """
        Our own write, so that its echo is recognised as one.

        The metadata of its ``answer`` may tell of an edit whose event has not come yet: then nothing is an echo.
        """
        self._restate(parent, status)
        parent.status_version = max(parent.status_version, int(answer["resourceVersion"]))
        if decisive(answer) == parent.decisive:
            parent.resource_version = max(parent.resource_version, int(answer["resourceVersion"]))

    def _observe(self, seen: Observation, lane: Lane) -> None:
        known = self._parents.get(seen.key)
        if known is not None and known.uid != seen.uid:
            self.forget(known)
            known = None
        if known is None:
            known = self._parents[seen.key] = newcomer(seen)
            self.relations.move(seen.key, None, None if seen.decisive.deleting else seen.service)
            self.hosts.move(seen.key, set(), claimed(known))
            self._enqueue(seen.key, lane)
            return
        if seen.resource_version <= known.resource_version:
            return

        known.resource_version = seen.resource_version
        if seen.decisive != known.decisive:
            self._respecify(known, seen)
            self._enqueue(seen.key, lane)
        if seen.status != known.status and seen.resource_version > known.status_version:  # somebody else wrote it
            self._restate(known, seen.status)
            known.fingerprints.update(recorded(seen.status.children))
            self._enqueue(seen.key, Lane.BACKGROUND)

    def _respecify(self, known: Parent, seen: Observation) -> None:
        before, claims = None if known.deleting else known.service, claimed(known)
        if (
            seen.service is not None and seen.service != known.service
        ):  # what is equal stays the very one that was planned
            known.service = compact(seen.service)
        known.problems, known.decisive = seen.problems, seen.decisive
        known.refused.clear()
        self.relations.move(known.key, before, None if known.deleting else known.service)
        self.hosts.move(known.key, claims, claimed(known))

    def _restate(self, known: Parent, status: MicroserviceStatus) -> None:
        claims, held = claimed(known), set(known.status.hosts)
        known.status = compact(status)
        if self._parents.get(known.key) is not known:  # gone while we wrote
            return
        self.hosts.move(known.key, claims, claimed(known), handed_over=held ^ set(status.hosts))

    # --- who relies on which contract -----------------------------------------------------------------------------------

    def relies(self, parent: Parent, uses: tuple[str, ...]) -> None:
        """What its pods use of contracts from now on; tells those that gain or lose somebody."""
        before, after = parent.relies, uses
        if before == after:
            return
        parent.relies = after
        self._relying.move(parent.key, contracts_in(before), contracts_in(after))
        for namespace, name in contracts_in((*before, *after)):
            self._enqueue(Key(conventions.SERVICE_CONTRACT, namespace, name), Lane.BACKGROUND)

    def relying(self, namespace: str, name: str) -> Iterator[Parent]:
        """Whose pods use a contract, in the order of their names."""
        for key in sorted(self._relying.of((namespace, name))):
            yield self._parents[key]

    def _service(self, key: Key) -> Microservice | None:
        parent = self._parents.get(key)
        return parent.service if parent is not None and not parent.deleting else None
