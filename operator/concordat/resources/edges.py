"""
An edge between two services, as each of them sees it: names, addresses, ports.
"""

from decimal import Decimal

from concordat.api import Consumption, Microservice, main_port
from concordat.api.defaults import promised
from concordat.facts import Facts, Platform, Provider
from concordat.facts.tokens import Token
from concordat.manifest import object_name

MAIN_PORT_NUMBER = 80
"""
Where a Service offers its main port besides the port's own number.

So the address of a service follows from its name alone. Consumers keep their environment, and with it their pods, when
a provider renumbers its port, goes, or comes later than they do.
"""


TOKENS = "tokens"
"""In what a Deployment says of contracts (:data:`concordat.manifest.conventions.ANNOTATION_CONSUMES`): no contract is called so."""


def tokens(service: Microservice, facts: Facts) -> dict[str, Token]:
    """
    Which token its pods ask for, by ``namespace/name`` of the contract. Of one consumed twice, what both ask for.

    A client secret is never led to an issuer the platform does not allow.
    """
    found: dict[str, Token | None] = {}
    for use in service.spec.consumes:
        offer = facts.offers.get(use.reference) if use.contract else None
        if offer is None:
            continue
        other = found.get(offer.reference, offer.token)
        found[offer.reference] = (
            Token(
                issuer=offer.token.issuer,
                audience=offer.token.audience,
                scopes=tuple(scope for scope in offer.token.scopes if scope in other.scopes),
            )
            if offer.token and other
            else None
        )
    allowed = facts.platform.allows_issuer
    return {reference: token for reference, token in found.items() if token is not None and allowed(token.issuer)}


def offered(service: Microservice) -> Provider:
    """``service`` as far as its consumers may know it."""
    spec = service.spec
    return Provider(
        name=service.name,
        namespace=service.namespace,
        object_name=object_name(service.name),
        ports={
            name: (port.port, port.protocol)
            for name, port in spec.ports.items()
            if name != spec.metrics_port or name == spec.main_port
        },
        promise=promised(spec),
        takes=sum((use.patience or Decimal(0) for use in spec.consumes if use.criticality == "hard"), Decimal(0)),
    )


def host(name: str, namespace: str, platform: Platform) -> str:
    """The DNS name of a service."""
    return f"{object_name(name)}.{namespace}.svc.{platform.cluster_domain}"


def url(use: Consumption, namespace: str, provider: Provider | None, platform: Platform) -> str | None:
    """
    Where a service of ``namespace`` reaches what it consumes; None while nobody can know.

    Only a contract, or a port other than the main one, needs the provider to be known.
    """
    if use.service and (not use.ports or "http" in use.ports):
        own, _, name = use.service.rpartition("/")
        return f"http://{host(name, own or namespace, platform)}"
    if provider is None:
        return None
    address = host(provider.name, provider.namespace, platform)
    main = main_port({name: protocol for name, (_, protocol) in provider.ports.items()})
    wanted = next((name for name in use.ports if name in provider.ports), main)
    if use.ports and wanted not in use.ports:
        return None
    number, protocol = provider.ports[wanted]
    if protocol != "TCP":
        return f"{protocol.lower()}://{address}:{number}"
    return f"http://{address}" if wanted == main else f"http://{address}:{number}"
