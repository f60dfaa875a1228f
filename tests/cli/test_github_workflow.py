"""
The workflow of ``docs/examples/github`` is one that GitHub accepts, and its commands do what it says: run here as GitHub runs them,
on a repository of its own. Only ``gh`` is stood in for, because nothing here has a pull request.
"""

import json
import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.cli.test_contract_check import ADDED, DROPPED, OLD, export
from tests.cli.test_reports import _valid_sarif
from tests.conftest import ROOT

__all__ = ["export"]  # a fixture

WORKFLOW = ROOT / "docs" / "examples" / "github" / "contracts.yaml"
BREAKING = DROPPED.replace("version: 1.4.0", "version: 1.5.0")
HARMLESS = ADDED.replace("version: 1.4.0", "version: 1.5.0")
GH = """#!/bin/sh
printf '%s\\n' "$*" > "$RUNNER_TEMP/gh-arguments"
while [ "$1" != --body-file ]; do shift; done
cp "$2" "$RUNNER_TEMP/comment.md"
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What became of a pull request."""

    failed: str
    """Name of the step that failed; empty when none did."""
    repository: Path
    temporary: Path
    said: str


def _git(repository: Path, *arguments: str) -> None:
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    subprocess.run(["git", *who, *arguments], cwd=repository, check=True, capture_output=True)


def _pull_request(
    tmp_path: Path, export: Path, *, before: str | None, after: str, document: str = "openapi.yaml"
) -> Run:
    """``after`` against the branch ``main`` with ``before``, and the matrix on the branch ``contracts``."""
    origin, clone, temporary, programs = (tmp_path / name for name in ("origin", "clone", "temporary", "programs"))
    for folder in (origin, temporary, programs):
        folder.mkdir()
    _git(origin, "init", "-q", "-b", "contracts")
    (origin / "contracts.json").write_text(export.read_text())
    _commit(origin)
    _git(origin, "checkout", "-q", "--orphan", "main")
    _git(origin, "rm", "-q", "-f", "contracts.json")
    (origin / "README.md").write_text("payments\n")
    (origin / document).parent.mkdir(exist_ok=True)
    if before is not None:
        (origin / document).write_text(before)
    _commit(origin)
    _git(tmp_path, "clone", "-q", str(origin), str(clone))
    (clone / document).parent.mkdir(exist_ok=True)
    (clone / document).write_text(after)

    (programs / "gh").write_text(GH)
    (programs / "gh").chmod(stat.S_IRWXU)
    workflow = yaml.safe_load(WORKFLOW.read_text())
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "RUNNER_TEMP": str(temporary),
        "GITHUB_BASE_REF": "main",
        "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"),
        **workflow["env"],
        "DOCUMENT": document,
    }
    said = ""
    for step in workflow["jobs"]["contracts"]["steps"]:
        if "run" not in step:
            continue
        given = {name: re.sub(r"\$\{\{.*?\}\}", "7", value) for name, value in step.get("env", {}).items()}
        script = temporary / "script.sh"
        script.write_text(step["run"])
        # https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(shell, cwd=clone, env=environment | given, capture_output=True, text=True, timeout=120)
        said += done.stdout + done.stderr
        if done.returncode:
            return Run(failed=step["name"], repository=clone, temporary=temporary, said=said)
    return Run(failed="", repository=clone, temporary=temporary, said=said)


def _commit(repository: Path) -> None:
    _git(repository, "add", "-A")
    _git(repository, "commit", "-q", "-m", "as it is")


def test_github_accepts_the_workflow() -> None:
    """By the schema its editors use; and no script holds an expression, which whoever names a branch could fill."""
    program = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(
        [program, "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    steps = yaml.safe_load(WORKFLOW.read_text())["jobs"]["contracts"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert len(scripts) == 5
    assert not any("${{" in script for script in scripts)


def test_a_pull_request_that_breaks_somebody_fails_and_says_whom(tmp_path: Path, export: Path) -> None:
    """The comment holds both answers, code scanning the findings; only then the job fails."""
    run = _pull_request(tmp_path, export, before=OLD, after=BREAKING)

    assert run.failed == "Fail where the cluster would refuse", run.said
    comment = (run.temporary / "comment.md").read_text()
    assert [line for line in comment.splitlines() if line.startswith("###")] == [
        "### ❌ base/openapi.yaml → openapi.yaml: breaking: 1 error",
        "### ❌ payments/payments-api 1.4.0 → 1.5.0: breaking: 1 error",
    ]
    assert "| shop/orders | breaking |" in comment
    assert comment == (run.temporary / "summary.md").read_text()
    assert (run.temporary / "gh-arguments").read_text().startswith("pr comment 7 --body-file report.md")
    log = json.loads((run.repository / "contracts.sarif").read_text())
    _valid_sarif(log)
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "openapi.yaml"}, "region": {"startLine": 5}}
    assert "would break shop/orders, running now" in run.said


@pytest.mark.parametrize(("before", "document"), [(OLD, "api/v 1.yaml"), (None, "openapi.yaml")])
def test_a_pull_request_that_breaks_nobody_passes(
    tmp_path: Path, export: Path, before: str | None, document: str
) -> None:
    """Wherever the document lies; also where there was none before."""
    run = _pull_request(tmp_path, export, before=before, after=HARMLESS, document=document)

    assert run.failed == "", run.said
    assert "### ✅" in (run.temporary / "comment.md").read_text()
    assert json.loads((run.repository / "contracts.sarif").read_text())["runs"][0]["results"] == []


def test_a_document_that_cannot_be_used_ends_the_job_before_it_comments(tmp_path: Path, export: Path) -> None:
    """With the place and the remedy in the log."""
    run = _pull_request(tmp_path, export, before=OLD, after="openapi: [3.1.0")

    assert run.failed == "Write the report"
    assert "openapi.yaml" in run.said
    assert not (run.temporary / "comment.md").exists()
