"""
Each distribution can be used alone: the comparer without Kubernetes, the local cluster without the operator.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

OLD = """{"openapi": "3.1.0", "info": {"title": "pay", "version": "1"}, "paths": {"/pay": {"get": {"responses": {"200": {"description": "ok"}}}}}}"""
NEW = """{"openapi": "3.1.0", "info": {"title": "pay", "version": "2"}, "paths": {}}"""


def test_the_comparer_alone_finds_a_break(alone: Callable[[str], Path], tmp_path: Path) -> None:
    """Neither the operator nor the local cluster is installed beside it."""
    bin_ = alone("concordat-contracts")
    (tmp_path / "old.json").write_text(OLD)
    (tmp_path / "new.json").write_text(NEW)

    done = _run(bin_ / "python", "-m", "concordat_contracts", "diff", "old.json", "new.json", cwd=tmp_path)

    assert (1, "breaking: 1 error") == (done.returncode, done.stdout.strip().splitlines()[-1])
    assert {"concordat-contracts"} == _ours(bin_)


def test_the_local_cluster_alone_says_what_it_can_do(alone: Callable[[str], Path], tmp_path: Path) -> None:
    """Its command starts without the operator, and its wheel holds the modules programs are built from."""
    bin_ = alone("concordat-lab")

    listed = _run(bin_ / "concordat-lab", "list", cwd=tmp_path)
    tools = _run(bin_ / "python", "-c", "from concordat_lab.machine.paths import tools; print(tools())", cwd=tmp_path)

    assert 0 == listed.returncode, listed.stderr
    assert (Path(tools.stdout.strip()) / "kubernetes" / "go.mod").is_file(), tools.stderr
    assert {"concordat-lab"} == _ours(bin_)


def test_the_operator_comes_with_the_comparer_and_without_the_local_cluster(
    alone: Callable[[str], Path], tmp_path: Path
) -> None:
    """Everything ``python -m concordat`` imports is there."""
    bin_ = alone("concordat")

    done = _run(bin_ / "python", "-c", "import concordat.handlers.operator, concordat_contracts", cwd=tmp_path)

    assert (0, "") == (done.returncode, done.stderr)
    assert {"concordat", "concordat-contracts"} == _ours(bin_)


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False)


def _ours(bin_: Path) -> set[str]:
    listed = subprocess.run(
        [str(bin_ / "python"), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.partition("==")[0] for line in listed.stdout.splitlines() if line.startswith("concordat")}
