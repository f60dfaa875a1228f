"""
The shape of the tree, as far as a machine can hold it.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_operator_folder_never_shadows_pythons_own_module() -> None:
    """``operator/`` is a source root: with an ``__init__.py`` it would break every Python started at the root."""
    loose = [path.name for path in (ROOT / "operator").glob("*.py")]

    assert [] == loose

    imported = subprocess.run(
        [sys.executable, "-c", "import operator; print(operator.itemgetter(0)([11]))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "11\n" == imported.stdout


def test_imports_point_inward() -> None:
    """The layers of the design hold, and every module has its place in them."""
    checked = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert 0 == checked.returncode, checked.stdout


def test_nothing_is_called_utils() -> None:
    """A helper without a better home than ``utils`` has not been understood yet."""
    named = [
        path.relative_to(ROOT)
        for folder in ("operator", "sample_services", "tests", "tools")
        for path in (ROOT / folder).rglob("*")
        if path.stem in {"utils", "util", "helpers", "misc", "common"} and "node_modules" not in path.parts
    ]

    assert [] == named
