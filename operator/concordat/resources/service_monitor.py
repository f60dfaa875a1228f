"""
ServiceMonitor: where prometheus-operator's Prometheus reads.
"""

from concordat.api import Microservice
from concordat.facts import Facts
from concordat.manifest import Manifest, conventions
from concordat.resources.metadata import metadata, selector

LABEL_LIMIT = 64
"""Labels of one series, those of its target included; ours have a dozen."""
LABEL_NAME_LENGTH, LABEL_VALUE_LENGTH = 256, 2048
"""Characters. A URL as a label fits; what somebody sent as a whole does not."""
BODY_SIZE = "32MB"
"""Of one answer, uncompressed; some 200,000 samples. Powers of 1024, as prometheus-operator reads it."""


def build(service: Microservice, facts: Facts) -> Manifest | None:
    """
    Series carry the Service's name as ``job``, its team and tier, and the version of the pod they come from.

    What exceeds a limit is not scraped at all, so that one service cannot fill the Prometheus of all.
    """
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
            **({"sampleLimit": facts.platform.sample_limit} if facts.platform.sample_limit else {}),
            "labelLimit": LABEL_LIMIT,
            "labelNameLengthLimit": LABEL_NAME_LENGTH,
            "labelValueLengthLimit": LABEL_VALUE_LENGTH,
            "bodySizeLimit": BODY_SIZE,
            "selector": {"matchLabels": selector(service)},
            "endpoints": [{"port": service.spec.metrics_port, "path": metrics.path, "interval": "30s"}],
        },
    }
