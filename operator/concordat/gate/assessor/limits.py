"""
What assessing one document may cost.
"""

import math
import resource
from pathlib import Path

from concordat.gate.unpacking import declared_size

SECONDS = 5.0
"""Of CPU time, for documents of ordinary size: two hundred operations take a quarter of a second."""
SECONDS_A_MEBIBYTE = 0.75
"""Beside them, for each MiB of documents: GitHub's whole description, 13 MB against 12, takes three seconds in all."""
WALL = 180.0
"""Seconds on the clock, however busy the machine is: for what waits instead of working."""
LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes: two hundred findings of a kind, each a kilobyte or two, beside a packed normal form of a megabyte."""

DEFAULT_MEMORY = 512 * 1024 * 1024
"""Bytes for the operator with its processes: the chart's limit, which a larger one does not raise."""
ORDINARY = 72 * 1024 * 1024
"""Bytes an operator with a thousand services holds itself: the figure ``rss_per_1000_mib`` and what Python needs to start."""
SHARE = 0.78
"""Of the limit that is planned with: pages of files count as well, and the kernel ends the whole container."""
SMALL = 40 * 1024 * 1024
"""Bytes for documents of ordinary size, beyond what the process has loaded."""
A_BYTE = 12
"""Bytes of memory a byte of a document may take: parsed, resolved, and compared."""
ROOM = 64 * 1024 * 1024
"""Bytes the largest document leaves to others: enough for any document of a megabyte or two, so that it never waits for a large one."""
LEAST = SMALL + ROOM
"""Bytes for all assessing processes together, however little the limit leaves: below this nothing could be assessed."""

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def container_memory() -> float:
    """Bytes this container may use: cgroup v2, else v1; infinite where no cgroup sets a limit."""
    for path in _LIMITS:
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdecimal():
            return int(text)
    return math.inf


def memory_for_assessing(loaded: int) -> int:
    """
    Bytes for all questions at the same time, given what the process that forks has ``loaded``.

    What the container leaves beside this process, and never more than the chart's limit leaves beside an ordinary operator.
    """
    left = container_memory() * SHARE - resident("self")
    ordinary = DEFAULT_MEMORY * SHARE - ORDINARY
    return max(LEAST, int(min(left, ordinary)) - loaded)


def wanted(documents: list[bytes]) -> int:
    """Bytes to plan for a question about these."""
    return SMALL + A_BYTE * sum(map(declared_size, documents))


def resident(pid: int | str) -> int:
    """Bytes a process has in memory; 0 for one that is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()
