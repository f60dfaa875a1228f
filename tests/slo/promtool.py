"""
The real promtool: that of Prometheus 2.42 (Debian's) and that of Prometheus 3, which ``tests.setup`` fetches or builds.

``PROMTOOL`` and ``PROMTOOL3`` name others; native histograms in tests need version 3.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat_lab.programs.tools import TOOL_OF

MISSING = "install Prometheus (apt-get install prometheus), or set PROMTOOL to its promtool"
MISSING_3 = "no promtool of Prometheus 3: run `python -m tests.setup`, or set PROMTOOL3 to one"


def promtool() -> str:
    """Path of promtool; fails loudly without one: nothing here is proved otherwise."""
    found = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if not found:
        pytest.fail(MISSING)
    return found


def promtool3() -> str:
    """Path of a promtool 3.x; fails loudly without one."""
    cached = str(TOOL_OF["promtool"].cached / "promtool")
    for candidate in (os.environ.get("PROMTOOL3"), shutil.which(cached), shutil.which("promtool")):
        if candidate and _major(candidate) >= 3:
            return candidate
    pytest.fail(MISSING_3)


def every_promtool() -> list[str]:
    return sorted({promtool(), promtool3()})


def check_rules(groups: list[dict[str, Any]], tool: str | None = None) -> None:
    """``promtool check rules``, duplicates being errors."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "rules.yaml", {"groups": groups})
        _run([tool or promtool(), "check", "rules", "--lint=all", "--lint-fatal", f"{folder}/rules.yaml"])


def run_tests(groups: list[dict[str, Any]], tests: Mapping[str, Any], tool: str | None = None) -> None:
    """``promtool test rules``; ``tests["rule_files"]`` must be ``["rules.yaml"]``."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "rules.yaml", {"groups": groups})
        write(Path(folder) / "tests.yaml", tests)
        _run([tool or promtool(), "test", "rules", f"{folder}/tests.yaml"])


def query(
    groups: list[dict[str, Any]],
    test: Mapping[str, Any],
    asked: Mapping[str, str],
    *,
    interval: str,
    tool: str | None = None,
) -> dict[str, list[float]]:
    """
    Values of expressions at times (``{expression: time}``) in one test, read from promtool's complaint that they are not 12345.
    """
    impossible = [
        {"expr": expression, "eval_time": time, "exp_samples": [{"labels": '{impossible="1"}', "value": 12345}]}
        for expression, time in asked.items()
    ]
    tests = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": interval,
        "tests": [{**test, "promql_expr_test": impossible}],
    }
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "rules.yaml", {"groups": groups})
        write(Path(folder) / "tests.yaml", tests)
        result = subprocess.run(
            [tool or promtool(), "test", "rules", f"{folder}/tests.yaml"], capture_output=True, text=True, check=False
        )
    lines = [line.strip() for line in (result.stdout + result.stderr).splitlines() if line.strip().startswith("got:")]
    assert len(lines) == len(asked), result.stdout + result.stderr
    return {expression: _values(line) for expression, line in zip(asked, lines, strict=True)}


def write(path: Path, value: Any) -> None:
    path.write_text(yaml.safe_dump(value, sort_keys=False))


def _values(line: str) -> list[float]:
    """``got: {a="b"} 1E+00, {} 2E+00`` as numbers; ``got: nil`` as none."""
    text = line.removeprefix("got:").strip().strip('",')
    return [] if text == "nil" else [float(part.rpartition(" ")[2]) for part in text.split(", {") if part]


def _major(tool: str) -> int:
    result = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
    return int((result.stdout + result.stderr).split("version ")[1].split(".")[0])


def _run(command: list[str]) -> None:
    result = subprocess.run(["nice", "-n", "10", *command], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
