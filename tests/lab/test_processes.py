"""Child processes, and that they end when they should."""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from concordat_lab.errors import ComponentDied
from concordat_lab.machine.processes import Keeper, Mark, Processes

HOLDER = """
import sys, time
from pathlib import Path
from concordat_lab.machine.processes import Keeper, Processes
keeper = Keeper()
processes = Processes(Path(sys.argv[1]), group=keeper.group.pid)
processes.start("sleeper", ["sleep", "600"])
print(processes.pid("sleeper"), flush=True)
time.sleep(600)
"""


def test_a_killed_holder_leaves_no_children(tmp_path: Path) -> None:
    """SIGKILL gives nobody a chance to clean up; the kernel's end of a pipe does."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None
        sleeper = Mark.of(int(holder.stdout.readline()))
        assert sleeper.alive()
        holder.kill()

    assert until(lambda: not sleeper.alive())


def test_a_process_that_ends_early_is_reported_with_its_log(tmp_path: Path) -> None:
    """The message is what the process said last, not a time-out."""
    processes = Processes(tmp_path)
    processes.start("broken", ["sh", "-c", "echo the port is taken; exit 3"])

    with pytest.raises(ComponentDied, match=r"broken ended with 3(.|\n)*the port is taken"):
        processes.wait("broken", lambda: False, seconds=10)


def test_a_reused_process_number_is_not_taken_for_the_old_process(tmp_path: Path) -> None:
    """Number and start time together name a process."""
    keeper = Keeper()
    later = Mark(pid=keeper.group.pid, started="1")

    assert [True, False] == [keeper.group.alive(), later.alive()]
    keeper.end()
    assert not keeper.group.alive()


def test_who_lets_go_of_a_process_ends_without_complaint() -> None:
    """Python warns of children that still run when it ends; these are meant to."""
    script = "import subprocess, concordat_lab.machine.processes as p; p.outlives_us(subprocess.Popen(['sleep', '2']))"
    ended = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)

    assert ended.stderr == ""


def test_a_process_has_ended_when_its_last_thread_has() -> None:
    """The first thread of this one is a zombie, and another one works on."""
    left = "import ctypes, platform, threading, time; threading.Thread(target=time.sleep, args=(600,)).start();"
    number = {"x86_64": 60, "aarch64": 93}[platform.machine()]  # exit(2) of one thread alone
    process = subprocess.Popen([sys.executable, "-c", f"{left} ctypes.CDLL(None).syscall({number}, 0)"])
    mark = Mark.of(process.pid)
    assert until(lambda: not mark.alive())
    assert process.poll() is None

    mark.kill()
    assert -signal.SIGKILL == process.poll()

    mark.kill()
    Mark(pid=os.getpid(), started="another one's").kill()


def until(true: Callable[[], bool], *, seconds: float = 30.0) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
