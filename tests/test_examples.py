"""
Every YAML that the pages show is one the API server accepts: whole resources as they stand, parts of one completed to a whole.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat_lab.control_plane.controlplane import ControlPlane
from tests.conftest import kubectl
from tests.slo.promtool import promtool3

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *(page for folder in ("charts", "docs", "sample_services") for page in sorted((ROOT / folder).rglob("*.md"))),
]
VALUES = "# values.yaml\n"
"""How a page marks values of the chart; ``tests/chart/test_install_page.py`` renders the chart with them."""
API_SERVER = "# /etc/kubernetes/"
"""How a page marks a file of the API server's own machine; the local cluster starts its API server with such files."""
PROMETHEUS = "# prometheus.yml\n"
"""How a page marks a part of Prometheus' configuration."""

MICROSERVICE = {"team": "shop", "image": "example.com/x:1.11", "ports": {"http": {"port": 8011}}}
CONTRACT = {"type": "openapi", "version": "1.4.0", "document": {"inline": "{}"}}
COMPLETED: dict[str, dict[str, Any]] = {"Microservice": MICROSERVICE, "ServiceContract": CONTRACT}
"""What a part that leaves these out is completed with."""


def _blocks() -> Iterator[tuple[str, str]]:
    """Where it stands, and the YAML."""
    for page in PAGES:
        text = page.read_text()
        for block in re.finditer(r"^```ya?ml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text[: block.start()].count("\n") + 2
            yield f"{page.relative_to(ROOT)}:{line}", block[1]


EXAMPLES = [
    pytest.param(text, id=where) for where, text in _blocks() if not text.startswith((VALUES, PROMETHEUS, API_SERVER))
]
OF_PROMETHEUS = [pytest.param(text, id=where) for where, text in _blocks() if text.startswith(PROMETHEUS)]


def _whole(example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The resource; of a part that does not say of what it is one, every resource it may be a part of."""
    top = {"kind", "spec"} & example.keys()
    resource = example if top else {"spec": example}
    for kind in [resource["kind"]] if "kind" in resource else COMPLETED:
        spec = COMPLETED[kind] | resource.get("spec", {})
        yield {
            "apiVersion": "concordat.dev/v1alpha1",
            "metadata": {"name": "example"},
            **resource,
            "kind": kind,
            "spec": spec,
        }


@pytest.mark.controlplane
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_accepted(control_plane: ControlPlane, namespace: str, example: str) -> None:
    """No field that is not there, no value that is refused; by the API server itself, with all its rules."""
    said = []
    for document in yaml.safe_load_all(example):
        for whole in _whole(document):
            whole["metadata"] = whole["metadata"] | {"namespace": namespace}
            asked = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")
            answer = kubectl(control_plane, *asked, stdin=yaml.safe_dump(whole), check=False)
            if "created (server dry run)" in answer:
                break
            said.append(answer)
        else:
            pytest.fail("\n".join(said))


def test_the_examples_of_the_pages_are_found() -> None:
    """Those of the README among them."""
    names = [example.id for example in EXAMPLES]

    assert len([name for name in names if name.startswith("README.md:")]) == 2
    assert len({name.partition(":")[0] for name in names}) >= 6


@pytest.mark.parametrize("example", OF_PROMETHEUS)
def test_prometheus_takes_what_it_is_told(example: str, tmp_path: Path) -> None:
    """By promtool of Prometheus 3, whose settings these are."""
    file = tmp_path / "prometheus.yml"
    file.write_text(example)
    checked = subprocess.run([promtool3(), "check", "config", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
