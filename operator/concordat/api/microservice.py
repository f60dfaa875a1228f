"""
``Microservice``: what a service is, what it offers, what it uses.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, Strict, StringConstraints

from concordat.api.objectives import MEASURABLE, Objective, Profile
from concordat.api.schema.base import Check, Distinct, Schema, without_nulls
from concordat.api.traffic import Access, Consumption, Egress, Routing
from concordat.api.values.scalars import PORT_NAMES, BrokerName, DnsLabel, Image, ObjectName, PathPrefix, PortName
from concordat.api.workload import EnvVar, Flag, Health, Port, Resources, Scaling
from concordat.manifest import conventions


class Tier(StrEnum):
    """How much the service matters; chooses the defaults of everything left unsaid."""

    CRITICAL = "critical"
    STANDARD = "standard"
    BESTEFFORT = "besteffort"


class Metrics(Schema):
    """Where Prometheus reads."""

    enabled: Flag = True
    """Scrape at all."""
    port: PortName | None = None
    """Name of the port; the one called `metrics`, else the main port, if left out."""
    path: PathPrefix = "/metrics"
    """Path of the exposition."""
    profile: Profile = "default"
    """Who counts the requests, and under which names: the service by Concordat's, or OpenTelemetry's; Istio; the gateway."""


class Tracing(Schema):
    """Traces, by any OpenTelemetry SDK."""

    sample: Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    """Share of the traces begun here that are kept, e.g. `0.1`; as the SDK has it if left out."""


class Backlog(Schema):
    """What waits for the service at a message broker: on its dashboard, and an alert when it only grows."""

    queues: Annotated[tuple[BrokerName, ...], Field(max_length=32), Distinct()] = ()
    """RabbitMQ queues it consumes, as RabbitMQ's own Prometheus plugin counts them at `/metrics/detailed`."""
    consumer_groups: Annotated[tuple[BrokerName, ...], Field(max_length=32), Distinct()] = ()
    """Kafka consumer groups it is, as `kafka_exporter` counts them."""


class Telemetry(Schema):
    """What the service tells about itself, and others about it."""

    metrics: Metrics = Metrics()
    """Prometheus metrics."""
    tracing: Tracing = Tracing()
    """Traces; where they go is a setting of the platform."""
    backlog: Backlog = Backlog()
    """What waits for it."""


def main_port(protocols: Mapping[str, str]) -> str:
    """
    Of ports with their transport protocols, the one that is meant where none is named.

    The one called ``http``; else the first by name that is not called ``metrics``. TCP before UDP.
    """
    return min(protocols, key=lambda name: (protocols[name] != "TCP", name != "http", name == "metrics", name))


def _sorted(ports: dict[str, Port]) -> dict[str, Port]:
    """The API server stores maps sorted: what follows from their order must be the same before and after."""
    return dict(sorted(ports.items()))


def _clash(ports: Mapping[str, Port]) -> bool:
    return len({(port.port, port.protocol) for port in ports.values()}) < len(ports)


def _is_tcp(spec: "MicroserviceSpec", name: str | None) -> bool:
    return name is None or (name in spec.ports and spec.ports[name].protocol == "TCP")


def _names_a_port(path: str) -> Check:
    """``spec.<path>``, where given, is the name of a TCP port."""
    steps = path.split(".")
    missing = " || ".join(f"!has(self.{'.'.join(steps[: n + 1])})" for n in range(len(steps)))
    one = f"self.ports[self.{path}]"

    def holds(spec: "MicroserviceSpec") -> bool:
        value: Any = spec
        for step in steps:
            value = value and getattr(value, step)
        return _is_tcp(spec, value)

    return Check(
        cel=f"{missing} || (self.{path} in self.ports && (!has({one}.protocol) || {one}.protocol == 'TCP'))",
        holds=holds,
        message=f"{path} must be the name of a TCP port that stands in spec.ports",
        path=f".{path}",
    )


class MicroserviceSpec(Schema):
    """What a service is, what it offers, what it uses."""

    checks: ClassVar = (
        *map(
            _names_a_port,
            (
                "health.port",
                "health.probes.live.port",
                "health.probes.ready.port",
                "health.probes.startup.port",
                "routing.port",
                "telemetry.metrics.port",
            ),
        ),
        Check(
            cel="!has(self.routing) || self.ports.exists(n, !has(self.ports[n].protocol) || self.ports[n].protocol == 'TCP')",
            holds=lambda spec: not spec.routing or any(port.protocol == "TCP" for port in spec.ports.values()),
            message="a route needs a TCP port: add one to spec.ports",
            path=".routing",
        ),
        Check(
            cel="!has(self.health) || !(has(self.health.live) || has(self.health.ready) || has(self.health.probes))"
            " || self.ports.exists(n, !has(self.ports[n].protocol) || self.ports[n].protocol == 'TCP')",
            holds=lambda spec: (
                not (spec.health.live or spec.health.ready or spec.health.probes)
                or any(port.protocol == "TCP" for port in spec.ports.values())
            ),
            message="a health check needs a TCP port: add one to spec.ports",
            path=".health",
        ),
        *MEASURABLE,
    )

    team: DnsLabel
    """Who answers for it: label of everything built, routing of its alerts."""
    tier: Tier = Tier.STANDARD
    """How much it matters: chooses every default that is not stated."""
    image: Image
    """Container image with its tag or digest. It runs as uid 65532 on a read-only root; /tmp is writable."""
    args: Annotated[tuple[Annotated[str, StringConstraints(max_length=1024)], ...], Field(max_length=32)] = ()
    """Arguments to the image's entry point, as they are: `$(OTHER)` is not expanded."""
    ports: Annotated[
        dict[str, Port],
        Field(min_length=1, max_length=8),
        PORT_NAMES,
        Check(
            cel="self.all(a, self.all(b, a == b || self[a].port != self[b].port"
            " || (has(self[a].protocol) && self[a].protocol == 'UDP') != (has(self[b].protocol) && self[b].protocol == 'UDP')))",
            holds=lambda ports: not _clash(ports),
            message="two ports have the same number: give each its own",
        ),
        Check(
            cel="size(self) == 1 || self.all(name, name == 'http' || self[name].port != 80)",
            holds=lambda ports: len(ports) == 1 or all(name == "http" or ports[name].port != 80 for name in ports),
            message="port 80 of the Service is the main port, called http: give another port another number",
        ),
        AfterValidator(_sorted),
        BeforeValidator(without_nulls),
    ]
    """Named ports. The main one is called `http`; else it is the first by name that is not called `metrics`."""
    health: Health = Health()
    """How to ask it how it is."""
    env: Annotated[tuple[EnvVar, ...], Field(max_length=100), Distinct(by="name")] = ()
    """Environment variables."""
    resources: Resources = Resources()
    """CPU and memory."""
    scaling: Scaling = Scaling()
    """Replicas."""
    provides: Annotated[tuple[ObjectName, ...], Field(max_length=16), Distinct()] = ()
    """Contracts it serves, by name; consumers may refer to these instead of the service."""
    consumes: Annotated[
        tuple[Consumption, ...],
        Field(max_length=64),
        Check(
            cel="self.all(a, self.exists_one(b, (has(a.service) ? a.service : a.contract)"
            " == (has(b.service) ? b.service : b.contract)))",
            holds=lambda uses: len({use.reference for use in uses}) == len(uses),
            message="something is consumed twice: name it once, with all its ports",
        ),
    ] = ()
    """Services it calls."""
    access: Access = Access()
    """Who may call it from other namespaces."""
    egress: Annotated[tuple[Egress, ...], Field(max_length=64)] = ()
    """What it calls outside the platform's services."""
    routing: Routing | None = None
    """How the outside gets in."""
    objectives: Annotated[tuple[Objective, ...], Field(max_length=16), Distinct(by="name")] | None = None
    """What its users may rely on: rules, alerts and dashboards follow. Those of its tier if left out; `[]` for none."""
    telemetry: Telemetry = Telemetry()
    """What it tells about itself."""

    @property
    def main_port(self) -> str:
        """Name of the port everything means that names none."""
        return main_port({name: port.protocol for name, port in self.ports.items()})

    @property
    def metrics_port(self) -> str:
        """Name of the port Prometheus reads."""
        return self.telemetry.metrics.port or ("metrics" if "metrics" in self.ports else self.main_port)

    def contracts_used(self, namespace: str) -> "dict[str, dict[str, tuple[str, ...] | None] | None]":
        """
        What it uses of contracts, by ``namespace/name``: operations with what is read of their answers.

        ``None`` instead of operations, or of what is read, is all of them.
        """
        used: dict[str, dict[str, tuple[str, ...] | None] | None] = {}
        for use in self.consumes:
            if not use.contract:
                continue
            contract = use.contract if "/" in use.contract else f"{namespace}/{use.contract}"
            declared = None if use.uses is None else {one.operation: one.reads for one in use.uses}
            twice = contract in used
            used[contract] = None if twice and declared != used[contract] else declared
        return used

    @property
    def version(self) -> str:
        """Tag of the image, or its digest where it has none."""
        reference, _, digest = self.image.partition("@")
        _, colon, tag = reference.rpartition("/")[2].partition(":")
        return tag if colon else digest


def _secrets_are_ours(service: "Microservice") -> bool:
    names = [env.secret.name for env in service.spec.env if env.secret]
    return all(name == service.name or name.startswith(f"{service.name}-") for name in names)


class Microservice(Schema):
    """A Microservice with the part of its metadata that decides anything."""

    checks: ClassVar = (
        Check(
            # No startsWith: its estimated cost grows with the name, whose length the API server takes for unbounded.
            cel="!has(self.spec.env) || self.spec.env.all(e, !has(e.secret) || e.secret.name == self.metadata.name"
            " || (size(e.secret.name) > size(self.metadata.name)"
            " && e.secret.name.substring(0, size(self.metadata.name)) == self.metadata.name"
            " && e.secret.name.charAt(size(self.metadata.name)) == '-'))",
            holds=_secrets_are_ours,
            message="a secret in env must carry the service's name, or start with it and a dash:"
            " rename the Secret or copy the key",
            path=".spec.env",
        ),
    )

    name: ObjectName
    namespace: DnsLabel
    uid: str = ""
    generation: int = 0
    created: str = ""
    """``metadata.creationTimestamp``, RFC 3339: the oldest claim of a host wins."""
    paused: bool = False
    break_glass: str = ""
    """Why contracts are not asked this once; empty when they are."""
    spec: MicroserviceSpec

    @classmethod
    def of_metadata(cls, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """What else of a Kubernetes object's metadata decides something."""
        found = metadata.get("annotations")
        annotations = found if isinstance(found, dict) else {}
        return {
            "created": metadata.get("creationTimestamp") or "",
            "paused": annotations.get(conventions.ANNOTATION_PAUSED) == "true",
            "break_glass": annotations.get(conventions.ANNOTATION_BREAK_GLASS) or "",
        }

    @property
    def reference(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"
