"""
A real helm and what it renders.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from concordat.manifest import Manifest

CHART = Path(__file__).parents[2] / "charts" / "concordat"
NAMESPACE = "concordat-system"
"""Where the release is installed; not one of those it looks after."""

DASHBOARD: dict[str, Any] = json.loads((CHART / "files" / "dashboards" / "operator.json").read_text())

EVERYTHING: dict[str, Any] = {
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "dashboard": {"enabled": True},
    "networkPolicy": {"enabled": True, "apiServer": ["10.11.12.13/32"]},
    "priorityClassName": "system-cluster-critical",
    "imagePullSecrets": [{"name": "registry"}],
    "podLabels": {"cost-centre": "platform"},
    "podAnnotations": {"example.com/note": "eleven"},
    "serviceAccount": {"annotations": {"example.com/role": "reader"}},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "platform", "operator": "Exists", "effect": "NoSchedule"}],
}

MATRIX: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "two namespaces": {"scope": "namespaces", "namespaces": ["shop", "billing"]},
    "everything on": EVERYTHING,
    "everything on, two namespaces": EVERYTHING | {"scope": "namespaces", "namespaces": ["shop", "billing"]},
    "one replica": {"replicas": 1},
    "without CRDs": {"crds": {"install": False}},
    "image by digest": {"image": {"digest": "sha256:" + "1b" * 32}},
}
"""Installations worth telling apart, by what a person would call them."""


@dataclass(frozen=True, kw_only=True)
class Helm:
    """The program, and the few of its commands we use."""

    program: Path

    def run(self, *arguments: str, values: Mapping[str, Any] | None = None) -> "subprocess.CompletedProcess[str]":
        """``helm ARGUMENTS``, with ``values`` as a file; never raises for what helm says."""
        return subprocess.run(
            [self.program, *arguments, *(["--values", "-"] if values is not None else [])],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            check=False,
        )

    def template(self, values: Mapping[str, Any]) -> str:
        """Every manifest as text; the same values are rendered once."""
        return _rendered(self, json.dumps(values, sort_keys=True))

    def manifests(self, values: Mapping[str, Any]) -> list[Manifest]:
        """Every manifest, anew each time: a test may change what it gets."""
        return [manifest for manifest in yaml.load_all(self.template(values), Loader=yaml.CSafeLoader) if manifest]

    def refusal(self, values: Mapping[str, Any]) -> str:
        """What helm says to values it must not accept."""
        rendered = self.run("template", "concordat", str(CHART), values=values)
        assert 0 != rendered.returncode, rendered.stdout
        return rendered.stderr


@cache
def _rendered(helm: Helm, values: str) -> str:
    rendered = helm.run("template", "concordat", str(CHART), "--namespace", NAMESPACE, values=json.loads(values))
    assert 0 == rendered.returncode, rendered.stderr
    return rendered.stdout


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    """Those of some kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def only(manifests: list[Manifest], kind: str) -> Manifest:
    """The one of a kind."""
    (found,) = of_kind(manifests, kind)
    return found


def dashboard_queries() -> dict[str, str]:
    """Panel and letter -> what it asks Prometheus, with Grafana's interval filled in."""
    return {
        f"{panel['title']} {target['refId']}": target["expr"].replace("$__rate_interval", "5m")
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", ())  # a row has none
    }
