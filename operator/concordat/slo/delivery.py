"""
Rule groups as Kubernetes objects: for prometheus-operator, or for any Prometheus that reads rule files.
"""

import json
from typing import Any

from concordat import conventions
from concordat.slo.objective import ServiceIdentity

RULES_LABEL = "prometheus-rules"
"""Label, with the value ``"1"``, of ConfigMaps that hold rule files; a sidecar or a projected volume selects on it."""


def prometheus_rule(service: ServiceIdentity, groups: list[dict[str, Any]]) -> dict[str, Any]:
    """A ``PrometheusRule`` of prometheus-operator."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": _metadata(service, {}),
        "spec": {"groups": groups},
    }


def config_map(service: ServiceIdentity, groups: list[dict[str, Any]]) -> dict[str, Any]:
    """
    A ConfigMap with one rule file, as JSON, which is YAML.

    The key carries the namespace: sidecars put the files of all namespaces into one folder.
    """
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(service, {RULES_LABEL: "1"}),
        "data": {f"{service.namespace}-{service.name}.yaml": rule_file(groups)},
    }


def rule_file(groups: list[dict[str, Any]]) -> str:
    """What Prometheus reads."""
    return json.dumps({"groups": groups}, indent=1, ensure_ascii=True) + "\n"


def _metadata(service: ServiceIdentity, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "name": f"{service.name}-rules",
        "namespace": service.namespace,
        "labels": {
            conventions.LABEL_SERVICE: service.name,
            conventions.LABEL_NAME: service.name,
            conventions.LABEL_MANAGED_BY: conventions.MANAGED_BY,
            **labels,
        },
    }
