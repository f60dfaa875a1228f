"""
Who has to do with whom, as the specs say: who provides, who consumes, who stands above whom.

And the other way round: whose plan changes when one of them does.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from concordat.api import Microservice
from concordat.cluster.workqueue import Lane
from concordat.manifest import conventions
from concordat.resources.edges import offered
from concordat.world.graph import Circles
from concordat.world.index import Index
from concordat.world.keys import Key, Target, asked_for
from concordat.world.retry_amplification import RetryAmplification


class Relations:
    """Of all Microservices; :meth:`move` must be told of every change."""

    def __init__(
        self,
        service: Callable[[Key], Microservice | None],
        enqueue: Callable[[Key, Lane], object],
        paced: Callable[[Callable[[], None]], None] = lambda flush: flush(),
    ) -> None:
        """
        ``service`` finds one that is not being deleted.

        ``paced`` calls what it is given, at once or, while many services change, once for several changes: who stands above one
        costs a step for every use there is above it.
        """
        self._service = service
        self._enqueue = enqueue
        self._paced = paced
        self._consumers = Index[Target]()
        self._contracts = Index[tuple[str, str]]()
        self._moved: dict[Key, set[Target]] = {}
        self._waits = False
        self._at_once = False
        self._oldest: dict[Target, Microservice | None] = {}
        self.circles = Circles(self._needs)
        self.retries = RetryAmplification(self.provider)
        self.steps = 0
        """Uses that were followed upwards since the start; what tests count instead of seconds."""

    # --- who provides, who consumes -------------------------------------------------------------------------------------

    def provider(self, target: Target) -> Microservice | None:
        """Who serves what is asked for; of several that provide a contract, the oldest."""
        if target.kind == "service":
            return self._service(Key(conventions.MICROSERVICE, target.namespace, target.name))
        if target not in self._oldest:
            self._oldest[target] = next(iter(self.providers(target.namespace, target.name)), None)
        return self._oldest[target]

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
        return self.circles.same(one.reference, other.reference)

    def _needs(self, reference: str) -> Iterator[str]:
        """What a service cannot work without."""
        namespace, _, name = reference.partition("/")
        service = self._service(Key(conventions.MICROSERVICE, namespace, name))
        for use in service.spec.consumes if service else ():
            if use.criticality == "hard":
                provider = self.provider(asked_for(use.service, use.contract, namespace))
                if provider is not None:
                    yield provider.reference

    # --- changes --------------------------------------------------------------------------------------------------------

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Many changes: who is above them is looked for once, at the end, not a thousand times on the way."""
        waited, self._waits = self._waits, True
        try:
            yield
        finally:
            self._waits = waited
            if not waited:
                self._flush()

    def _flush(self) -> None:
        """
        Whoever is above what has moved must look again, and nothing that was computed for them counts any more.

        So must what has moved itself: it may have been looked at while this had to wait.
        """
        self._waits = False
        moved, self._moved = self._moved, {}
        above = self._above({offer for offers in moved.values() for offer in offers})
        concerned = above | moved.keys()
        self.circles.forget(map(str, concerned))
        self.retries.forget(concerned)
        for other in above if self._at_once else concerned:
            self._enqueue(other, Lane.BACKGROUND)

    def move(self, key: Key, before: Microservice | None, after: Microservice | None) -> None:
        """Queue everybody whose plan may now differ."""
        self._oldest.clear()
        affected: set[Key] = set()
        if _as_provider(before) != _as_provider(after):
            affected |= self._consuming({*_targets(before), *_targets(after)})
        if _calling(before) != _calling(after):
            self._moved.setdefault(key, set()).update((*_targets(before), *_targets(after)))

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
        if moved:  # whoever consumes one of these may call another service from now on
            self._moved.setdefault(key, set()).update(Target("contract", *contract) for contract in moved)
        for contract in provided_before | provided_after:  # its dashboard shows who provides it, and how they count
            self._enqueue(Key(conventions.SERVICE_CONTRACT, *contract), Lane.BACKGROUND)
        for other in affected - {key}:
            self._enqueue(other, Lane.BACKGROUND)
        if self._moved and not self._waits:
            self._waits = self._at_once = True
            self._paced(self._flush)
            self._at_once = False

    def _consuming(self, offers: Iterable[Target]) -> set[Key]:
        found: set[Key] = set()
        for target in offers:
            consumers = self._consumers.of(target)
            self.steps += len(consumers)
            found |= consumers
        return found

    def _above(self, offers: Iterable[Target]) -> set[Key]:
        """Whoever consumes one of these, over however many others."""
        found: set[Key] = set()
        asked: set[Target] = set()
        left = set(offers)
        while left:
            asked |= left
            callers = self._consuming(left) - found
            found |= callers
            left = {target for key in callers for target in _targets(self._service(key))} - asked
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
