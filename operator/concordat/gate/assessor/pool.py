"""
The process that forks, as the operator holds it.
"""

import asyncio
import contextlib
import socket
import sys

from concordat.gate.assessor import limits
from concordat.gate.assessor.turns import Memory

IDLE = 60.0
"""Seconds without a question after which the process ends: its memory is not ours for longer than it is needed."""


class Pool:
    """Starts the process when there is something to assess; shared by all who ask, because memory is one."""

    def __init__(self, *, idle: float = IDLE) -> None:
        self._idle = idle
        self.process: asyncio.subprocess.Process | None = None
        """The one that forks; ``None`` while nobody asks."""
        self.memory = Memory(lambda: limits.memory_for_assessing(self._loaded))
        self._control: socket.socket | None = None
        self._starting = asyncio.Lock()
        self._end: asyncio.TimerHandle | None = None
        self._retired: asyncio.subprocess.Process | None = None
        """The one before: it has been told to end, and may not have ended yet."""
        self._open = 0
        self._loaded = 64 * 1024 * 1024
        """Bytes it has loaded before any question; measured once it runs."""

    async def connect(self) -> socket.socket:
        """A connection to a fork of its own. The end of the connection is the end of the fork. Raises :exc:`OSError`."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            await self._hand_over(theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._open += 1
        if self._end is not None:
            self._end.cancel()
            self._end = None
        return ours

    def disconnect(self, connection: socket.socket) -> None:
        """Whatever the fork is doing, it ends."""
        connection.close()
        self._open -= 1
        if self.process is not None:
            self._loaded = limits.resident(self.process.pid) or self._loaded
        if not self._open:
            self._end = asyncio.get_running_loop().call_later(self._idle, self._retire)

    async def close(self) -> None:
        """End the process and all its forks."""
        if self._end is not None:
            self._end.cancel()
            self._end = None
        ending, self.process, self._retired = (self.process, self._retired), None, None
        self._let_go()
        for process in filter(None, ending):
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # its forks end with their connections, or with their limits
            await process.wait()

    async def _hand_over(self, theirs: socket.socket) -> None:
        async with self._starting:
            for _ in range(2):
                control = await self._running()
                try:
                    socket.send_fds(control, [b"q"], [theirs.fileno()])
                    return
                except OSError:  # it ended meanwhile
                    await self.close()
        raise OSError("the process that assesses documents cannot be started")

    async def _running(self) -> socket.socket:
        if self.process is None or self.process.returncode is not None or self._control is None:
            self._let_go()
            self._control, theirs = socket.socketpair()
            try:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "concordat.gate.assessor",
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.DEVNULL,
                )
            finally:
                theirs.close()
        return self._control

    def _let_go(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None

    def _retire(self) -> None:
        """It reads the end of its input and ends."""
        self._end = None
        if not self._open:
            self._let_go()
            self._retired, self.process = self.process, None
