"""
HorizontalPodAutoscaler: as many replicas as the load asks for.
"""

from typing import Any

from concordat.api import Microservice
from concordat.facts import Facts
from concordat.manifest import Manifest, object_name
from concordat.resources.metadata import metadata


def build(service: Microservice, facts: Facts) -> Manifest | None:
    """None where smallest and largest are the same: the Deployment states its size itself."""
    scaling = service.spec.scaling
    if scaling.min == scaling.max:
        return None

    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(service),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": object_name(service.name)},
            "minReplicas": scaling.min,
            "maxReplicas": scaling.max,
            "metrics": [
                _utilization(resource, percent)
                for resource, percent in (("cpu", scaling.cpu), ("memory", scaling.memory))
                if percent is not None
            ],
        },
    }


def _utilization(resource: str, percent: int) -> dict[str, Any]:
    return {
        "type": "Resource",
        "resource": {"name": resource, "target": {"type": "Utilization", "averageUtilization": percent}},
    }
