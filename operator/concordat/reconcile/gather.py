"""
Gather: the facts one plan needs, from the caches alone.
"""

from collections.abc import Iterator

from concordat.api import Microservice
from concordat.cluster.children import Children
from concordat.facts import Consumer, Facts, Platform, Provider
from concordat.manifest import ChildKey
from concordat.reconcile.parents import Parents, asked_for
from concordat.resources import kinds
from concordat.resources.edges import offered
from concordat.resources.metadata import object_name


def gather(
    service: Microservice, *, parents: Parents, children: Children, platform: Platform, installed: frozenset[str]
) -> Facts:
    """What the caches know that ``service`` depends on."""
    providers, unconsented = _providers(service, parents)
    owned = children.owned_by(service.namespace, service.name)
    workload = owned.get(ChildKey(kind=kinds.DEPLOYMENT.kind, name=object_name(service.name)))
    return Facts(
        platform=platform,
        installed=installed,
        providers=providers,
        unconsented=unconsented,
        consumers=tuple(_consumers(service, parents)),
        taken_hosts=_taken_hosts(service, parents),
        children=owned,
        workload=workload.workload if workload else None,
    )


def _providers(service: Microservice, parents: Parents) -> tuple[dict[str, Provider], frozenset[str]]:
    found = {}
    unconsented = set()
    for use in service.spec.consumes:
        provider = parents.provider(asked_for(use.service, use.contract, service.namespace))
        if provider is None:
            continue
        if _lets_in(provider, service.namespace):
            found[use.reference] = offered(provider)
        else:
            unconsented.add(use.reference)
    return found, frozenset(unconsented)


def _lets_in(provider: Microservice, namespace: str) -> bool:
    return provider.namespace == namespace or namespace in provider.spec.access.namespaces


def _consumers(service: Microservice, parents: Parents) -> Iterator[Consumer]:
    for consumer, ports in parents.consumers(service):
        if _lets_in(service, consumer.namespace):
            yield Consumer(name=consumer.name, namespace=consumer.namespace, ports=ports)


def _taken_hosts(service: Microservice, parents: Parents) -> dict[str, str]:
    hosts = service.spec.routing.hosts if service.spec.routing else ()
    claims = {host: parents.elder_claim(service, host) for host in hosts}
    return {host: elder.reference for host, elder in claims.items() if elder is not None}
