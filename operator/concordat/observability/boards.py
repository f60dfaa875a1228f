"""
A dashboard as a child: for grafana-operator, or for the sidecar of Grafana's chart.
"""

from typing import Any

from concordat.facts import Platform
from concordat.manifest import Manifest
from concordat.observability.dashboards.board import Dashboard
from concordat.observability.dashboards.delivery import FOLDER_ANNOTATION, SIDECAR_LABEL, compact


def for_operator(dashboard: Dashboard, metadata: dict[str, Any], *, folder: str, platform: Platform) -> Manifest:
    """A ``GrafanaDashboard``."""
    return {
        "apiVersion": "grafana.integreatly.org/v1beta1",
        "kind": "GrafanaDashboard",
        "metadata": metadata,
        "spec": {
            "instanceSelector": {"matchLabels": dict(platform.grafana_instances)},
            "allowCrossNamespaceImport": True,
            "folder": folder,
            "uid": dashboard.uid,
            "json": compact(dashboard),
        },
    }


def for_sidecar(dashboard: Dashboard, metadata: dict[str, Any], *, folder: str, key: str) -> Manifest:
    """A ConfigMap. All files share one directory in Grafana, so that ``key`` must be like no other."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            **metadata,
            "labels": {**metadata["labels"], SIDECAR_LABEL: "1"},
            "annotations": {FOLDER_ANNOTATION: folder},
        },
        "data": {key: compact(dashboard)},
    }
