"""
Work on the event loop that many changes ask for and one run answers: done at once while it is rare, together while it is not.
"""

from collections.abc import Callable

from concordat.cluster.workqueue import Clock

SHARE = 10
"""A run that took a millisecond is followed by the next one ten milliseconds later at the earliest: a tenth of the loop's time."""


class Pacer:
    """Calls back at once, or as soon as the last call has been paid for."""

    def __init__(self, clock: Clock, *, share: int = SHARE) -> None:
        self._clock = clock
        self._share = share
        self._free_at = clock.time()

    def __call__(self, work: Callable[[], None]) -> None:
        """The caller asks again only after ``work`` was called."""
        if self._clock.time() < self._free_at:
            self._clock.call_at(self._free_at, lambda: self._run(work))
            return
        self._run(work)

    def _run(self, work: Callable[[], None]) -> None:
        began = self._clock.time()
        work()
        self._free_at = began + (self._clock.time() - began) * self._share
