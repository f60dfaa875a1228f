"""
What the generated policies allow is what was declared, and the lifelines; nothing else.

Worlds of services are generated, their facts gathered by the operator's own code, their policies evaluated for every
pair of pods and every port.
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from concordat.api import Microservice, parse
from concordat.cli.offline import World
from concordat.facts import Platform
from concordat.resources import kinds
from tests.policies.evaluator import End, Policy, connects

NAMES = ("orders", "payments", "stock")
NAMESPACES = ("shop", "billing")
PORTS = {"http": 8011, "grpc": 8012, "metrics": 9013}
NUMBERS = (53, 443, 4318, 8011, 8012, 9013, 5432)

PROMETHEUS = End(name="prometheus", namespace="monitoring", address="10.0.0.11")
GATEWAY = End(name="gateway", namespace="gateway-system", address="10.0.0.12")
RESOLVER = End(name="coredns", namespace="kube-system", address="10.0.0.13", labels={"k8s-app": "kube-dns"})
NEIGHBOUR = End(name="neighbour", namespace="kube-system", address="10.0.0.14", labels={"k8s-app": "other"})
NODE_RESOLVER = End(name="node-local dns", address="169.254.20.10")
COLLECTOR = End(name="collector", namespace="traces", address="10.0.0.15", labels={"app": "collector"})
METADATA = End(name="instance metadata", address="169.254.169.254")
PUBLIC = End(name="public", address="198.51.100.11")
PUBLIC6 = End(name="public, version 6", address="2600::11")
PRIVATE = End(name="private", address="10.20.0.11")
STRANGERS = tuple(
    End(name=f"stranger of {namespace}", namespace=namespace, address=f"10.20.0.{number}", labels={"app": "database"})
    for number, namespace in enumerate(NAMESPACES, start=21)
)
OTHERS = (
    PROMETHEUS,
    GATEWAY,
    RESOLVER,
    COLLECTOR,
    NEIGHBOUR,
    NODE_RESOLVER,
    METADATA,
    PUBLIC,
    PUBLIC6,
    PRIVATE,
    *STRANGERS,
)


@st.composite
def worlds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to six services that consume each other, consent or not, and reach outside."""
    return [
        draw(declarations(namespace, name))
        for namespace in NAMESPACES
        for name in draw(st.sets(st.sampled_from(NAMES), min_size=1))
    ]


@st.composite
def declarations(draw: st.DrawFn, namespace: str, name: str) -> dict[str, Any]:
    ports = ["http", *sorted(draw(st.sets(st.sampled_from(["grpc", "metrics"]))))]
    targets = draw(st.sets(st.tuples(st.sampled_from(("", *NAMESPACES)), st.sampled_from(NAMES)), max_size=3))
    spec: dict[str, Any] = {
        "team": "checkout",
        "image": "example.com/x:1.11",
        "ports": {port: {"port": PORTS[port]} for port in ports},
        "provides": [f"{name}-api"],
        "access": {"namespaces": sorted(draw(st.sets(st.sampled_from(NAMESPACES))))},
        "env": [{"name": f"{target.upper()}{end}_URL", "value": ""} for target in NAMES for end in ("", "_API")],
        "consumes": [
            draw(st.sampled_from([{"service": reference}, {"contract": f"{reference}-api"}]))
            | draw(st.sampled_from([{}, {"ports": ["grpc"]}, {"ports": ["http", "metrics"]}, {"ports": ["nothing"]}]))
            for reference in sorted("/".join(filter(None, target)) for target in targets)
        ],
        "egress": [
            where | {"port": draw(st.sampled_from(NUMBERS))}
            for where in draw(
                st.lists(
                    st.sampled_from(
                        [
                            {"host": "example.com"},
                            {"cidr": "10.20.0.0/16"},
                            {"cidr": "0.0.0.0/0"},
                            {"pods": {"app": "database"}},
                        ]
                    ),
                    max_size=2,
                )
            )
        ],
        "telemetry": {"metrics": {"enabled": draw(st.booleans())}},
    }
    if draw(st.booleans()):
        spec["routing"] = {"hosts": [f"{name}.{namespace}.example.com"], "port": draw(st.sampled_from(ports))}
    return {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


@given(worlds())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_allowed_pairs_are_the_declared_edges_and_the_lifelines(manifests: list[dict[str, Any]]) -> None:
    """For every pair of ends and every port: open exactly if somebody declared it or no service can live without it."""
    services = [parse(manifest) for manifest in manifests]
    pods = {service.reference: pod(service, number) for number, service in enumerate(services)}
    ends = (*pods.values(), *OTHERS)
    policies = generated(manifests)

    allowed = {
        (source.name, target.name, port, protocol)
        for source in ends
        for target in ends
        for port in NUMBERS
        for protocol in ("TCP", "UDP")
        if source is not target
        and {source, target} & set(pods.values())
        and connects(policies, source, target, port, protocol)
    }

    expected = {edge for edge in declared(services, pods) if edge[0] != edge[1]}
    event(f"{len(expected) // 10 * 10} or more edges")
    assert expected == allowed


@given(worlds())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_no_rule_leaves_anything_open_by_leaving_it_out(manifests: list[dict[str, Any]]) -> None:
    """An empty list means "all": each side names its peers and ports, and does not rely on the other side's policy."""
    for policy in generated(manifests):
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for rule in policy["spec"][direction]:
                assert rule[peers]
                assert rule["ports"]
                assert all({} != peer for peer in rule[peers])


ISSUER_INSIDE = End(name="keycloak", namespace="identity", address="10.0.0.16", labels={"app": "keycloak"})
CONTRACT = """
openapi: 3.1.0
info: {title: payments, version: 1.1.0}
paths: {/payments: {post: {operationId: pay, responses: {"200": {description: ok}}}}}
"""


@pytest.mark.parametrize(
    ("issuer", "reached", "port"),
    [
        ("http://keycloak.identity.svc:8014/realms/shop", ISSUER_INSIDE, 8014),
        ("https://keycloak.identity.svc.cluster.local/realms/shop", ISSUER_INSIDE, 443),
        ("https://id.example.com", PUBLIC, 443),
        ("https://id.example.com:8443/realms/shop", PUBLIC, 8443),
    ],
)
def test_who_demands_tokens_and_who_asks_for_them_reach_the_issuer_and_nobody_else_does(
    issuer: str, reached: End, port: int
) -> None:
    """
    For its keys, and for tokens; by its own port alone, and never what is not a public address.

    One inside the cluster only where the platform lists it: it would be a way into another namespace.
    """
    auth = {"issuer": issuer, "scopes": {"pay": ["write"]}}
    contract = {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "ServiceContract",
        "metadata": {"name": "payments-api", "namespace": "shop"},
        "spec": {"type": "openapi", "version": "1.1.0", "document": {"inline": CONTRACT}, "auth": auth},
    }
    uses = {"contract": "payments-api", "uses": [{"operation": "pay"}]}
    manifests = [contract, *map(_service, ("payments", "orders", "stranger"))]
    manifests[1]["spec"]["provides"] = ["payments-api"]
    manifests[2]["spec"]["consumes"] = [uses | {"scopes": ["write"]}]
    unlisted = generated(manifests)
    policies = generated(manifests, token_issuers=(issuer,))
    ends = {
        name: End(name=name, namespace="shop", address=f"10.30.0.{number}", labels={"concordat.dev/service": name})
        for number, name in enumerate(("payments", "orders", "stranger"), start=1)
    }
    far = (*OTHERS, ISSUER_INSIDE)
    opened = {
        (name, end.name, number)
        for name, source in ends.items()
        for end in far
        for number in (443, 8014, 8443)
        if connects(policies, source, end, number, "TCP")
    }
    public = {PUBLIC.name, PUBLIC6.name} if reached is PUBLIC else {reached.name}
    assert {(name, end, port) for name in ("payments", "orders") for end in public} == opened
    if reached is ISSUER_INSIDE:
        assert not any(connects(unlisted, source, ISSUER_INSIDE, port, "TCP") for source in ends.values())


def _service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"team": "checkout", "image": "example.com/x:1.11", "ports": {"http": {"port": 8011}}},
    }


def generated(manifests: Sequence[Mapping[str, Any]], *, token_issuers: tuple[str, ...] = ()) -> list[Policy]:
    """The policies of a whole world."""
    platform = Platform(otlp_endpoint="http://collector.traces:4318", token_issuers=token_issuers)
    world = World(manifests, platform=platform)
    plans = [world.planned(service) for service in world.services]
    assert [] == [violation for plan in plans for violation in plan.violations]
    return [child.manifest for plan in plans for child in plan.children if child.kind is kinds.NETWORK_POLICY]


def pod(service: Microservice, number: int) -> End:
    return End(
        name=service.reference,
        namespace=service.namespace,
        address=f"10.30.0.{number + 1}",
        labels={"concordat.dev/service": service.name},
    )


Edge = tuple[str, str, int, str]


def declared(services: Sequence[Microservice], pods: Mapping[str, End]) -> Iterator[Edge]:
    """Every connection that must work, from the declarations alone: written without a look at the builder."""
    by_name = {service.reference: service for service in services}
    for service in services:
        me = service.reference
        for protocol in ("UDP", "TCP"):
            yield me, RESOLVER.name, 53, protocol
            yield me, NODE_RESOLVER.name, 53, protocol
        yield me, COLLECTOR.name, 4318, "TCP"
        if service.spec.telemetry.metrics.enabled:
            yield PROMETHEUS.name, me, PORTS["metrics" if "metrics" in service.spec.ports else "http"], "TCP"
        if service.spec.routing:
            yield GATEWAY.name, me, PORTS[service.spec.routing.port or ""], "TCP"
        for use in service.spec.consumes:
            namespace, _, name = use.reference.rpartition("/")
            provider = by_name.get(f"{namespace or service.namespace}/{name.removesuffix('-api')}")
            if provider is None:
                continue
            if provider.namespace != service.namespace and service.namespace not in provider.spec.access.namespaces:
                continue
            offered = {port for port in provider.spec.ports if port != "metrics"}
            for port in offered & set(use.ports or offered):
                yield me, provider.reference, PORTS[port], "TCP"
        yield from outside(service, [*pods.values(), *OTHERS])


def outside(service: Microservice, ends: Sequence[End]) -> Iterator[Edge]:
    """What ``egress`` opens; a service behind its own policy stays closed to it."""
    for egress in service.spec.egress:
        for end in ends:
            if end.labels.get("concordat.dev/service"):
                continue
            address = ip_address(end.address)
            reached = (
                (egress.host and address.is_global | (end in (PUBLIC, PUBLIC6)))
                or (egress.pods and end.labels.get("app") == "database" and end.namespace == service.namespace)
                or (
                    egress.cidr
                    and not address.is_link_local  # instance metadata, and the node's own resolver
                    and address.version == 4
                    and address in ip_network(egress.cidr)
                )
            )
            if reached:
                yield service.reference, end.name, egress.port, "TCP"
