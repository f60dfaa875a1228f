"""
The README's commands are executed as they stand there.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]


def _run(command: str, *, timeout: float) -> str:
    """Without a terminal, as a script would."""
    done = subprocess.run(
        command, shell=True, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
    )
    assert 0 == done.returncode, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.parametrize("command", [line for line in COMMANDS if not line.startswith(("make demo", "make test"))])
def test_a_command_does_what_the_readme_says(command: str) -> None:
    """Every command of the first minute ends well."""
    _run(command, timeout=120)


@pytest.mark.controlplane
@pytest.mark.timeout(900)
def test_the_demo_shows_what_it_claims() -> None:
    """From nothing to an answered request where pods run; to every object where they cannot. Then it is gone."""
    shown = _run("make demo", timeout=900)

    assert "2 services" in shown
    assert "as declared again after" in shown


def test_ci_runs_the_readmes_own_test_command() -> None:
    """What the README tells people to run is what guards ``main``."""
    assert "make test" in COMMANDS
    assert "make test" in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_example_of_the_readme_is_valid(tmp_path: Path) -> None:
    """The fifteen lines people copy first are accepted as they stand."""
    example, *_ = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    file = tmp_path / "orders.yaml"
    file.write_text(example)

    _run(f".venv/bin/concordat lint {file}", timeout=60)


def test_what_the_readme_prints_is_what_is_printed(tmp_path: Path) -> None:
    """The session on files alone, word for word."""
    (session,) = (
        block for block in re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL) if "v1.yaml" in block
    )
    old = """{"openapi": "3.1.0", "info": {"version": "1.0.0"}, "paths": {"/pay": {"post": {"requestBody": {"required": true,
        "content": {"application/json": {"schema": {"type": "object", "required": ["amount"],
        "properties": {"amount": {"type": "integer"}}}}}}}}}}"""
    new = old.replace('["amount"]', '["amount", "currency"]').replace(
        '{"type": "integer"}', '{"type": "integer"}, "currency": {}'
    )
    (tmp_path / "v1.yaml").write_text(old)
    (tmp_path / "v2.yaml").write_text(new)
    environment = os.environ | {
        "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }

    for step in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.stdout, command + done.stderr
        if expected.strip():
            assert expected.strip() == done.stdout.strip(), command


def test_every_link_leads_somewhere() -> None:
    """Links to files of this repository exist, in the README and in the pages."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]

    assert [] == dead
