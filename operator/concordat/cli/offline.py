"""
The facts of a cluster that is not there: services that are in the same files know each other, nothing else exists.
"""

from collections.abc import Collection, Sequence

from concordat import graph
from concordat.api import Microservice
from concordat.facts import Consumer, Facts
from concordat.plan import Plan, plan
from concordat.resources import kinds
from concordat.resources.edges import offered

OPTIONAL = frozenset(kind.kind for kind in kinds.ALL if kind.optional)


def facts(service: Microservice, services: Sequence[Microservice], *, without: Collection[str] = ()) -> Facts:
    """What would be known of ``service`` if ``services`` were all there is."""
    found = {use.reference: graph.provider(service, use, services) for use in service.spec.consumes}
    consumers = [
        Consumer(name=other.name, namespace=other.namespace, ports=use.ports)
        for other in services
        for use in other.spec.consumes
        if graph.provider(other, use, services) == service and graph.consents(service, other.namespace)
    ]
    return Facts(
        installed=OPTIONAL - set(without),
        providers={
            reference: offered(provider)
            for reference, provider in found.items()
            if provider and graph.consents(provider, service.namespace)
        },
        unconsented=frozenset(
            reference
            for reference, provider in found.items()
            if provider and not graph.consents(provider, service.namespace)
        ),
        consumers=tuple(consumers),
        taken_hosts=_taken_hosts(service, services),
    )


def planned(service: Microservice, services: Sequence[Microservice], *, without: Collection[str] = ()) -> Plan:
    """The plan for ``service`` in such a cluster."""
    return plan(service, facts(service, services, without=without))


def _taken_hosts(service: Microservice, services: Sequence[Microservice]) -> dict[str, str]:
    if service.spec.routing is None:
        return {}
    older = services[: services.index(service)]  # files have no age: what stands first was there first
    return {
        host: other.reference
        for other in reversed(older)
        for host in (other.spec.routing.hosts if other.spec.routing else ())
        if host in service.spec.routing.hosts
    }
