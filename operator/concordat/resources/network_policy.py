"""
NetworkPolicy: nothing gets in or out but what is declared, and what no service can live without.

Probes need no rule: traffic between a pod and its own node is always allowed, as the NetworkPolicy API says. Both sides
of an edge follow from the consumer's one declaration.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from concordat.api import Egress, Microservice
from concordat.facts import Facts, Platform
from concordat.facts.networks import closed, without
from concordat.manifest import Manifest, conventions, object_name
from concordat.resources.edges import offered, tokens
from concordat.resources.metadata import metadata, selector

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Label the API server itself puts on every namespace; nobody can forge it."""
_GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
"""Label of pods that an implementation runs for one Gateway (GEP-1762)."""


def build(service: Microservice, facts: Facts) -> Manifest | None:
    """Default deny both ways, then a rule for each lifeline and each declared edge."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(service),
        "spec": {
            "podSelector": {"matchLabels": selector(service)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [*_monitoring(service, facts), *_gateway(service, facts), *_consumers(service, facts)],
            "egress": [
                dns(facts.platform),
                *_traces(facts.platform),
                *_issuers(service, facts),
                *_providers(service, facts),
                *_outside(service, facts),
            ],
        },
    }


def _monitoring(service: Microservice, facts: Facts) -> Iterator[dict[str, Any]]:
    if service.spec.telemetry.metrics.enabled:
        port = service.spec.ports[service.spec.metrics_port]
        yield {
            "from": [_namespace(facts.platform.monitoring_namespace)],
            "ports": [open_port(port.port, port.protocol)],
        }


def _gateway(service: Microservice, facts: Facts) -> Iterator[dict[str, Any]]:
    routing = service.spec.routing
    if routing is None:
        return
    platform = facts.platform
    peers = [_pods(platform.gateway_namespace, platform.gateway_pods)]
    if routing.gateway:
        own = routing.gateway.namespace or service.namespace
        peers.append(_pods(own, {_GATEWAY_NAME: routing.gateway.name}))
    port = service.spec.ports[routing.port or service.spec.main_port]
    yield {"from": peers, "ports": [open_port(port.port, port.protocol)]}


def _consumers(service: Microservice, facts: Facts) -> Iterator[dict[str, Any]]:
    ports = offered(service).ports
    for consumer in sorted(facts.consumers, key=lambda consumer: (consumer.namespace, consumer.name, consumer.ports)):
        wanted = [open_port(*ports[name]) for name in sorted(set(consumer.ports or ports)) if name in ports]
        # An empty list of ports would mean every port.
        if wanted:
            yield {"from": [service_pods(consumer.namespace, object_name(consumer.name))], "ports": wanted}


def dns(platform: Platform) -> dict[str, Any]:
    """The way out every pod needs."""
    return {
        "to": [
            _pods(platform.dns_namespace, platform.dns_pods),
            *({"ipBlock": {"cidr": address}} for address in platform.dns_addresses),
        ],
        "ports": [open_port(number, protocol) for number in platform.dns_ports for protocol in ("UDP", "TCP")],
    }


def _traces(platform: Platform) -> Iterator[dict[str, Any]]:
    """To every pod of the collector's namespace: what selects its pods, only its Service knows."""
    if platform.otlp_endpoint:
        found = urlsplit(platform.otlp_endpoint)
        _, namespace, *_ = (found.hostname or "").split(".")
        yield {"to": [_namespace(namespace)], "ports": [open_port(found.port or 4318, "TCP")]}


def _issuers(service: Microservice, facts: Facts) -> Iterator[dict[str, Any]]:
    """
    Whoever demands tokens asks their issuer for its keys, whoever sends them asks it for tokens.

    One inside the cluster is reached like a collector of traces, in every pod of its namespace; one outside like any public host.
    """
    demanded = (facts.provided[name].auth for name in service.spec.provides if name in facts.provided)
    issuers = [
        *(auth.issuer for auth in demanded if auth),
        *(token.issuer for token in tokens(service, facts).values()),
    ]
    allowed = (issuer for issuer in issuers if facts.platform.allows_issuer(issuer))
    for host, port in sorted({_address(issuer) for issuer in allowed}):
        parts = host.split(".")
        inside = len(parts) > 2 and (host.endswith(f".svc.{facts.platform.cluster_domain}") or parts[2:] == ["svc"])
        peers = [_namespace(parts[1])] if inside else _public(facts.platform)
        yield {"to": peers, "ports": [open_port(port, "TCP")]}


def _address(issuer: str) -> tuple[str, int]:
    found = urlsplit(issuer)
    return found.hostname or "", found.port or (443 if found.scheme == "https" else 80)


def _providers(service: Microservice, facts: Facts) -> Iterator[dict[str, Any]]:
    for use in service.spec.consumes:
        provider = facts.providers.get(use.reference)
        if provider is None:
            continue
        ports = provider.ports
        wanted = [open_port(*ports[name]) for name in sorted(set(use.ports or ports)) if name in ports]
        if wanted:
            yield {"to": [service_pods(provider.namespace, provider.object_name)], "ports": wanted}


def _outside(service: Microservice, facts: Facts) -> Iterator[dict[str, Any]]:
    for egress in service.spec.egress:
        peers = _destinations(egress, service, facts.platform)
        # An empty list of peers would mean every address.
        if peers:
            yield {"to": peers, "ports": [open_port(egress.port, egress.protocol)]}


def _destinations(egress: Egress, service: Microservice, platform: Platform) -> list[dict[str, Any]]:
    if egress.pods is not None:
        return [_unmanaged_pods(service.namespace, egress.pods)]
    if egress.cidr is not None:
        return list(_networks((egress.cidr,), platform.closed_networks))
    return _public(platform)


def _unmanaged_pods(namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Pods with these labels that belong to no Microservice: those are reached by ``consumes`` only."""
    unmanaged = {"key": conventions.LABEL_SERVICE, "operator": "DoesNotExist"}
    return _namespace(namespace) | {"podSelector": {"matchLabels": dict(labels), "matchExpressions": [unmanaged]}}


def _public(platform: Platform) -> list[dict[str, Any]]:
    shut = closed((*platform.private_networks, *platform.closed_networks))
    return list(_networks(("0.0.0.0/0", "::/0"), shut))


def _networks(cidrs: tuple[str, ...], shut: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Each network without the closed parts of it; none for one that is closed altogether."""
    for cidr in cidrs:
        found = without(cidr, shut)
        if found is not None:
            network, parts = found
            yield {"ipBlock": {"cidr": network} | ({"except": list(parts)} if parts else {})}


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: name}}}


def _pods(namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return _namespace(namespace) | ({"podSelector": {"matchLabels": dict(labels)}} if labels else {})


def service_pods(namespace: str, name: str) -> dict[str, Any]:
    """Of the service with this object name."""
    return _pods(namespace, {conventions.LABEL_SERVICE: name})


def open_port(number: int, protocol: str) -> dict[str, Any]:
    """As rules name it."""
    return {"port": number, "protocol": protocol}
