"""
uvicorn, ended in the order that loses nothing: not ready, wait, close the door, finish, go.
"""

from time import monotonic
from types import FrameType

import uvicorn

from concordat_servicekit.health import Health


class DrainingServer(uvicorn.Server):
    """
    A server that keeps its door open for ``drain_seconds`` after it has been asked to go.

    Routers of requests learn with a delay that we are no longer ready; what they send meanwhile is still answered, each
    answer the last one of its connection. A second signal ends the wait, a third the grace.
    """

    def __init__(self, config: uvicorn.Config, *, health: Health, drain_seconds: float) -> None:
        super().__init__(config)
        self._health = health
        self._drain_seconds = drain_seconds
        self._close_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Runs in the signal handler: sets flags only. Unlike uvicorn's own it lets the process exit with 0."""
        if self._close_at is None:
            self._health.draining = True
            self._close_at = monotonic() + self._drain_seconds
            return
        self.force_exit = self.should_exit
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """uvicorn asks ten times a second whether to end."""
        if self._close_at is not None and monotonic() >= self._close_at:
            self.should_exit = True
        return await super().on_tick(counter)
