"""
Programs from pinned Go modules: the source of last resort, and the only one that needs nothing but a module proxy.

A build's caches are its own, some 10 GB for everything, and go when the programs are there. They stay with
``KEEP_BUILD_CACHE=1``; a ``GOCACHE`` or ``GOMODCACHE`` that is set already is used as it is and never removed.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from concordat_lab.errors import LabError, Unavailable
from concordat_lab.machine import paths
from concordat_lab.machine.lock import if_alone
from concordat_lab.machine.progress import Detail
from concordat_lab.programs.tools import Tool

LOCK = "binaries"
OWN_CACHES = {"GOCACHE": "build", "GOMODCACHE": "modules"}


def build(tool: Tool, folder: Path, detail: Detail) -> None:
    """
    Compile every program of ``tool`` into ``folder``, and join its data files there.

    :raises Unavailable: no Go on this machine.
    :raises LabError: Go refused; carries what it said.
    """
    if shutil.which("go") is None:
        raise Unavailable(
            f"{tool.name} has to be built and there is no Go here: install Go {_go_version(tool)} or newer, "
            "or name a directory with the programs by CONCORDAT_BINARIES"
        )
    started = time.monotonic()
    environment = _environment()
    detail("fetching modules")
    if tool.programs:
        total = len(_go(tool, environment, "list", "-deps", *_tags(tool), *tool.programs.values()).splitlines())
        _compile(tool, folder, environment, lambda done: detail(_at(done, total, started)))
    if tool.data:
        module = Path(json.loads(_go(tool, environment, "mod", "download", "-json", tool.module))["Dir"])
        for name, patterns in tool.data.items():
            parts = [part.read_text() for pattern in patterns for part in sorted(module.glob(pattern))]
            (folder / name).write_text("\n---\n".join(parts))


def remove_own_caches() -> None:
    """Free what builds left, unless a person asked for it to stay or another process builds at this moment."""
    if os.environ.get("KEEP_BUILD_CACHE") == "1":
        return
    with if_alone(LOCK) as nobody_builds:
        if nobody_builds:
            shutil.rmtree(paths.cache() / "go", ignore_errors=True)


def _compile(tool: Tool, folder: Path, environment: dict[str, str], compiled: Callable[[int], None]) -> None:
    done, said = 0, []
    for name, package in tool.programs.items():
        command = ["go", "build", "-v", "-trimpath", *_tags(tool), "-ldflags", " ".join(tool.ldflags())]
        command += ["-o", str(folder / name), package]
        with subprocess.Popen(
            command, cwd=tool.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line)
                done += 1
                compiled(done)
        if process.returncode:
            raise LabError(f"go build {package} (in {tool.folder}) failed:\n{''.join(said[-15:])}")


def _go(tool: Tool, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(["go", *arguments], cwd=tool.folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"go {arguments[0]} (in {tool.folder}) failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _environment() -> dict[str, str]:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    own = {
        variable: str(paths.cache() / "go" / folder)
        for variable, folder in OWN_CACHES.items()
        if not os.environ.get(variable)
    }
    if "GOMODCACHE" in own:  # read-only folders could not be removed afterwards
        environment["GOFLAGS"] = f"{environment.get('GOFLAGS', '')} -modcacherw".strip()
    return environment | own


def _tags(tool: Tool) -> tuple[str, ...]:
    return ("-tags", ",".join(tool.tags)) if tool.tags else ()


def _at(done: int, total: int, started: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    return f"compiled {done} of at most {total} packages, {minutes}:{seconds:02d} min"


def _go_version(tool: Tool) -> str:
    lines = (tool.folder / "go.mod").read_text().splitlines()
    return next((line.split()[1] for line in lines if line.startswith("go ")), "1.26")
