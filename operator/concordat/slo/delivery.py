"""
Rule groups as Kubernetes objects: for prometheus-operator, or for any Prometheus that reads rule files.
"""

from typing import Any

from concordat import conventions
from concordat.manifest import as_yaml
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
    """A ConfigMap with one rule file, as JSON, which is YAML."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(service, {RULES_LABEL: "1"}),
        "data": {file_name(service.namespace, service.name): rule_file(groups)},
    }


def file_name(namespace: str, name: str) -> str:
    """With both names: sidecars put the files of all namespaces into one folder. No name has an underscore."""
    return f"{namespace}_{name}.yaml"


def rule_file(groups: list[dict[str, Any]]) -> str:
    """What Prometheus reads."""
    return as_yaml({"groups": groups}).decode()


def condensed(manifest: dict[str, Any]) -> dict[str, Any]:
    """
    With each rule group as one text under the end of its name, after the service's: ``slo:availability``.

    To be compared or shown: nobody reads a hundred expressions.
    """
    groups = manifest.get("spec", {}).get("groups")
    if groups is None:
        return manifest
    named = {":".join(group["name"].split(":")[3:]): as_yaml(group["rules"]).decode() for group in groups}
    return {**manifest, "spec": {"groups": named}}


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
