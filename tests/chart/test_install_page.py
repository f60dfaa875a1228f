"""
``docs/install.md`` is tried: what it tells people to type, helm understands and the chart renders.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.helm import Helm
from tests.chart.pages import ROOT

PAGE = (ROOT / "docs" / "install.md").read_text()
ONLY_ON_A_RELEASE = ("--reuse-values",)


def _commands() -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if re.match(r"helm (install|upgrade) ", line):
                yield line


@pytest.mark.parametrize("command", list(_commands()), ids=lambda command: " ".join(command.split()[:5]))
def test_every_helm_command_renders(helm: Helm, command: str, tmp_path: Path) -> None:
    """With the values file the page shows."""
    (shown,) = re.findall(r"```yaml\n# values.yaml\n(.*?)```", PAGE, re.DOTALL)
    values = tmp_path / "values.yaml"
    values.write_text(shown)
    replaced = {"values.yaml": str(values), "charts/concordat": str(ROOT / "charts" / "concordat")}
    _helm, _verb, *rest = (replaced.get(word, word) for word in shlex.split(command, comments=True))

    rendered = helm.run("template", *(word for word in rest if word not in ONLY_ON_A_RELEASE))

    assert 0 == rendered.returncode, rendered.stderr
    assert "kind: Deployment" in rendered.stdout


def test_every_file_it_links_is_there() -> None:
    """A link that leads nowhere is a lie."""
    linked = [ROOT / "docs" / target for target in re.findall(r"\]\(([^)#:]+)\)", PAGE)]

    assert linked
    assert [] == [path for path in linked if not path.exists()]
