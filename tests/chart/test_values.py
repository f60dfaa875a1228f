"""
What the chart accepts, what it refuses, and in which words.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART, MATRIX, Helm
from tests.chart.pages import documented_values

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt name": ({"replicaz": 2}, "additional properties 'replicaz' not allowed"),
    "a misspelt name further down": ({"image": {"digets": "x"}}, "at '/image': additional properties 'digets'"),
    "a word for a number": ({"replicas": "two"}, "at '/replicas': got string, want integer"),
    "a scope there is not": ({"scope": "all"}, "at '/scope': value must be one of 'cluster', 'namespaces'"),
    "a scope without its namespaces": ({"scope": "namespaces"}, "list them: --set namespaces={shop,billing}"),
    "namespaces without their scope": ({"namespaces": ["shop"]}, "so say `--set scope=namespaces`"),
    "no name for a namespace": ({"platform": {"monitoring": {"namespace": "No_Name"}}}, "/platform/monitoring"),
    "an address for a network": ({"networkPolicy": {"apiServer": ["10.11.12.13"]}}, "at '/networkPolicy/apiServer/0'"),
    "a cut digest": ({"image": {"digest": "sha256:1b1b"}}, "at '/image/digest': 'sha256:1b1b' does not match"),
    "no quantity": ({"resources": {"limits": {"memory": "lots"}}}, "at '/resources/limits/memory': 'lots'"),
}


@pytest.mark.parametrize("name", MATRIX)
def test_every_installation_passes_helms_own_lint(helm: Helm, name: str) -> None:
    """``helm lint --strict`` has nothing to say."""
    linted = helm.run("lint", "--strict", str(CHART), values=MATRIX[name])

    assert 0 == linted.returncode, linted.stdout
    assert "WARNING" not in linted.stdout


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_values_are_refused_by_name(helm: Helm, case: str) -> None:
    """The message names the value and what would be right."""
    values, said = REFUSED[case]

    assert said in helm.refusal(values)


def test_every_value_is_in_the_schema_and_the_other_way_round() -> None:
    """A value nobody checks, or a check for a value there is not, is a mistake."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())

    assert set(_paths(values, schema)) == set(_checked(schema)) - {"global"}


def test_every_value_is_explained() -> None:
    """No value without its line in values.yaml: the chart's README is made from these."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    explained = [value.path for value in documented_values()]
    unexplained = [
        path
        for path in _paths(values, schema)
        if not any(path == known or path.startswith(f"{known}.") or known.startswith(f"{path}.") for known in explained)
    ]

    assert [] == unexplained


def _paths(values: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Down to where the schema stops naming keys."""
    for key, value in values.items():
        yield f"{prefix}{key}"
        below = schema.get("properties", {}).get(key, {})
        if "properties" in below:
            yield from _paths(value, below, f"{prefix}{key}.")


def _checked(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, below in schema.get("properties", {}).items():
        yield f"{prefix}{key}"
        if below.get("type") == "object" and "$ref" not in below:
            yield from _checked(below, f"{prefix}{key}.")
