"""
A dashboard as a Kubernetes object: for grafana-operator, or for the sidecar of Grafana's chart.
"""

import json
from typing import Any

from concordat import conventions
from concordat.dashboards.model import Dashboard

SIDECAR_LABEL = "grafana_dashboard"
FOLDER_ANNOTATION = "grafana_folder"


def grafana_dashboard(
    dashboard: Dashboard, *, name: str, namespace: str, folder: str, instances: dict[str, str]
) -> dict[str, Any]:
    """A ``GrafanaDashboard`` of grafana-operator, for the Grafana instances with the labels ``instances``."""
    return {
        "apiVersion": "grafana.integreatly.org/v1beta1",
        "kind": "GrafanaDashboard",
        "metadata": {"name": f"{name}-dashboard", "namespace": namespace, "labels": _labels(name)},
        "spec": {
            "instanceSelector": {"matchLabels": dict(instances)},
            "allowCrossNamespaceImport": True,
            "folder": folder,
            "uid": dashboard.uid,
            "json": as_json(dashboard, indent=None),
        },
    }


def config_map(dashboard: Dashboard, *, name: str, namespace: str, folder: str) -> dict[str, Any]:
    """
    A ConfigMap the sidecar finds by its label and puts into ``folder``.

    The key carries the namespace: the files of all namespaces share one directory, and equal names overwrite each other.
    """
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{name}-dashboard",
            "namespace": namespace,
            "labels": {**_labels(name), SIDECAR_LABEL: "1"},
            "annotations": {FOLDER_ANNOTATION: folder},
        },
        "data": {f"{namespace}-{name}.json": as_json(dashboard, indent=None)},
    }


def as_json(dashboard: Dashboard, *, indent: int | None = 2) -> str:
    """ASCII only, so that nothing depends on how it is stored."""
    return json.dumps(dashboard.json(), indent=indent, ensure_ascii=True) + "\n"


def _labels(name: str) -> dict[str, str]:
    return {
        conventions.LABEL_SERVICE: name,
        conventions.LABEL_NAME: name,
        conventions.LABEL_MANAGED_BY: conventions.MANAGED_BY,
    }
