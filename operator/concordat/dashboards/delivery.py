"""
A dashboard as a Kubernetes object: for grafana-operator, or for the sidecar of Grafana's chart.
"""

import json
from typing import Any

import orjson

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
            "json": compact(dashboard),
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
        "data": {file_name(namespace, name): compact(dashboard)},
    }


def file_name(namespace: str, name: str) -> str:
    """With both names, as above; no name has an underscore."""
    return f"{namespace}_{name}.json"


def compact(dashboard: Dashboard) -> str:
    """As small and as fast as can be: a thousand of them are made in a row."""
    return orjson.dumps(dashboard.json()).decode()


def as_json(dashboard: Dashboard) -> str:
    """For people and files; ASCII only."""
    return json.dumps(dashboard.json(), indent=2, ensure_ascii=True) + "\n"


def _labels(name: str) -> dict[str, str]:
    return {
        conventions.LABEL_SERVICE: name,
        conventions.LABEL_NAME: name,
        conventions.LABEL_MANAGED_BY: conventions.MANAGED_BY,
    }
