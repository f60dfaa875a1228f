"""
Where a cluster's programs come from, in this order: a directory a person names by ``CONCORDAT_BINARIES``; the cache;
an official release; a build from the pinned Go modules.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from concordat_lab.machine import paths
from concordat_lab.machine.lock import alone
from concordat_lab.machine.progress import Detail, Progress, Quiet
from concordat_lab.programs.build import LOCK, build, remove_own_caches
from concordat_lab.programs.download import NotOffered, download
from concordat_lab.programs.tools import TOOL_OF, Tool

Source = Callable[[Tool, Path, Detail], None]
"""Fills a folder with every file of a tool."""

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
NODE = (*CONTROL_PLANE, "kubelet", "kube-proxy", "coredns", "kube-router", "pause")
SIMULATED_NODES = ("kwok", "stages.yaml")
GATEWAY = ("gateway-api.yaml",)
PROMETHEUS = ("promtool", "prometheus")
"""Of version 3; distributions still have version 2."""
HISTORY = ("history",)
"""Writes months of many series into Prometheus' storage and evaluates rules on them."""


def locate(
    files: Iterable[str],
    progress: Progress | None = None,
    *,
    download: Source = download,
    build: Source = build,
) -> Mapping[str, Path]:
    """
    A path for each of ``files``, fetched or built first where need be.

    :raises Unavailable: neither found nor to be had; the message names the remedy.
    :raises Refused: a release that differs from its checksum.
    """
    progress = progress or Quiet()
    wanted = tuple(dict.fromkeys(files))
    found = _named(wanted, progress)
    tools = {TOOL_OF[file].name: TOOL_OF[file] for file in wanted if file not in found}
    missing = [tool for tool in tools.values() if not tool.cached.is_dir()]
    if missing:
        with alone(LOCK, progress):
            for tool in missing:
                if not tool.cached.is_dir():  # another process may have made it while we waited
                    _make(tool, progress, download=download, build=build)
        # Not before the end: what is asked for next shares most of what was compiled.
        atexit.register(remove_own_caches)
    return {file: found.get(file) or TOOL_OF[file].cached / file for file in wanted}


def _named(files: tuple[str, ...], progress: Progress) -> dict[str, Path]:
    folder = paths.named_binaries()
    if folder is None:
        return {}
    found = {file: folder / file for file in files if (folder / file).is_file()}
    if absent := [file for file in files if file not in found]:
        progress.note(f"{folder} (CONCORDAT_BINARIES) does not hold {', '.join(absent)}: looking elsewhere")
    return found


def _make(tool: Tool, progress: Progress, *, download: Source, build: Source) -> None:
    tool.cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{tool.name}-", dir=tool.cached.parent) as name:
        folder = Path(name) / "complete"  # the cache shows a tool whole or not at all
        folder.mkdir()
        try:
            with progress.step(f"{tool.name} {tool.version}: official release") as detail:
                download(tool, folder, detail)
        except NotOffered as reason:
            progress.note(f"{tool.name} {tool.version}: {reason}; building it from its Go module")
            shutil.rmtree(folder)
            folder.mkdir()
            with progress.step(f"{tool.name} {tool.version}: build from its Go module") as detail:
                build(tool, folder, detail)
        folder.rename(tool.cached)
