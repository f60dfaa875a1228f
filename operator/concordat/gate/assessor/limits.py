"""
What assessing one document may cost.
"""

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
"""Bytes for the operator with its processes where no cgroup sets a limit: the chart's."""
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


def container_memory() -> int:
    """Bytes this container may use: cgroup v2, else v1, else :data:`DEFAULT_MEMORY`, which a larger limit does not raise."""
    for path in _LIMITS:
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdecimal():
            return min(int(text), DEFAULT_MEMORY)
    return DEFAULT_MEMORY


def memory_for_assessing(loaded: int) -> int:
    """Bytes for all questions at the same time, given what the process that forks has ``loaded``."""
    return max(LEAST, int(container_memory() * SHARE) - resident("self") - loaded)


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
