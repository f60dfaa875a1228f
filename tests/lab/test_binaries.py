"""Where programs come from, and in which order."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from concordat_lab.errors import LabError, Refused
from concordat_lab.machine.lock import alone
from concordat_lab.machine.progress import Detail
from concordat_lab.programs import binaries
from concordat_lab.programs.build import LOCK, remove_own_caches
from concordat_lab.programs.download import NotOffered
from concordat_lab.programs.tools import TOOL_OF, TOOLS, Tool


class Notes:
    """A progress listener that remembers."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def step(self, title: str):  # type: ignore[no-untyped-def]
        return binaries.Quiet().step(title)

    def note(self, line: str) -> None:
        self.notes.append(line)


class Source:
    """Fills the folder of a tool, or fails, and remembers for whom."""

    def __init__(self, content: str = "", *, failure: Exception | None = None) -> None:
        self.content, self.failure, self.asked = content, failure, []

    def __call__(self, tool: Tool, folder: Path, _detail: Detail) -> None:
        self.asked.append(tool.name)
        for file in tool.files:
            (folder / file).write_text(self.content)
            if self.failure:
                raise self.failure


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CONCORDAT_BINARIES", raising=False)
    monkeypatch.setattr("atexit.register", lambda _call: None)


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "named"
    folder.mkdir()
    monkeypatch.setenv("CONCORDAT_BINARIES", str(folder))
    return folder


def test_a_named_directory_comes_first(named: Path) -> None:
    """What a person names is used, whatever else there is."""
    (named / "kwok").write_text("mine")
    release = Source("released")

    assert {"kwok": named / "kwok"} == dict(binaries.locate(["kwok"], download=release))
    assert [] == release.asked


def test_what_a_named_directory_lacks_is_said_and_found_elsewhere(named: Path) -> None:
    """A half-filled directory is no reason to fail, nor to be silent."""
    (named / "kwok").write_text("mine")
    notes = Notes()

    found = binaries.locate(["kwok", "pause"], notes, download=Source("released"))

    assert ["mine", "released"] == [found["kwok"].read_text(), found["pause"].read_text()]
    assert f"{named} (CONCORDAT_BINARIES) does not hold pause: looking elsewhere" in notes.notes


def test_the_cache_comes_before_any_source() -> None:
    """What was made once is not made again."""
    binaries.locate(["kwok"], download=Source("first"))
    second = Source("second")

    assert "first" == binaries.locate(["kwok"], download=second)["kwok"].read_text()
    assert [] == second.asked


def test_a_release_comes_before_a_build() -> None:
    """Seconds before minutes."""
    build = Source("built")

    assert "released" == binaries.locate(["kwok"], download=Source("released"), build=build)["kwok"].read_text()
    assert [] == build.asked


def test_without_a_release_it_is_built_and_said() -> None:
    """Whoever waits for minutes knows why."""
    notes = Notes()
    refusing = Source(failure=NotOffered("dl.k8s.io answers 403"))

    assert "built" == binaries.locate(["kwok"], notes, download=refusing, build=Source("built"))["kwok"].read_text()
    assert [f"kwok {TOOLS['kwok'].version}: dl.k8s.io answers 403; building it from its Go module"] == notes.notes


def test_a_release_with_a_wrong_checksum_is_never_replaced_by_a_build() -> None:
    """Somebody who changes files on the way is not stepped around in silence."""
    build = Source("built")

    with pytest.raises(Refused):
        binaries.locate(["kwok"], download=Source(failure=Refused("differs")), build=build)
    assert [] == build.asked


def test_a_failed_build_leaves_nothing_in_the_cache() -> None:
    """The cache shows a tool whole or not at all."""
    with pytest.raises(LabError, match="no space left"):
        binaries.locate(
            ["kwok"], download=Source(failure=NotOffered("")), build=Source("half", failure=LabError("no space left"))
        )

    assert [] == [entry.name for entry in TOOLS["kwok"].cached.parent.iterdir()]


def test_two_at_once_build_once() -> None:
    """Whoever comes second waits, and finds what the first made."""
    started, release = threading.Event(), threading.Event()
    built: list[str] = []

    def slow(tool: Tool, folder: Path, _detail: Detail) -> None:
        built.append(tool.name)
        started.set()
        assert release.wait(10)
        for file in tool.files:
            (folder / file).touch()

    def locate() -> None:
        binaries.locate(["pause"], download=Source(failure=NotOffered("")), build=slow)

    first, second = threading.Thread(target=locate), threading.Thread(target=locate)
    first.start()
    assert started.wait(10)
    second.start()
    release.set()
    for thread in (first, second):
        thread.join(10)

    assert ["pause"] == built


def test_own_build_caches_go_when_the_process_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten gigabytes do not stay behind a build; until then the next build finds what the last one compiled."""
    at_exit: list[Callable[[], None]] = []
    monkeypatch.setattr("atexit.register", at_exit.append)
    modules = _caches(tmp_path)

    binaries.locate(["kwok"], download=Source("released"))
    assert modules.exists()
    for call in at_exit:
        call()
    assert not modules.exists()


def test_build_caches_stay_when_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For those who build often."""
    monkeypatch.setenv("KEEP_BUILD_CACHE", "1")
    modules = _caches(tmp_path)
    remove_own_caches()

    assert modules.exists()


def test_build_caches_in_use_are_left_to_who_uses_them(tmp_path: Path) -> None:
    """Another process builds with them at this moment."""
    modules = _caches(tmp_path)
    with alone(LOCK, Notes()):
        remove_own_caches()
        assert modules.exists()
    remove_own_caches()

    assert not modules.exists()


def _caches(tmp_path: Path) -> Path:
    modules = tmp_path / "cache" / "concordat" / "go" / "modules"
    modules.mkdir(parents=True)
    return modules


def test_a_change_of_a_pin_is_another_place_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pinned sum is part of the key: no stale program survives an upgrade."""
    pause = tmp_path / "tools" / "pause"
    pause.mkdir(parents=True)
    (pause / "go.mod").write_text("module concordat.dev/tools/pause\n")
    monkeypatch.setattr(binaries.paths, "tools", lambda: tmp_path / "tools")
    before = TOOLS["pause"].key
    (pause / "go.sum").write_text("example.invalid/module v1.0.0 h1:abc=\n")

    assert before != TOOLS["pause"].key


def test_every_file_anybody_wants_is_made_by_one_tool() -> None:
    """Names of programs are unique, and what a cluster needs is known."""
    wanted = {*binaries.NODE, *binaries.SIMULATED_NODES, *binaries.GATEWAY}

    assert wanted <= set(TOOL_OF)
    assert len(TOOL_OF) == sum(len(tool.files) for tool in TOOLS.values())
