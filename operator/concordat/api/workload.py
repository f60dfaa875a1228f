"""
What runs: ports, health, environment, resources, replicas.
"""

from typing import Annotated, ClassVar

from pydantic import Field, Strict, StringConstraints

from concordat.api.schema.base import Check, Schema, matching
from concordat.api.values.quantity import quantity
from concordat.api.values.scalars import Cpu, EnvName, HttpPath, Key, Memory, ObjectName, PortName, PortNumber, Protocol

Flag = Annotated[bool, Strict()]
Seconds = Annotated[int, Strict(), Field(ge=1, le=300)]
Count = Annotated[int, Strict(), Field(ge=1, le=300)]
Percent = Annotated[int, Strict(), Field(ge=1, le=1000)]
Replicas = Annotated[int, Strict(), Field(ge=1, le=1000)]


class Port(Schema):
    """A named port of the container; Service, probes, policies and monitors follow the name."""

    port: PortNumber
    """Number the container listens on; the Service offers the same number, and the main port on 80 as well."""
    protocol: Protocol = "TCP"
    """Transport protocol."""
    app_protocol: (
        Annotated[
            str,
            StringConstraints(max_length=63),
            matching(
                "[a-z0-9]([-a-z0-9./]*[a-z0-9])?", "give a protocol as Services name it, e.g. http or kubernetes.io/h2c"
            ),
        ]
        | None
    ) = None
    """Application protocol of the Service port, e.g. `kubernetes.io/h2c` for gRPC behind a gateway."""


class Probe(Schema):
    """A probe spelled out. Without a path it only opens the port."""

    path: HttpPath | None = None
    """HTTP path that answers 2xx or 3xx."""
    port: PortName | None = None
    """Name of the port to probe; that of `health.port` if left out."""
    period_seconds: Seconds | None = None
    """Seconds between two probes: 10 for live, 5 for ready, 2 for startup if left out."""
    timeout_seconds: Seconds | None = None
    """Seconds until a probe without an answer has failed; 3 if left out."""
    failure_threshold: Count | None = None
    """Failures in a row that count: 3 for live and ready, 60 for startup if left out."""


class Probes(Schema):
    """Probes spelled out, where the shorthand does not say enough."""

    live: Probe | None = None
    """Restart the container when this fails."""
    ready: Probe | None = None
    """Send no traffic while this fails."""
    startup: Probe | None = None
    """Hold the other probes back until this has succeeded once; if left out, the liveness check for two minutes."""


def _either(name: str) -> Check:
    return Check(
        cel=f"!has(self.{name}) || !has(self.probes) || !has(self.probes.{name}) || !has(self.probes.{name}.path)",
        holds=lambda health: (
            not (getattr(health, name) and health.probes and (probe := getattr(health.probes, name)) and probe.path)
        ),
        message=f"give either health.{name} or health.probes.{name}.path, not both",
        path=f".{name}",
    )


class Health(Schema):
    """How to ask the service how it is. Left out: it is ready when its main port opens."""

    checks: ClassVar = (_either("live"), _either("ready"))

    live: HttpPath | None = None
    """Path of the liveness check: short for `probes.live.path`."""
    ready: HttpPath | None = None
    """Path of the readiness check: short for `probes.ready.path`."""
    port: PortName | None = None
    """Name of the port of every check that names none; the main port if left out."""
    probes: Probes | None = None
    """Probes spelled out, or only what differs from the defaults."""


class KeyReference(Schema):
    """One key of a Secret or ConfigMap of this namespace."""

    name: ObjectName
    """Name of the Secret or ConfigMap."""
    key: Key
    """Key inside it."""
    optional: Flag = False
    """Start the pod although it is missing."""


class EnvVar(Schema):
    """An environment variable: a value, or a key of a Secret or ConfigMap."""

    checks: ClassVar = (
        Check(
            cel="[has(self.value), has(self.secret), has(self.configMap)].filter(x, x).size() == 1",
            holds=lambda env: [env.value, env.secret, env.config_map].count(None) == 2,
            message="give exactly one of value, secret and configMap",
        ),
    )

    name: EnvName
    """Name of the variable."""
    value: Annotated[str, StringConstraints(max_length=4096)] | None = None
    """Its value, as it is: `$(OTHER)` is not expanded."""
    secret: KeyReference | None = None
    """Key of a Secret whose name is the service's own or starts with it and a dash."""
    config_map: KeyReference | None = None
    """Key of a ConfigMap."""


def _within(request: str, limit: str) -> Check:
    attribute = limit.replace("Limit", "_limit")
    return Check(
        cel=f"!has(self.{request}) || !has(self.{limit})"
        f" || !isQuantity(string(self.{request})) || !isQuantity(string(self.{limit}))"
        f" || quantity(string(self.{request})).compareTo(quantity(string(self.{limit}))) <= 0",
        holds=lambda resources: (
            not getattr(resources, attribute)
            or not getattr(resources, request)
            or quantity(getattr(resources, request)) <= quantity(getattr(resources, attribute))
        ),
        message=f"{limit} is below {request}: raise {limit}, lower {request}, or leave {limit} out",
        path=f".{limit}",
    )


class Resources(Schema):
    """CPU and memory. What is requested is also the limit of memory; CPU has no limit unless one is given."""

    checks: ClassVar = (_within("cpu", "cpuLimit"), _within("memory", "memoryLimit"))

    cpu: Cpu | None = None
    """Requested CPU, e.g. `250m`."""
    memory: Memory | None = None
    """Requested memory and its limit, e.g. `256Mi`."""
    cpu_limit: Cpu | None = None
    """Hard CPU limit; throttles, so better left out."""
    memory_limit: Memory | None = None
    """Limit of memory when it shall differ from the request."""


class Scaling(Schema):
    """Between which bounds, and by what. `min == max` is a fixed size without an autoscaler."""

    checks: ClassVar = (
        Check(
            cel="!has(self.min) || !has(self.max) || self.min <= self.max",
            holds=lambda scaling: scaling.min is None or scaling.max is None or scaling.min <= scaling.max,
            message="scaling.min is above scaling.max: lower min or raise max",
            path=".min",
        ),
    )

    min: Replicas | None = None
    """Fewest replicas."""
    max: Replicas | None = None
    """Most replicas."""
    cpu: Percent | None = None
    """Average CPU to aim at, in percent of the request."""
    memory: Percent | None = None
    """Average memory to aim at, in percent of the request."""
