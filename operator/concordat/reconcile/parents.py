"""
The Microservices that exist, and who has to do with whom.

Parsed once a generation. The indexes answer what a plan must know of the neighbours: who provides, who consumes, who
claims which host; and the other way round, whose plan changes when this one does.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from concordat import conventions
from concordat.api import Microservice, MicroserviceStatus, compact
from concordat.graph import Edge, cycles
from concordat.reconcile.keys import Key, Target, asked_for
from concordat.reconcile.parent import Observation, Parent, is_paused, key_of, newcomer, observation, recorded
from concordat.reconcile.reliance import contracts_in
from concordat.reconcile.scope import Scope
from concordat.resources.edges import offered
from concordat.workqueue import Lane


class Parents:
    """Every Microservice we look after."""

    def __init__(self, enqueue: Callable[[Key, Lane], object]) -> None:
        self._enqueue = enqueue
        self._parents: dict[Key, Parent] = {}
        self._consumers: defaultdict[Target, set[Key]] = defaultdict(set)
        self._contracts: defaultdict[tuple[str, str], set[Key]] = defaultdict(set)
        self._hosts: defaultdict[str, set[Key]] = defaultdict(set)
        self._moved: set[Target] | None = None
        self._circles: dict[str, int] | None = None
        self._relying: defaultdict[tuple[str, str], set[Key]] = defaultdict(set)

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
        with self.at_once():
            for seen in items:
                listed.add(seen.key)
                self._observe(seen, Lane.BACKGROUND)
            for key in self._parents.keys() - listed:
                if namespace in (None, key.namespace) and self._parents[key].resource_version <= position:
                    self.forget(self._parents[key])

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Many changes: who is above them is looked for once, at the end, not a thousand times on the way."""
        self._moved = set()
        try:
            yield
        finally:
            moved, self._moved = self._moved, None
            for other in self._above(moved):
                self._enqueue(other, Lane.BACKGROUND)

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
            self._reindex(gone.key, None if gone.deleting else gone.service, None)
            self._reclaim(gone.key, _claimed(gone), set())
            self.relies(gone, ())

    def wrote_status(self, parent: Parent, status: MicroserviceStatus, answer: Mapping[str, Any]) -> None:
        """
        Our own write, so that its echo is recognised as one.

        The metadata of its ``answer`` may tell of an edit whose event has not come yet: then nothing is an echo.
        """
        self._restate(parent, status)
        parent.status_version = max(parent.status_version, int(answer["resourceVersion"]))
        if (answer["generation"], is_paused(answer), "deletionTimestamp" in answer) == (
            parent.generation,
            parent.paused,
            parent.deleting,
        ):
            parent.resource_version = max(parent.resource_version, int(answer["resourceVersion"]))

    def _observe(self, seen: Observation, lane: Lane) -> None:
        known = self._parents.get(seen.key)
        if known is not None and known.uid != seen.uid:
            self.forget(known)
            known = None
        if known is None:
            known = self._parents[seen.key] = newcomer(seen)
            self._reindex(seen.key, None, None if seen.deleting else seen.service)
            self._reclaim(seen.key, set(), _claimed(known))
            self._enqueue(seen.key, lane)
            return
        if seen.resource_version <= known.resource_version:
            return

        known.resource_version = seen.resource_version
        respecified = seen.generation != known.generation
        if respecified or seen.paused != known.paused or seen.deleting != known.deleting:
            self._respecify(known, seen, respecified=respecified)
            self._enqueue(seen.key, lane)
        if seen.status != known.status and seen.resource_version > known.status_version:  # somebody else wrote it
            self._restate(known, seen.status)
            known.fingerprints.update(recorded(seen.status.children))
            self._enqueue(seen.key, Lane.BACKGROUND)

    def _respecify(self, known: Parent, seen: Observation, *, respecified: bool) -> None:
        before, claimed = None if known.deleting else known.service, _claimed(known)
        if respecified:
            known.service, known.problems = compact(seen.service) if seen.service else known.service, seen.problems
        known.generation, known.paused, known.deleting = seen.generation, seen.paused, seen.deleting
        known.refused.clear()
        self._reindex(known.key, before, None if known.deleting else known.service)
        self._reclaim(known.key, claimed, _claimed(known))

    def _restate(self, known: Parent, status: MicroserviceStatus) -> None:
        claimed, held = _claimed(known), set(known.status.hosts)
        known.status = compact(status)
        if self._parents.get(known.key) is not known:  # gone while we wrote
            return
        self._reclaim(known.key, claimed, _claimed(known), handed_over=held ^ set(status.hosts))

    # --- who relies on which contract -----------------------------------------------------------------------------------

    def relies(self, parent: Parent, uses: tuple[str, ...]) -> None:
        """What its pods use of contracts from now on; tells those that gain or lose somebody."""
        before, after = parent.relies, uses
        if before == after:
            return
        parent.relies = after
        for contract in contracts_in(before):
            _discard(self._relying, contract, parent.key)
        for contract in contracts_in(after):
            self._relying[contract].add(parent.key)
        for namespace, name in contracts_in((*before, *after)):
            self._enqueue(Key(conventions.SERVICE_CONTRACT, namespace, name), Lane.BACKGROUND)

    def relying(self, namespace: str, name: str) -> Iterator[Parent]:
        """Whose pods use a contract, in the order of their names."""
        for key in sorted(self._relying.get((namespace, name), ())):
            yield self._parents[key]

    def concerned(self, namespace: str, name: str) -> set[Key]:
        """Who provides a contract or says that it consumes it."""
        contract = Target("contract", namespace, name)
        return self._providing(contract) | self._consumers.get(contract, set())

    # --- the neighbours -------------------------------------------------------------------------------------------------

    def provider(self, target: Target) -> Microservice | None:
        """Who serves what is asked for; of several that provide a contract, the oldest."""
        if target.kind == "service":
            return self._service(Key(conventions.MICROSERVICE, target.namespace, target.name))
        return next(iter(self.providers(target.namespace, target.name)), None)

    def providers(self, namespace: str, contract: str) -> list[Microservice]:
        """Who provides a contract, the oldest first: its consumers reach that one."""
        claims = self._contracts.get((namespace, contract), ())
        return sorted((service for key in claims if (service := self._service(key))), key=_seniority)

    def consuming(self, namespace: str, contract: str) -> Iterator[Microservice]:
        """Who says that it consumes a contract, in the order of their names."""
        for key in sorted(self._consumers.get(Target("contract", namespace, contract), ())):
            consumer = self._service(key)
            if consumer is not None:
                yield consumer

    def consumers(self, service: Microservice) -> Iterator[tuple[Microservice, Target, tuple[str, ...]]]:
        """Who consumes ``service``, by its name or by a contract it provides, by which, and which ports they ask for."""
        for target in _targets(service):
            provider = self.provider(target)
            if provider is None or provider.reference != service.reference:  # it may be as somebody would have it
                continue
            for key in sorted(self._consumers.get(target, ())):
                consumer = self._service(key)
                if consumer is None:
                    continue
                for use in consumer.spec.consumes:
                    if asked_for(use.service, use.contract, consumer.namespace) == target:
                        yield consumer, target, use.ports

    def in_circle(self, one: Microservice, other: Microservice) -> bool:
        """Whether each cannot work without the other, over however many others. Edges that are closed count as well."""
        if self._circles is None:
            groups = cycles([Edge(consumer=consumer, provider=provider) for consumer, provider in self._hard()])
            self._circles = {name: number for number, group in enumerate(groups) for name in group}
        found = self._circles.get(one.reference)
        return found is not None and found == self._circles.get(other.reference)

    def _hard(self) -> Iterator[tuple[str, str]]:
        for key in self._parents:
            service = self._service(key)
            for use in service.spec.consumes if service else ():
                if service and use.criticality == "hard":
                    provider = self.provider(asked_for(use.service, use.contract, service.namespace))
                    if provider is not None:
                        yield service.reference, provider.reference

    def holder(self, host: str) -> Key | None:
        """
        Whose ``host`` is: theirs whose status says so, else the oldest's.

        The age of a Microservice is not the age of its claim: an old one may claim a new host any day.
        """
        claims = (self._parents[key] for key in self._hosts.get(host, ()))
        first = min(claims, key=lambda claim: (host not in claim.status.hosts, *_age(claim)), default=None)
        return first.key if first else None

    def _service(self, key: Key) -> Microservice | None:
        parent = self._parents.get(key)
        return parent.service if parent is not None and not parent.deleting else None

    def _reindex(self, key: Key, before: Microservice | None, after: Microservice | None) -> None:
        """Move ``key`` in the indexes and queue everybody whose plan may now differ."""
        affected: set[Key] = set()
        if _as_provider(before) != _as_provider(after):
            affected |= self._consuming({*_targets(before), *_targets(after)})
        if _calling(before) != _calling(after):
            self._circles = None
            offers = {*_targets(before), *_targets(after)}
            if self._moved is None:
                affected |= self._above(offers)
            else:
                self._moved |= offers

        asked_before, asked_after = _asked(before), _asked(after)
        for target in asked_before.keys() - asked_after.keys():
            _discard(self._consumers, target, key)
        for target in asked_after.keys() - asked_before.keys():
            self._consumers[target].add(key)
        for target in asked_before.keys() | asked_after.keys():
            if asked_before.get(target) != asked_after.get(target):
                affected |= self._providing(target)
                if target.kind == "contract":
                    affected.add(Key(conventions.SERVICE_CONTRACT, target.namespace, target.name))

        provided_before, provided_after = _provided(before), _provided(after)
        for contract in provided_before - provided_after:
            affected |= self._contracts[contract]
            _discard(self._contracts, contract, key)
        for contract in provided_after - provided_before:
            self._contracts[contract].add(key)
            affected |= self._contracts[contract]

        if provided_before != provided_after:
            self._circles = None
        for contract in provided_before | provided_after:  # its dashboard shows who provides it, and how they count
            self._enqueue(Key(conventions.SERVICE_CONTRACT, *contract), Lane.BACKGROUND)
        for other in affected - {key}:
            self._enqueue(other, Lane.BACKGROUND)

    def _reclaim(self, key: Key, before: set[str], after: set[str], *, handed_over: Collection[str] = ()) -> None:
        """Move ``key`` in the index of hosts and queue whoever else claims one of those that moved."""
        for host in before - after:
            _discard(self._hosts, host, key)
        for host in after - before:
            self._hosts[host].add(key)
        moved = (before ^ after).union(handed_over)
        for other in {claim for host in moved for claim in self._hosts.get(host, ())} - {key}:
            self._enqueue(other, Lane.BACKGROUND)

    def _consuming(self, offers: Iterable[Target]) -> set[Key]:
        return {consumer for target in offers for consumer in self._consumers.get(target, ())}

    def _above(self, offers: Iterable[Target]) -> set[Key]:
        """Whoever consumes one of these, over however many others."""
        found: set[Key] = set()
        left = self._consuming(offers)
        while left:
            found |= left
            services = map(self._service, left)
            left = self._consuming(target for service in services for target in _targets(service)) - found
        return found

    def _providing(self, target: Target) -> set[Key]:
        if target.kind == "service":
            return {Key(conventions.MICROSERVICE, target.namespace, target.name)}
        return set(self._contracts.get((target.namespace, target.name), ()))


def _seniority(service: Microservice) -> tuple[str, str]:
    return service.created, service.reference


def _as_provider(service: Microservice | None) -> Any:
    """All that a consumer's plan may depend on."""
    return service and (offered(service), service.spec.access, service.spec.provides)


def _calling(service: Microservice | None) -> Any:
    """What those above it must know, however far: whether it leads back to them, and how often it tries again."""
    calls = [(use.reference, use.criticality, use.attempts) for use in service.spec.consumes] if service else []
    return service and calls and (calls, service.spec.access, service.spec.provides)


def _targets(service: Microservice | None) -> Iterator[Target]:
    if service is not None:
        yield Target("service", service.namespace, service.name)
        for contract in service.spec.provides:
            yield Target("contract", service.namespace, contract)


def _asked(service: Microservice | None) -> dict[Target, tuple[tuple[str, ...], ...]]:
    """The ports of every use of a target: ``payments`` and ``shop/payments`` may be two uses of one."""
    asked: dict[Target, tuple[tuple[str, ...], ...]] = {}
    if service is None:
        return asked
    for use in service.spec.consumes:
        target = asked_for(use.service, use.contract, service.namespace)
        asked[target] = (*asked.get(target, ()), use.ports)
    return asked


def _provided(service: Microservice | None) -> set[tuple[str, str]]:
    return {(service.namespace, contract) for contract in service.spec.provides} if service else set()


def _claimed(parent: Parent) -> set[str]:
    """What it asks for, and what it holds until its route is without it."""
    if parent.deleting:
        return set()
    routing = parent.service.spec.routing if parent.service else None
    return {*(routing.hosts if routing else ()), *parent.status.hosts}


def _age(parent: Parent) -> tuple[str, str]:
    return parent.service.created if parent.service else "", str(parent.key)


def _discard(index: defaultdict[Any, set[Key]], entry: Any, key: Key) -> None:
    index[entry].discard(key)
    if not index[entry]:
        del index[entry]
