"""
The three distributions as wheels, each installed alone into an environment that holds nothing else.
"""

import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SOURCES = {
    "concordat-contracts": ROOT / "operator" / "concordat_contracts",
    "concordat-lab": ROOT / "operator" / "concordat_lab",
    "concordat": ROOT,
}


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Distribution -> its wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in SOURCES.values():
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
            cwd=source,
            check=True,
            capture_output=True,
        )
    return {name: next(folder.glob(f"{name.replace('-', '_')}-[0-9]*.whl")) for name in SOURCES}


@pytest.fixture(scope="session")
def alone(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes an empty environment, installs one distribution with what it needs, and returns its ``bin`` folder."""

    def install(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        venv.create(folder, with_pip=True)
        done = subprocess.run(
            [
                *(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--find-links", str(wheels[name].parent), "--constraint", str(_versions(folder)), str(wheels[name])),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return folder / "bin"

    return install


def _versions(folder: Path) -> Path:
    """The locked versions as constraints: without hashes, which our own wheels do not have."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    kept = [line.rstrip(" \\") for line in lines if "==" in line and not line.startswith((" ", "#"))]
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(kept))
    return constraints
