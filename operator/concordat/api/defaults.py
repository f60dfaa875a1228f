"""
What is left unsaid, by tier.

The table is data: ``concordat explain`` prints it beside the fields it decided.
"""

from dataclasses import dataclass

from concordat.api.microservice import Microservice, Resources, Scaling, Tier


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


TIERS = {
    Tier.CRITICAL: TierDefaults(
        min_replicas=3, max_replicas=10, cpu_percent=60, cpu="250m", memory="256Mi", spread=True
    ),
    Tier.STANDARD: TierDefaults(
        min_replicas=2, max_replicas=6, cpu_percent=70, cpu="100m", memory="256Mi", spread=True
    ),
    Tier.BESTEFFORT: TierDefaults(
        min_replicas=1, max_replicas=1, cpu_percent=80, cpu="50m", memory="128Mi", spread=False
    ),
}


def resolve(service: Microservice) -> Microservice:
    """
    The same service with every default of its tier written out.

    A stated bound wins and carries the other along: ``min: 8`` alone raises a default ``max`` of 6 to 8.
    """
    tier = TIERS[service.spec.tier]
    spec = service.spec
    return service.model_copy(
        update={
            "spec": spec.model_copy(
                update={"resources": _resources(spec.resources, tier), "scaling": _scaling(spec.scaling, tier)}
            )
        }
    )


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
