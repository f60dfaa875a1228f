"""
ServiceMonitor: where prometheus-operator's Prometheus reads.
"""

from concordat import conventions
from concordat.api import Microservice
from concordat.facts import Facts
from concordat.manifest import Manifest
from concordat.resources.metadata import metadata, selector


def build(service: Microservice, facts: Facts) -> Manifest | None:
    """Series carry the Service's name as ``job``, its team and tier, and the version of the pod they come from."""
    metrics = service.spec.telemetry.metrics
    if not metrics.enabled:
        return None

    common = metadata(service)
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {**common, "labels": {**common["labels"], **facts.platform.monitoring_labels}},
        "spec": {
            "jobLabel": conventions.LABEL_NAME,
            "targetLabels": [conventions.LABEL_TEAM, conventions.LABEL_TIER],
            "podTargetLabels": [conventions.LABEL_VERSION],
            "selector": {"matchLabels": selector(service)},
            "endpoints": [{"port": service.spec.metrics_port, "path": metrics.path, "interval": "30s"}],
        },
    }
