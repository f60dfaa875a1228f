"""
What is left unsaid, by tier.

The table is data: ``concordat explain`` prints it beside the fields it decided.
"""

from dataclasses import dataclass
from decimal import Decimal

from concordat.api.microservice import Metrics, Microservice, MicroserviceSpec, Telemetry, Tier
from concordat.api.objectives import FIXED_BUCKETS, OWN_METRICS, Objective, Profile, written
from concordat.api.traffic import Routing
from concordat.api.workload import Health, Probe, Probes, Resources, Scaling


@dataclass(frozen=True, kw_only=True)
class TierDefaults:
    """What a tier means."""

    min_replicas: int
    max_replicas: int
    cpu_percent: int
    """Average CPU an autoscaler aims at, in percent of the request."""
    cpu: str
    memory: str
    spread: bool
    """Keep replicas apart: over nodes, then over zones."""
    objectives: tuple[Objective, ...]
    """What its users may rely on."""


TIERS = {
    Tier.CRITICAL: TierDefaults(
        min_replicas=3,
        max_replicas=10,
        cpu_percent=60,
        cpu="250m",
        memory="256Mi",
        spread=True,
        objectives=(
            Objective(name="availability", target=99.9),
            Objective(name="latency", target=99.0, below="200ms"),
        ),
    ),
    Tier.STANDARD: TierDefaults(
        min_replicas=2,
        max_replicas=6,
        cpu_percent=70,
        cpu="100m",
        memory="256Mi",
        spread=True,
        objectives=(
            Objective(name="availability", target=99.5),
            Objective(name="latency", target=95.0, below="500ms"),
        ),
    ),
    Tier.BESTEFFORT: TierDefaults(
        min_replicas=1,
        max_replicas=1,
        cpu_percent=80,
        cpu="50m",
        memory="128Mi",
        spread=False,
        objectives=(),
    ),
}


PROBES = {
    "live": Probe(period_seconds=10, timeout_seconds=3, failure_threshold=3),
    "ready": Probe(period_seconds=5, timeout_seconds=3, failure_threshold=3),
    "startup": Probe(period_seconds=2, timeout_seconds=3, failure_threshold=60),
}
"""
What a probe does unless it says otherwise. Kubernetes' own timeout of one second restarts healthy pods under load; a
container has two minutes to start before its liveness counts.
"""


def resolve(service: Microservice) -> Microservice:
    """
    The same service with every default written out.

    A stated bound wins and carries the other along: ``min: 8`` alone raises a default ``max`` of 6 to 8.
    """
    tier = TIERS[service.spec.tier]
    spec = service.spec
    telemetry = _telemetry(spec)
    return service.model_copy(
        update={
            "spec": spec.model_copy(
                update={
                    "health": Health(probes=_probes(spec)),
                    "resources": _resources(spec.resources, tier),
                    "scaling": _scaling(spec.scaling, tier),
                    "routing": spec.routing and _routing(spec.routing, spec.main_port),
                    "objectives": _objectives(spec.objectives, tier, telemetry.metrics),
                    "telemetry": telemetry,
                }
            )
        }
    )


def _probes(spec: MicroserviceSpec) -> Probes:
    health, stated = spec.health, spec.health.probes or Probes()
    port = health.port or spec.main_port
    ready = _probe("ready", stated.ready, health.ready, port)
    checkable = spec.ports[ready.port or port].protocol == "TCP"
    live = _probe("live", stated.live, health.live, port) if health.live or stated.live else None
    startup = live or Probe(port=port)
    return Probes(
        live=live,
        ready=ready if checkable else None,
        startup=_probe("startup", stated.startup, startup.path, startup.port or port)
        if live or stated.startup
        else None,
    )


def _probe(kind: str, stated: Probe | None, path: str | None, port: str) -> Probe:
    said = {name: value for name, value in stated or () if value is not None}
    return PROBES[kind].model_copy(update={"path": path, "port": port} | said)


def _resources(stated: Resources, tier: TierDefaults) -> Resources:
    memory = stated.memory or stated.memory_limit or tier.memory
    return Resources(
        cpu=stated.cpu or stated.cpu_limit or tier.cpu,
        memory=memory,
        cpu_limit=stated.cpu_limit,
        memory_limit=stated.memory_limit or memory,
    )


def _scaling(stated: Scaling, tier: TierDefaults) -> Scaling:
    smallest = stated.min if stated.min is not None else min(tier.min_replicas, stated.max or tier.min_replicas)
    largest = stated.max if stated.max is not None else max(tier.max_replicas, smallest)
    by_default = None if stated.memory is not None else tier.cpu_percent
    return Scaling(
        min=smallest,
        max=largest,
        cpu=stated.cpu if stated.cpu is not None else by_default,
        memory=stated.memory,
    )


def _routing(stated: Routing, main_port: str) -> Routing:
    return stated.model_copy(update={"port": stated.port or main_port})


def _telemetry(spec: MicroserviceSpec) -> Telemetry:
    stated = spec.telemetry.metrics
    readable = spec.ports[spec.metrics_port].protocol == "TCP"
    metrics = stated.model_copy(update={"enabled": stated.enabled and readable, "port": spec.metrics_port})
    return spec.telemetry.model_copy(update={"metrics": metrics})


def _objectives(stated: tuple[Objective, ...] | None, tier: TierDefaults, metrics: Metrics) -> tuple[Objective, ...]:
    """By default nothing is promised that nobody could measure."""
    if stated is not None:
        return stated
    if metrics.profile in OWN_METRICS and not metrics.enabled:
        return ()
    return tuple(measurable(objective, metrics.profile) for objective in tier.objectives)


def promised(spec: MicroserviceSpec) -> Decimal | None:
    """Percent of all its requests that are served, as stated or by its tier; the strictest of several; None for none."""
    objectives = _objectives(spec.objectives, TIERS[spec.tier], _telemetry(spec).metrics)
    return max((one.percent for one in objectives if one.is_availability), default=None)


def measurable(objective: Objective, profile: Profile) -> Objective:
    """With the next larger threshold the profile has a bucket for: 200 ms is 250 ms under ``otel`` and ``istio``."""
    limit, buckets = objective.limit, FIXED_BUCKETS.get(profile)
    if limit is None or buckets is None:
        return objective
    return objective.model_copy(update={"below": written(min(bound for bound in buckets if bound >= limit))})
