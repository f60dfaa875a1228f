"""
Other inputs, each different in one point: what moves with it, comes from it.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from concordat.api import Microservice, Tier, resolve
from concordat.facts import Consumer, Facts, Platform, Provider
from concordat.manifest.difference import Path, leaves, written
from concordat.plan.explain.spec import (
    POOL,
    SCHEMA,
    left_out,
    other_values_of,
    parsed,
    parts,
    port_renamed,
    removed,
    replaced,
    stated_spec,
)


class Source(StrEnum):
    """Where a field can come from, the nearest first."""

    SPEC = "spec"
    """Stated in the Microservice."""
    METADATA = "metadata"
    """Its name or namespace."""
    TIER = "tier"
    """A default of its tier."""
    DEFAULT = "default"
    """A default that is the same for all."""
    CLUSTER = "cluster"
    """Another service, or an installed API."""
    PLATFORM = "platform"
    """The operator's own configuration."""
    RULE = "rule"
    """Cannot be changed; there is a reason."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The one thing that is different."""

    source: Source
    where: str
    """``spec.scaling.min``, ``platform.dns_pods``, ``consumer shop/web``."""


Other = tuple[Point, Microservice, Facts]


def other_values(service: Microservice, facts: Facts) -> Iterator[Other]:
    """Every input changed to another value; nothing taken away."""
    stated = stated_spec(service)
    for path, value in leaves(stated).items():
        if path != ("tier",):
            yield from _specs(service, facts, Source.SPEC, path, stated, other_values_of(value, stated))
    for name in stated["ports"]:
        renamed = parsed(service, port_renamed(stated, name, f"{name[:14]}x"))
        if renamed:
            yield Point(source=Source.SPEC, where=f"spec.ports.{name}"), renamed, facts
    yield from _metadata(service, facts)
    yield from _facts(service, facts)


def other_tiers(service: Microservice, facts: Facts) -> Iterator[Other]:
    """Every other tier."""
    for tier in Tier:
        if tier is not service.spec.tier:
            changed = service.model_copy(update={"spec": service.spec.model_copy(update={"tier": tier})})
            yield Point(source=Source.TIER, where=service.spec.tier.value), changed, facts


def unstated(service: Microservice, facts: Facts) -> Iterator[Other]:
    """Every field that is left out, stated."""
    stated = stated_spec(service)
    for path, kind in left_out(stated, SCHEMA):
        if path != ("tier",):
            values = tuple(dict.fromkeys(POOL[kind] + _nearby(kind, stated)))
            promised = (_promised(service),) if path == ("objectives",) else ()
            yield from _specs(service, facts, Source.DEFAULT, path, stated, values + promised)


def _nearby(kind: str, stated: dict[str, Any]) -> tuple[Any, ...]:
    """Values from elsewhere in the spec, which may be valid here as well."""
    if kind == "integer":
        return tuple(value for value in leaves(stated).values() if type(value) is int)
    return tuple(stated["ports"]) if kind in ("string", "boolean") else ()


def _promised(service: Microservice) -> list[dict[str, Any]]:
    """The objectives of its tier with other targets."""
    found = [
        one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in resolve(service).spec.objectives or ()
    ]
    return [{**one, "target": round(one["target"] - 0.7, 3)} for one in found]


def without(service: Microservice, facts: Facts) -> Iterator[Other]:
    """Every stated part taken away, the smallest parts first; every neighbour; every installed API."""
    stated = stated_spec(service)
    for path in sorted(parts(stated), key=len, reverse=True):
        less = parsed(service, removed(stated, path))
        if less:
            yield Point(source=Source.SPEC, where=written(("spec", *path), {"spec": stated})), less, facts
    for reference in facts.providers:
        rest = {other: provider for other, provider in facts.providers.items() if other != reference}
        yield _cluster(f"provider {reference}"), service, dataclasses.replace(facts, providers=rest)
    for consumer in facts.consumers:
        others = tuple(other for other in facts.consumers if other != consumer)
        name = f"consumer {consumer.namespace}/{consumer.name}"
        yield _cluster(name), service, dataclasses.replace(facts, consumers=others)
    for kind in sorted(facts.installed):
        yield _cluster(f"installed {kind}"), service, dataclasses.replace(facts, installed=facts.installed - {kind})


def _specs(
    service: Microservice, facts: Facts, source: Source, path: Path, stated: dict[str, Any], values: tuple[Any, ...]
) -> Iterator[Other]:
    for value in values:
        changed = parsed(service, replaced(stated, path, value))
        if changed:
            yield (
                Point(source=source, where=written(("spec", *path), {"spec": replaced(stated, path, value)})),
                changed,
                facts,
            )


def _metadata(service: Microservice, facts: Facts) -> Iterator[Other]:
    yield _of_metadata("name"), _renamed(service), facts
    yield _of_metadata("namespace"), service.model_copy(update={"namespace": f"{service.namespace}-x"}), facts
    yield _of_metadata("uid"), service.model_copy(update={"uid": f"{service.uid}-x"}), facts


def _renamed(service: Microservice) -> Microservice:
    return service.model_copy(update={"name": f"{service.name}-x"})


_OTHER_PLATFORM = Platform(
    gateway_namespace="x-gateway",
    gateway_name="x-gateway",
    gateway_pods={"x": "gateway"},
    monitoring_namespace="x-monitoring",
    dns_namespace="x-dns",
    dns_pods={"x": "dns"},
    dns_addresses=("192.0.2.53/32",),
    dns_ports=(5353,),
    cluster_domain="x.local",
    private_networks=("192.0.2.0/24", "2001:db8::/32"),
    metadata_addresses=("192.0.2.254/32",),
    cluster_networks=("198.51.100.0/24",),
    token_issuers=("http://x.x-identity.svc:8080",),
    monitoring_labels={"x": "monitoring"},
    grafana_url="https://x-grafana",
    grafana_instances={"x": "grafana"},
    runbooks_url="https://x-runbooks",
    otlp_endpoint="http://x.x-traces:4317",
    traces_url="https://x-traces",
    logs_url="https://x-logs",
    alerts_url="https://x-alerts",
)


def _facts(service: Microservice, facts: Facts) -> Iterator[Other]:
    for field in dataclasses.fields(Platform):
        platform = dataclasses.replace(facts.platform, **{field.name: getattr(_OTHER_PLATFORM, field.name)})
        point = Point(source=Source.PLATFORM, where=f"platform.{field.name}")
        yield point, service, dataclasses.replace(facts, platform=platform)
    for reference, provider in facts.providers.items():
        for changed in _other_providers(provider):
            providers = {**facts.providers, reference: changed}
            yield _cluster(f"provider {reference}"), service, dataclasses.replace(facts, providers=providers)
    for position, consumer in enumerate(facts.consumers):
        for moved in _other_consumers(consumer):
            consumers = (*facts.consumers[:position], moved, *facts.consumers[position + 1 :])
            name = f"consumer {consumer.namespace}/{consumer.name}"
            yield _cluster(name), service, dataclasses.replace(facts, consumers=consumers)


def _other_providers(provider: Provider) -> Iterator[Provider]:
    yield dataclasses.replace(provider, object_name=f"{provider.object_name}-x", name=f"{provider.name}-x")
    yield dataclasses.replace(provider, namespace=f"{provider.namespace}-x")
    for change in (lambda number, protocol: (number + 1, protocol), lambda number, protocol: (number, "SCTP")):
        yield dataclasses.replace(provider, ports={name: change(*port) for name, port in provider.ports.items()})


def _other_consumers(consumer: Consumer) -> Iterator[Consumer]:
    yield dataclasses.replace(consumer, name=f"{consumer.name}-x")
    yield dataclasses.replace(consumer, namespace=f"{consumer.namespace}-x")


def _of_metadata(name: str) -> Point:
    return Point(source=Source.METADATA, where=f"metadata.{name}")


def _cluster(where: str) -> Point:
    return Point(source=Source.CLUSTER, where=where)
