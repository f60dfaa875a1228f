"""
Rule groups as files that any Prometheus reads.
"""

from typing import Any

from concordat.manifest import as_yaml

RULES_LABEL = "prometheus-rules"
"""Label, with the value ``"1"``, of ConfigMaps that hold rule files; a sidecar or a projected volume selects on it."""


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
