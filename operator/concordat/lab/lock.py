"""One process at a time, on this machine."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from concordat.lab import paths
from concordat.lab.progress import Progress


@contextmanager
def alone(what: str, progress: Progress) -> Iterator[None]:
    """Hold the lock on making ``what``; the kernel lets go of it when its holder dies."""
    lock = paths.cache() / f"{what}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step(f"another process is making the {what}: waiting for it"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
