"""
``Microservice``: what a service is, what it offers, what it uses.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from concordat import conventions
from concordat.api.schema import (
    ENV_NAME,
    IMAGE,
    DnsLabel,
    Host,
    HttpPath,
    ObjectName,
    PortName,
    PortNumber,
    Quantity,
    Reference,
    Schema,
    cel,
    rules,
)
from concordat.errors import InvalidInput, Problem


class Tier(StrEnum):
    """How much the service matters; chooses the defaults of everything left unsaid."""

    CRITICAL = "critical"
    STANDARD = "standard"
    BESTEFFORT = "besteffort"


class Port(Schema):
    """A named port of the container; Service, probes, policies and monitors follow the name."""

    port: PortNumber
    """Number the container listens on; the Service offers the same number."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """Transport protocol."""
    app_protocol: (
        Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9./]*[a-z0-9])?$", max_length=63)] | None
    ) = None
    """Application protocol of the Service port, e.g. `kubernetes.io/h2c` for gRPC behind a gateway."""


class Probe(Schema):
    """A probe spelled out. Without a path it only opens the port."""

    path: HttpPath | None = None
    """HTTP path that answers 2xx or 3xx."""
    port: PortName | None = None
    """Name of the port to probe; the main port if left out."""
    period_seconds: Annotated[int, Field(ge=1, le=300)] | None = None
    """Seconds between two probes: 10 for live, 5 for ready, 2 for startup if left out."""
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] | None = None
    """Seconds until a probe without an answer has failed; 3 if left out."""
    failure_threshold: Annotated[int, Field(ge=1, le=300)] | None = None
    """Failures in a row that count: 3 for live and ready, 60 for startup if left out."""


class Probes(Schema):
    """Probes spelled out, where the shorthand does not say enough."""

    live: Probe | None = None
    """Restart the container when this fails."""
    ready: Probe | None = None
    """Send no traffic while this fails."""
    startup: Probe | None = None
    """Hold the other probes back until this has succeeded once; the liveness check for up to two minutes if left out."""


class Health(Schema):
    """How to ask the service how it is. Left out: it is ready when its main port opens."""

    model_config = Schema.model_config | {
        "json_schema_extra": rules(
            cel(
                "!(has(self.live) && has(self.probes) && has(self.probes.live))",
                "give either health.live or health.probes.live, not both",
            ),
            cel(
                "!(has(self.ready) && has(self.probes) && has(self.probes.ready))",
                "give either health.ready or health.probes.ready, not both",
            ),
        )
    }

    live: HttpPath | None = None
    """Path of the liveness check: shorthand for `probes.live.path`."""
    ready: HttpPath | None = None
    """Path of the readiness check: shorthand for `probes.ready.path`."""
    port: PortName | None = None
    """Name of the port both shorthands use; the main port if left out."""
    probes: Probes | None = None
    """Probes spelled out."""


class KeyReference(Schema):
    """One key of a Secret or ConfigMap of this namespace."""

    name: ObjectName
    """Name of the Secret or ConfigMap."""
    key: Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]
    """Key inside it."""
    optional: bool = False
    """Start the pod although it is missing."""


class EnvVar(Schema):
    """An environment variable: a value, or a key of a Secret or ConfigMap."""

    model_config = Schema.model_config | {
        "json_schema_extra": rules(
            cel(
                "[has(self.value), has(self.secret), has(self.configMap)].filter(x, x).size() == 1",
                "give exactly one of value, secret and configMap",
            )
        )
    }

    name: Annotated[str, StringConstraints(pattern=ENV_NAME, max_length=128)]
    """Name of the variable."""
    value: Annotated[str, StringConstraints(max_length=4096)] | None = None
    """Its value, as it is: `$(OTHER)` is not expanded."""
    secret: KeyReference | None = None
    """Key of a Secret whose name is the service's own or starts with it and a dash."""
    config_map: KeyReference | None = None
    """Key of a ConfigMap."""


class Resources(Schema):
    """CPU and memory. What is requested is also the limit of memory; CPU has no limit unless one is given."""

    cpu: Quantity | None = None
    """Requested CPU, e.g. `250m`."""
    memory: Quantity | None = None
    """Requested memory and its limit, e.g. `256Mi`."""
    cpu_limit: Quantity | None = None
    """Hard CPU limit; throttles, so better left out."""
    memory_limit: Quantity | None = None
    """Limit of memory when it shall differ from the request."""


class Scaling(Schema):
    """Between which bounds, and by what. `min == max` is a fixed size without an autoscaler."""

    model_config = Schema.model_config | {
        "json_schema_extra": rules(
            cel(
                "!has(self.min) || !has(self.max) || self.min <= self.max",
                "scaling.min is above scaling.max: lower min or raise max",
                field_path=".min",
            )
        )
    }

    min: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Fewest replicas."""
    max: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Most replicas."""
    cpu: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Average CPU to aim at, in percent of the request."""
    memory: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Average memory to aim at, in percent of the request."""


class Consumption(Schema):
    """Another service this one calls: opens the network policy on both sides and injects its URL."""

    model_config = Schema.model_config | {
        "json_schema_extra": rules(
            cel("has(self.service) != has(self.contract)", "give exactly one of service and contract")
        )
    }

    service: Reference | None = None
    """A Microservice: `name`, or `namespace/name`."""
    contract: Reference | None = None
    """A contract some Microservice provides: `name`, or `namespace/name`."""
    ports: Annotated[tuple[PortName, ...], Field(max_length=8)] = ()
    """Names of the provider's ports; all but its metrics port if left out."""

    @property
    def reference(self) -> str:
        """What was asked for, as it was written."""
        return self.service or self.contract or ""


class Access(Schema):
    """Who may consume this service from elsewhere; its own namespace always may."""

    namespaces: Annotated[tuple[DnsLabel, ...], Field(max_length=64)] = ()
    """Namespaces whose services may call this one."""


class Egress(Schema):
    """Something outside the platform's services that this one calls."""

    model_config = Schema.model_config | {
        "json_schema_extra": rules(
            cel(
                "[has(self.host), has(self.cidr), has(self.pods)].filter(x, x).size() == 1",
                "give exactly one of host, cidr and pods",
            )
        )
    }

    host: Host | None = None
    """A public host. Network policies know addresses only: this opens the port to every public address."""
    cidr: Annotated[str, StringConstraints(max_length=43)] | None = Field(
        default=None, json_schema_extra=rules(cel("isCIDR(self)", "egress cidr must be a network like 10.20.0.0/16"))
    )
    """A network, e.g. `10.20.0.0/16`."""
    pods: (
        Annotated[
            dict[
                Annotated[str, StringConstraints(max_length=317)],
                Annotated[
                    str, StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", max_length=63)
                ],
            ],
            Field(min_length=1, max_length=8),
        ]
        | None
    ) = None
    """Labels of pods of this namespace that no Microservice describes, e.g. a database."""
    port: PortNumber
    """Port to reach there."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """Transport protocol."""


class Gateway(Schema):
    """The Gateway that carries the route; the platform's own if left out."""

    name: DnsLabel
    """Name of the Gateway."""
    namespace: DnsLabel | None = None
    """Its namespace; the service's own if left out."""
    section_name: DnsLabel | None = None
    """Listener of the Gateway; all if left out."""


class Routing(Schema):
    """How the world outside the cluster gets in."""

    provider: Literal["gateway-api"] = "gateway-api"
    """What carries the route."""
    hosts: Annotated[tuple[Host, ...], Field(min_length=1, max_length=16)]
    """Host names; the oldest claim of a host wins."""
    paths: Annotated[tuple[HttpPath, ...], Field(min_length=1, max_length=16)] = ("/",)
    """Path prefixes."""
    port: PortName | None = None
    """Name of the port that serves them; the main port if left out."""
    gateway: Gateway | None = None
    """The Gateway to attach to."""


class Metrics(Schema):
    """Where Prometheus reads."""

    enabled: bool = True
    """Scrape at all."""
    port: PortName | None = None
    """Name of the port; the one called `metrics`, else the main port, if left out."""
    path: HttpPath = "/metrics"
    """Path of the exposition."""


class Telemetry(Schema):
    """What the service tells about itself."""

    metrics: Metrics = Metrics()
    """Prometheus metrics."""


def _sorted(ports: dict[str, Port]) -> dict[str, Port]:
    """The API server stores maps sorted: what follows from their order must be the same before and after."""
    return dict(sorted(ports.items()))


class MicroserviceSpec(Schema):
    """What a service is, what it offers, what it uses."""

    team: DnsLabel
    """Who answers for it: label of everything built, routing of its alerts."""
    tier: Tier = Tier.STANDARD
    """How much it matters: chooses every default that is not stated."""
    image: Annotated[str, StringConstraints(pattern=IMAGE, min_length=1, max_length=512)]
    """Container image with a tag or digest. It runs as uid 65532 on a read-only root; /tmp is writable."""
    args: Annotated[tuple[Annotated[str, StringConstraints(max_length=1024)], ...], Field(max_length=32)] = ()
    """Arguments to the image's entry point."""
    ports: Annotated[
        dict[PortName, Port],
        AfterValidator(_sorted),
        Field(
            min_length=1,
            max_length=8,
            json_schema_extra=rules(
                cel(
                    "self.all(name, name.matches('^[a-z]([-a-z0-9]{0,13}[a-z0-9])?$'))",
                    "a port name starts with a letter and has at most 15 lower-case letters, digits and dashes",
                ),
                cel(
                    "self.all(a, self.all(b, a == b || self[a].port != self[b].port || self[a].protocol != self[b].protocol))",
                    "two ports have the same number: give each its own",
                ),
            ),
        ),
    ]
    """Named ports. The main one is called `http`; else it is the first by name that is not called `metrics`."""
    health: Health = Health()
    """How to ask it how it is."""
    env: Annotated[
        tuple[EnvVar, ...],
        Field(
            max_length=100, json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
        ),
    ] = ()
    """Environment variables."""
    resources: Resources = Resources()
    """CPU and memory."""
    scaling: Scaling = Scaling()
    """Replicas."""
    provides: Annotated[
        tuple[ObjectName, ...], Field(max_length=16, json_schema_extra={"x-kubernetes-list-type": "set"})
    ] = ()
    """Contracts it serves, by name; consumers may refer to these instead of the service."""
    consumes: Annotated[tuple[Consumption, ...], Field(max_length=64)] = ()
    """Services it calls."""
    access: Access = Access()
    """Who may call it from other namespaces."""
    egress: Annotated[tuple[Egress, ...], Field(max_length=64)] = ()
    """What it calls outside the platform's services."""
    routing: Routing | None = None
    """How the outside gets in."""
    telemetry: Telemetry = Telemetry()
    """What it tells about itself."""

    @property
    def main_port(self) -> str:
        """Name of the port everything means that names none."""
        return main_port(self.ports)

    @property
    def metrics_port(self) -> str:
        """Name of the port Prometheus reads."""
        return self.telemetry.metrics.port or ("metrics" if "metrics" in self.ports else self.main_port)

    @property
    def version(self) -> str:
        """Tag of the image, or its digest where it has none."""
        reference, _, digest = self.image.partition("@")
        _, colon, tag = reference.rsplit("/", 1)[-1].partition(":")
        return tag if colon else digest

    @model_validator(mode="before")
    @classmethod
    def _nulls_are_absent(cls, value: Any) -> Any:
        """``health:`` with nothing behind it is what people leave while editing; the API server prunes it as well."""
        if not isinstance(value, Mapping):
            return value
        return {key: item for key, item in value.items() if item is not None}


def main_port(names: Iterable[str]) -> str:
    """The port called ``http``; else the first by name that is not called ``metrics``; else that one."""
    return min(names, key=lambda name: (name != "http", name == "metrics", name))


class Microservice(Schema):
    """A Microservice with the part of its metadata that decides anything."""

    name: str
    namespace: str
    uid: str = ""
    generation: int = 0
    created: str = ""
    """``metadata.creationTimestamp``, RFC 3339: the oldest claim of a host wins."""
    paused: bool = False
    spec: MicroserviceSpec

    @property
    def reference(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"


def parse(manifest: Mapping[str, Any], *, namespace: str = "default") -> Microservice:
    """
    The Microservice in a Kubernetes object.

    Raises :exc:`InvalidInput` with one problem per wrong field, its path written as in the YAML.
    """
    if manifest.get("apiVersion") != conventions.API_VERSION or manifest.get("kind") != conventions.MICROSERVICE:
        found = f"{manifest.get('apiVersion')}/{manifest.get('kind')}"
        raise InvalidInput(
            (Problem(path="kind", message=f"expected {conventions.API_VERSION}/Microservice, found {found}"),)
        )

    metadata = manifest.get("metadata") or {}
    if not metadata.get("name"):
        raise InvalidInput((Problem(path="metadata.name", message="give the service a name"),))
    annotations = metadata.get("annotations") or {}
    try:
        return Microservice(
            name=metadata["name"],
            namespace=metadata.get("namespace") or namespace,
            uid=metadata.get("uid") or "",
            generation=metadata.get("generation") or 0,
            created=metadata.get("creationTimestamp") or "",
            paused=annotations.get(conventions.ANNOTATION_PAUSED) == "true",
            spec=MicroserviceSpec.model_validate(manifest.get("spec") or {}),
        )
    except ValidationError as error:
        raise InvalidInput(tuple(_problem(detail["loc"], detail["msg"]) for detail in error.errors())) from None


def _problem(location: tuple[int | str, ...], message: str) -> Problem:
    path = "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return Problem(path=path, message=message)
