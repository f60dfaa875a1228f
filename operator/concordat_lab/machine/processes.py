"""
Child processes that never outlive what they belong to.

All of a cluster's processes share one process group, led by a *keeper*, which reads a pipe whose other end only we hold:
when we end, for whatever reason, it reads the end of file and kills the group. (``PR_SET_PDEATHSIG`` would not do: it
fires when the *thread* that started the child ends.) Told to stay it sleeps instead, and :func:`end_group` ends it.
"""

import atexit
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from concordat_lab.errors import ComponentDied, LabError

POLL_SECONDS = 0.03
PATIENCE_SECONDS = 5.0
"""How long a process may take to end by itself before it is killed."""

_KEEP = "if read _; then exec sleep infinity; fi; kill -KILL 0"

_LET_GO: list[subprocess.Popen[bytes]] = []


def outlives_us(*processes: subprocess.Popen[bytes]) -> None:
    """Nobody waits for these any more; held so that Python does not complain of children left running."""
    _LET_GO.extend(processes)


@atexit.register
def _disown() -> None:
    """Python collects what is held as well when it ends, and would complain then."""
    for process in _LET_GO:
        process.returncode = process.returncode or 0


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: str
    """Clock ticks since boot, field 22 of proc_pid_stat(5)."""

    @classmethod
    def of(cls, pid: int) -> "Mark":
        return cls(pid=pid, started=_started(pid) or "")

    def alive(self) -> bool:
        return self.started != "" and _started(self.pid) == self.started

    def kill(self) -> None:
        """
        SIGKILL, and wait for its last thread.

        The first one may be a zombie while another still ends what is left in the PID namespace of a process 1.
        """
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:  # nobody has this number
            return
        try:
            stat = _stat(self.pid)
            if stat is None or stat[_STARTED] != self.started:
                return
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            ended = select.poll()
            ended.register(descriptor, select.POLLIN)
            ended.poll()
        except ProcessLookupError:
            return
        finally:
            os.close(descriptor)


class Keeper:
    """The leader of a cluster's process group; the group ends with this process, unless it is let go."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["sh", "-c", _KEEP],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        self.group = Mark.of(self._process.pid)

    def let_go(self) -> None:
        """From here on the group outlives this process."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"stay\n")
        self._process.stdin.close()
        outlives_us(self._process)

    def end(self) -> None:
        """Kill the whole group."""
        end_group(self.group)
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()


class Processes:
    """Children of this process, each with a log file of its own; members of ``group`` if one is given."""

    def __init__(self, logs: Path, *, group: int | None = None) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._group = group
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, Sequence[str]] = {}

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def pid(self, name: str) -> int:
        return self._running[name].pid

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._running)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start ``name``; its log goes on where it stopped."""
        self._started[name] = command
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=self._group,
            )

    def start_again(self, name: str) -> None:
        """As it was started last. :raises LabError: it never was, or it runs."""
        if name in self._running and self._running[name].poll() is None:
            raise LabError(f"{name} runs already")
        if name not in self._started:
            raise LabError(f"there is no {name} here: {', '.join(self._started)}")
        self.start(name, self._started[name])

    def check(self) -> None:
        """:raises ComponentDied: one of them ended that nobody ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ComponentDied(f"{name} ended with {process.returncode}", self.log(name))

    def wait(self, name: str, ready: Callable[[], bool], *, seconds: float = 120.0) -> None:
        """
        Until ``ready()``.

        :raises ComponentDied: any of the processes ended first, or ``name`` took longer than ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ComponentDied(f"{name} was not ready within {seconds:.0f} s", self.log(name))
            time.sleep(POLL_SECONDS)

    def end(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End one and wait until it is gone: ``SIGTERM`` turns into ``SIGKILL`` after five seconds."""
        if name not in self._running:
            raise LabError(f"{name} does not run; these do: {', '.join(self._running)}")
        process = self._running.pop(name)
        process.send_signal(how)
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def ended(self, pid: int, status: int) -> None:
        """Tell that somebody else collected the exit of ``pid``, which may be one of ours."""
        for name, process in list(self._running.items()):
            if process.pid == pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                del self._running[name]

    def let_go(self) -> None:
        """From here on nobody here looks after them."""
        outlives_us(*self._running.values())

    def forget_all(self) -> None:
        """Collect the exit of every one of them; their group was ended."""
        for process in self._running.values():
            process.wait()
        self._running.clear()


def end_group(group: Mark, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Kill a whole process group and wait until its members are gone; nothing happens when there is none."""
    if not group.alive():
        return
    with suppress(ProcessLookupError):
        os.killpg(group.pid, signal.SIGKILL)
    deadline = time.monotonic() + seconds
    while _members(group.pid) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def resident_mib(pid: int) -> int:
    """Resident memory of a process in MiB; 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def members(group: int) -> dict[str, int]:
    """Name -> pid of the living processes of a group."""
    return _named(_members(group))


def children(pid: int) -> dict[str, int]:
    """Name -> pid of the living children of a process."""
    return _named(child for child in _pids() if (stat := _stat(child)) and stat[1] == str(pid) and stat[0] not in "ZX")


def _named(pids: Iterable[int]) -> dict[str, int]:
    found = {}
    for pid in pids:
        with suppress(OSError):
            found[Path(f"/proc/{pid}/exe").readlink().name] = pid
    return found


def _members(group: int) -> list[int]:
    return [pid for pid in _pids() if (stat := _stat(pid)) and stat[2] == str(group) and stat[0] not in "ZX"]


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _started(pid: int) -> str | None:
    stat = _stat(pid)
    return stat[_STARTED] if stat and stat[0] not in "ZX" else None


_STARTED = 19
"""Index of the start time in what :func:`_stat` tells."""


def _stat(pid: int) -> list[str] | None:
    """Fields 3 and following of ``/proc/<pid>/stat``: state, parent, group ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
