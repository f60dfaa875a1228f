"""
Gather: the facts one plan needs, from the caches alone.
"""

from collections.abc import Iterator

from concordat.api import Microservice
from concordat.facts import Consumer, Facts, Platform, Provider, Retried
from concordat.reconcile.beneath import beneath
from concordat.reconcile.parents import Parents, asked_for
from concordat.resources.edges import offered


def gather(service: Microservice, *, parents: Parents, platform: Platform, installed: frozenset[str]) -> Facts:
    """
    What the caches know that ``service`` depends on.

    Its own children are not among it: what should exist does not depend on what exists. So a plan holds as long as
    these facts do, and the thousand steps of a rollout need no new one.
    """
    return Facts(
        platform=platform,
        installed=installed,
        providers=_providers(service, parents),
        consumers=tuple(_consumers(service, parents)),
        indispensable=frozenset(_indispensable(service, parents)),
        retried=_retried(service, parents),
        taken_hosts=_taken_hosts(service, parents),
    )


def _providers(service: Microservice, parents: Parents) -> dict[str, Provider]:
    found = {}
    for use in service.spec.consumes:
        provider = parents.provider(asked_for(use.service, use.contract, service.namespace))
        if provider is not None and _lets_in(provider, service.namespace):
            found[use.reference] = offered(provider)
    return found


def _lets_in(provider: Microservice, namespace: str) -> bool:
    return provider.namespace == namespace or namespace in provider.spec.access.namespaces


def _consumers(service: Microservice, parents: Parents) -> Iterator[Consumer]:
    for consumer, ports in parents.consumers(service):
        if _lets_in(service, consumer.namespace):
            yield Consumer(name=consumer.name, namespace=consumer.namespace, ports=ports)


def _indispensable(service: Microservice, parents: Parents) -> Iterator[str]:
    for reference, provider in _hard(service, parents):
        if not _needs(provider, service, parents):
            yield reference


def _needs(one: Microservice, other: Microservice, parents: Parents) -> bool:
    """Whether ``one`` cannot work without ``other``, over however many others."""
    seen, left = {one.reference}, [one]
    while left:
        for _, following in _hard(left.pop(), parents):
            if following.reference == other.reference:
                return True
            if following.reference not in seen:
                seen.add(following.reference)
                left.append(following)
    return False


def _hard(service: Microservice, parents: Parents) -> Iterator[tuple[str, Microservice]]:
    for use in service.spec.consumes:
        if use.criticality == "hard":
            provider = parents.provider(asked_for(use.service, use.contract, service.namespace))
            if (
                provider is not None
                and provider.reference != service.reference
                and _lets_in(provider, service.namespace)
            ):
                yield use.reference, provider


def _retried(service: Microservice, parents: Parents) -> dict[str, Retried]:
    """Asked only of those who retry: nobody else multiplies anything."""
    found = {}
    for use in service.spec.consumes:
        provider = parents.provider(asked_for(use.service, use.contract, service.namespace))
        if use.attempts == 1 or use.criticality == "async" or provider is None:
            continue
        if _lets_in(provider, service.namespace):
            found[use.reference] = beneath(provider, seen_from=service, parents=parents, lets_in=_lets_in)
    return found


def _taken_hosts(service: Microservice, parents: Parents) -> dict[str, str]:
    hosts = service.spec.routing.hosts if service.spec.routing else ()
    holders = {host: parents.holder(host) for host in hosts}
    return {host: str(key) for host, key in holders.items() if key is not None and str(key) != service.reference}
