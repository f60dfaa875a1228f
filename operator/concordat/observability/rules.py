"""
Rules and alerts: for prometheus-operator, or for any Prometheus that reads rule files.

Which of the two is decided by what the cluster serves, and follows when that changes.
"""

from typing import Any

from concordat.api import Microservice
from concordat.facts import Facts
from concordat.manifest import Manifest, object_name
from concordat.observability.slo.delivery import RULES_LABEL, file_name, rule_file
from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.service_alerts import service_group
from concordat.observability.subjects import objectives, workload
from concordat.resources import kinds
from concordat.resources.metadata import metadata


def resource(service: Microservice, facts: Facts) -> Manifest | None:
    """A ``PrometheusRule``, where prometheus-operator is installed."""
    if kinds.PROMETHEUS_RULE.kind not in facts.installed:
        return None

    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": _metadata(service, dict(facts.platform.monitoring_labels)),
        "spec": {"groups": every_group(service, facts)},
    }


def file(service: Microservice, facts: Facts) -> Manifest | None:
    """A ConfigMap with one rule file, where it is not."""
    if kinds.PROMETHEUS_RULE.kind in facts.installed:
        return None

    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(service, {RULES_LABEL: "1"}),
        "data": {file_name(service.namespace, object_name(service.name)): rule_file(every_group(service, facts))},
    }


def every_group(service: Microservice, facts: Facts) -> list[dict[str, Any]]:
    """Groups of its objectives, and the one of everything else that can go wrong."""
    of = objectives(service, facts)
    return [*groups(of), service_group(of.service, workload(service, facts), of.links)]


def _metadata(service: Microservice, labels: dict[str, str]) -> dict[str, Any]:
    common = metadata(service)
    return {**common, "name": f"{common['name']}-rules", "labels": {**common["labels"], **labels}}
