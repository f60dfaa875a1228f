"""
``docs/contracts.md`` cannot lie: its commands are run, its Python is executed, its table is the code's.
"""

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from concordat_contracts import RULES
from tests.contracts.write_rules import PAGE, page

_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def test_every_command_prints_what_the_page_says(tmp_path: Path) -> None:
    """The page is one session in a shell, in order, with the files it makes."""
    commands = shutil.which("concordat") or str(Path(sys.executable).parent / "concordat")
    environment = os.environ | {
        "PATH": f"{Path(commands).parent}:{os.environ['PATH']}",
        "COLUMNS": "300",
        "NO_COLOR": "1",
    }
    blocks = _BLOCK.findall(PAGE.read_text())
    assert blocks
    for block in blocks:
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            if command.startswith("cat "):
                (tmp_path / command.removeprefix("cat ")).write_text(expected)
                continue
            done = subprocess.run(
                command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
            )
            assert _neutral(expected) == _neutral(done.stdout + done.stderr), command


def _neutral(text: str) -> str:
    """Which of the many witnesses is found is nobody's promise."""
    return re.sub(r'"id": "\w{0,5}"', '"id": "..."', text)


def test_the_python_of_the_page_runs() -> None:
    """Examples are executed as doctests."""
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)

    assert tried > 0
    assert 0 == failed


def test_the_rules_of_the_page_are_the_codes() -> None:
    """A rule added, renamed or made milder changes the page; ``python -m tests.contracts.write_rules`` writes it."""
    assert page() == PAGE.read_text()


def test_every_rule_says_something() -> None:
    """No rule without a sentence; ids are words with hyphens."""
    for rule in RULES.values():
        assert rule.says
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)


def test_every_rule_that_shows_what_breaks_shows_what_is_fine() -> None:
    """A rule is understood by both sides of its line."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `") and "/corpus/" in line]

    assert len(rows) > 100
    assert [] == [row for row in rows if row.endswith("|  |")]
