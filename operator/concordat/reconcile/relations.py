"""
Who has to do with whom, as the specs say: who provides, who consumes, who stands above whom.

And the other way round: whose plan changes when one of them does.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from concordat import conventions
from concordat.api import Microservice
from concordat.graph import Edge, cycles
from concordat.reconcile.index import Index
from concordat.reconcile.keys import Key, Target, asked_for
from concordat.resources.edges import offered
from concordat.workqueue import Lane


class Relations:
    """Of all Microservices; :meth:`move` must be told of every change."""

    def __init__(
        self,
        service: Callable[[Key], Microservice | None],
        services: Callable[[], Iterable[Microservice]],
        enqueue: Callable[[Key, Lane], object],
    ) -> None:
        """``service`` finds one that is not being deleted, ``services`` all of those."""
        self._service = service
        self._services = services
        self._enqueue = enqueue
        self._consumers = Index[Target]()
        self._contracts = Index[tuple[str, str]]()
        self._moved: set[Target] | None = None
        self._circles: dict[str, int] | None = None

    # --- who provides, who consumes -------------------------------------------------------------------------------------

    def provider(self, target: Target) -> Microservice | None:
        """Who serves what is asked for; of several that provide a contract, the oldest."""
        if target.kind == "service":
            return self._service(Key(conventions.MICROSERVICE, target.namespace, target.name))
        return next(iter(self.providers(target.namespace, target.name)), None)

    def providers(self, namespace: str, contract: str) -> list[Microservice]:
        """Who provides a contract, the oldest first: its consumers reach that one."""
        claims = self._contracts.of((namespace, contract))
        return sorted((service for key in claims if (service := self._service(key))), key=_seniority)

    def consuming(self, namespace: str, contract: str) -> Iterator[Microservice]:
        """Who says that it consumes a contract, in the order of their names."""
        for key in sorted(self._consumers.of(Target("contract", namespace, contract))):
            consumer = self._service(key)
            if consumer is not None:
                yield consumer

    def consumers(self, service: Microservice) -> Iterator[tuple[Microservice, Target, tuple[str, ...]]]:
        """Who consumes ``service``, by its name or by a contract it provides, by which, and which ports they ask for."""
        for target in _targets(service):
            provider = self.provider(target)
            if provider is None or provider.reference != service.reference:  # it may be as somebody would have it
                continue
            for key in sorted(self._consumers.of(target)):
                consumer = self._service(key)
                if consumer is None:
                    continue
                for use in consumer.spec.consumes:
                    if asked_for(use.service, use.contract, consumer.namespace) == target:
                        yield consumer, target, use.ports

    def concerned(self, namespace: str, contract: str) -> set[Key]:
        """Who provides a contract or says that it consumes it."""
        target = Target("contract", namespace, contract)
        return self._providing(target) | self._consumers.of(target)

    # --- who cannot work without whom -----------------------------------------------------------------------------------

    def in_circle(self, one: Microservice, other: Microservice) -> bool:
        """Whether each cannot work without the other, over however many others. Edges that are closed count as well."""
        if self._circles is None:
            groups = cycles([Edge(consumer=consumer, provider=provider) for consumer, provider in self._hard()])
            self._circles = {name: number for number, group in enumerate(groups) for name in group}
        found = self._circles.get(one.reference)
        return found is not None and found == self._circles.get(other.reference)

    def _hard(self) -> Iterator[tuple[str, str]]:
        for service in self._services():
            for use in service.spec.consumes:
                if use.criticality == "hard":
                    provider = self.provider(asked_for(use.service, use.contract, service.namespace))
                    if provider is not None:
                        yield service.reference, provider.reference

    # --- changes --------------------------------------------------------------------------------------------------------

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

    def move(self, key: Key, before: Microservice | None, after: Microservice | None) -> None:
        """Queue everybody whose plan may now differ."""
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
        self._consumers.move(key, asked_before.keys(), asked_after.keys())
        for target in asked_before.keys() | asked_after.keys():
            if asked_before.get(target) != asked_after.get(target):
                affected |= self._providing(target)
                if target.kind == "contract":
                    affected.add(Key(conventions.SERVICE_CONTRACT, target.namespace, target.name))

        provided_before, provided_after = _provided(before), _provided(after)
        moved = provided_before ^ provided_after
        for contract in moved:
            affected |= self._contracts.of(contract)
        self._contracts.move(key, provided_before, provided_after)
        if moved:
            self._circles = None
        for contract in provided_before | provided_after:  # its dashboard shows who provides it, and how they count
            self._enqueue(Key(conventions.SERVICE_CONTRACT, *contract), Lane.BACKGROUND)
        for other in affected - {key}:
            self._enqueue(other, Lane.BACKGROUND)

    def _consuming(self, offers: Iterable[Target]) -> set[Key]:
        return {consumer for target in offers for consumer in self._consumers.of(target)}

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
        return set(self._contracts.of((target.namespace, target.name)))


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
