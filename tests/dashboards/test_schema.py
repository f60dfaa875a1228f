"""
Dashboards are what Grafana's own types say: `@grafana/schema`, asked by the TypeScript compiler.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.examples import every

PREVIEW = Path(__file__).parents[2] / "dashboards" / "preview"
TSC = PREVIEW / "node_modules" / ".bin" / "tsc"
MISSING = "the TypeScript compiler and Grafana's types are missing: run `make preview`"

BOARDS = {name: dashboard.json() for name, dashboard in every().items()}


def complaints(board: dict[str, Any], folder: Path) -> str:
    """What the compiler says to a dashboard written as a value of Grafana's type."""
    assert TSC.exists(), MISSING
    written = json.dumps(board, indent=1)
    (folder / "board.ts").write_text(
        f"import type {{ Board }} from '{PREVIEW}/src/written';\n\nexport const board: Board = {written};\n"
    )
    options = {
        "extends": os.path.relpath(PREVIEW / "tsconfig.json", folder),
        "compilerOptions": {
            "noEmit": True,
        },
        "include": ["board.ts"],
    }
    (folder / "tsconfig.json").write_text(json.dumps(options))
    done = subprocess.run([TSC, "--project", folder], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", BOARDS)
def test_grafanas_types_hold(name: str, tmp_path: Path) -> None:
    """Every field there is, of the kind it should be."""
    assert "" == complaints(BOARDS[name], tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": 5},
        {"panles": []},
        {"panels": [{"type": "stat", "gridPos": {"x": "0", "y": 0, "w": 3, "h": 4}}]},
    ],
    ids=["title", "misspelt", "place"],
)
def test_the_compiler_can_complain(wrong: dict[str, Any], tmp_path: Path) -> None:
    """Of a number for a title, a field that is not there, a text for a coordinate."""
    assert "board.ts" in complaints({**BOARDS["fleet"], **wrong}, tmp_path)
