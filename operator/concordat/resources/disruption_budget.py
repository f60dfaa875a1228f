"""
PodDisruptionBudget: a drained node takes few replicas at a time.
"""

from concordat.api import Microservice
from concordat.facts import Facts
from concordat.manifest import Manifest
from concordat.resources.metadata import metadata, selector


def build(service: Microservice, facts: Facts) -> Manifest | None:
    """
    None for a single replica: a budget could only stop the node's owner, never keep the service up.

    Kubernetes rounds the percentage up: one of up to ten replicas, two of twenty. Counting the missing instead of the
    present can never block a drain for good.
    """
    if service.spec.scaling.max == 1:
        return None

    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(service),
        "spec": {
            "maxUnavailable": "10%",
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": selector(service)},
        },
    }
