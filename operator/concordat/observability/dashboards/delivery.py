"""
A dashboard as text, and how the sidecar of Grafana's chart finds it.
"""

import json

import orjson

from concordat.observability.dashboards.board import Dashboard

SIDECAR_LABEL = "grafana_dashboard"
FOLDER_ANNOTATION = "grafana_folder"


def file_name(namespace: str, name: str) -> str:
    """With both names: the files of all namespaces share one directory in Grafana. No name has an underscore."""
    return f"{namespace}_{name}.json"


def compact(dashboard: Dashboard) -> str:
    """As small and as fast as can be: a thousand of them are made in a row."""
    return orjson.dumps(dashboard.json()).decode()


def as_json(dashboard: Dashboard) -> str:
    """For people and files; ASCII only."""
    return json.dumps(dashboard.json(), indent=2, ensure_ascii=True) + "\n"
