"""One process at a time, on this machine."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from concordat_lab.machine import paths
from concordat_lab.machine.progress import Progress


@contextmanager
def alone(what: str, progress: Progress) -> Iterator[None]:
    """Hold the lock on making ``what``; the kernel lets go of it when its holder dies."""
    with _opened(what) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step(f"another process is making the {what}: waiting for it"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def if_alone(what: str) -> Iterator[bool]:
    """Hold the lock and say so, or say that somebody else has it; never wait."""
    with _opened(what) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _opened(what: str) -> IO[str]:
    lock = paths.cache() / f"{what}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    return lock.open("w")
