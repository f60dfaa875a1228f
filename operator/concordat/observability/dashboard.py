"""
The dashboard: for grafana-operator, or for the sidecar of Grafana's chart.
"""

from typing import Any

from concordat.api import Microservice
from concordat.dashboards.delivery import FOLDER_ANNOTATION, SIDECAR_LABEL, compact, file_name
from concordat.dashboards.service import service_dashboard
from concordat.facts import Facts
from concordat.manifest import Manifest, object_name
from concordat.observability.subjects import drawn
from concordat.resources import kinds
from concordat.resources.metadata import metadata


def resource(service: Microservice, facts: Facts) -> Manifest | None:
    """A ``GrafanaDashboard``, where grafana-operator is installed."""
    if kinds.GRAFANA_DASHBOARD.kind not in facts.installed:
        return None

    dashboard = service_dashboard(drawn(service, facts))
    return {
        "apiVersion": "grafana.integreatly.org/v1beta1",
        "kind": "GrafanaDashboard",
        "metadata": _metadata(service),
        "spec": {
            "instanceSelector": {"matchLabels": dict(facts.platform.grafana_instances)},
            "allowCrossNamespaceImport": True,
            "folder": service.spec.team,
            "uid": dashboard.uid,
            "json": compact(dashboard),
        },
    }


def file(service: Microservice, facts: Facts) -> Manifest | None:
    """A ConfigMap, where it is not. The key carries the namespace: all files share one directory in Grafana."""
    if kinds.GRAFANA_DASHBOARD.kind in facts.installed:
        return None

    common = _metadata(service)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            **common,
            "labels": {**common["labels"], SIDECAR_LABEL: "1"},
            "annotations": {FOLDER_ANNOTATION: service.spec.team},
        },
        "data": {
            file_name(service.namespace, object_name(service.name)): compact(service_dashboard(drawn(service, facts)))
        },
    }


def _metadata(service: Microservice) -> dict[str, Any]:
    common = metadata(service)
    return {**common, "name": f"{common['name']}-dashboard"}
