"""What images and programs are made from is named by content, not by a tag that somebody can move."""

import re
import subprocess
from pathlib import Path

import pytest

from concordat_lab.errors import LabError
from concordat_lab.programs.download import Origins, pinned, releases
from concordat_lab.programs.tools import TOOLS

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted(
    path
    for pattern in ("operator/*Dockerfile", "sample_services/**/*Dockerfile", "tests/**/*Dockerfile")
    for path in ROOT.glob(pattern)
)
LOCKS = ("requirements.lock", "operator/requirements.lock", "operator/conformance.lock")


def test_every_dockerfile_is_looked_at() -> None:
    """Also those somebody adds elsewhere."""
    tracked = subprocess.run(["git", "ls-files", "*Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {str(path.relative_to(ROOT)) for path in DOCKERFILES} == set(tracked.stdout.split())


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_base_is_pinned_by_digest(file: Path) -> None:
    """Every FROM is that base, and every Dockerfile has the same; `tools/pin-images` writes it."""
    text = file.read_text()
    bases = set(re.findall(r"(?m)^FROM (\S+)", text))
    assert {"${BASE_IMAGE}"} == bases
    (base,) = re.findall(r"(?m)^ARG BASE_IMAGE=(\S+)$", text)
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base), "a tag can be moved"
    assert base in (ROOT / "operator/Dockerfile").read_text()


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_pip_takes_locked_wheels_alone(file: Path) -> None:
    """With their hashes, without what a source distribution would run."""
    for command in re.findall(r"pip install((?:.*\\\n)*.*)", file.read_text()):
        assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(command.split()), command


@pytest.mark.parametrize("lock", [*LOCKS, "sample_services/catalog/requirements.txt"])
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    """One without could be replaced."""
    blocks = re.split(r"(?m)^(?=[a-zA-Z0-9])", (ROOT / lock).read_text())
    packages = [block for block in blocks if re.match(r"[a-zA-Z0-9._-]+==", block)]
    assert len(packages) > 10
    assert [] == [block.splitlines()[0] for block in packages if "--hash=sha256:" not in block]
    assert [] == [block for block in blocks if block.strip() and block not in packages and not block.startswith("#")]


def test_pinned_downloads_are_of_the_pinned_versions() -> None:
    """A sum that fits no file we would fetch is left from a version before."""
    wanted = {
        release.url
        for processor in ("amd64", "arm64")
        for tool in TOOLS.values()
        if tool.name not in ("pause", "history", "grafana-operator")
        for release in releases(tool, Origins(), processor)
    }
    assert pinned()
    assert set() == pinned().keys() - wanted


def test_a_line_that_pins_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt pin must not become none."""
    (tmp_path / "checksums").write_text("# fine\n1b1b  https://example.com/helm\n")
    monkeypatch.setattr("concordat_lab.machine.paths.tools", lambda: tmp_path)
    with pytest.raises(LabError, match="tools/checksums, line 2: write a SHA-256"):
        pinned()
