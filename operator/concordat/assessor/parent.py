"""This side of the process."""

import asyncio
import hashlib
import logging
import sys
from collections import OrderedDict
from contextlib import suppress

from concordat.gate import Assessment, Question

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds for one question. GitHub's whole description takes two or three."""
IDLE = 60.0
"""Seconds without a question after which the process ends."""
LONGEST_ANSWER = 64 * 1024 * 1024
"""Bytes; a document in normal form is in it."""
REMEMBERED = 4096
"""Answers; the same question is not asked twice."""


class Assessor:
    """Asks :func:`concordat.gate.assessment.assess` elsewhere."""

    def __init__(self, *, patience: float = PATIENCE, idle: float = IDLE) -> None:
        self._patience = patience
        self._idle = idle
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._end: asyncio.TimerHandle | None = None
        self._known: OrderedDict[bytes, Assessment] = OrderedDict()

    async def ask(self, question: Question) -> Assessment:
        """The answer, remembered or new."""
        text = question.model_dump_json().encode()
        digest = hashlib.blake2b(text, digest_size=16).digest()
        if digest in self._known:
            self._known.move_to_end(digest)
            return self._known[digest]
        async with self._turn:
            answer = await self._answer(text)
        if not question.keep:
            self._known[digest] = answer
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return answer

    async def close(self) -> None:
        """End the process."""
        if self._end is not None:
            self._end.cancel()
            self._end = None
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def _answer(self, text: bytes) -> Assessment:
        try:
            async with asyncio.timeout(self._patience):
                line = await self._exchange(text)
        except TimeoutError:
            await self.close()
            return Assessment(
                invalid=f"comparing takes longer than {self._patience:.0f} s: split the API into several contracts"
            )
        except BaseException:
            await self.close()  # a late answer must not be taken for that of the next question
            raise
        if not line.endswith(b"\n"):
            return Assessment(invalid=await self._why_it_ended())
        self._end = asyncio.get_running_loop().call_later(self._idle, self._retire)
        return Assessment.model_validate_json(line)

    async def _why_it_ended(self) -> str:
        """Killed, it took too much; anything else is a defect of ours, and the log says which."""
        process = self._process
        code = await process.wait() if process is not None else 0
        await self.close()
        if code < 0:
            return "comparing takes more memory than there is: split the API into several contracts"
        return f"a defect of the operator: the process that compares documents ended with {code}; its log says why"

    async def _exchange(self, text: bytes) -> bytes:
        if self._end is not None:
            self._end.cancel()
            self._end = None
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(text + b"\n")
            await process.stdin.drain()
            return await process.stdout.readline()
        except (BrokenPipeError, ConnectionResetError):
            return b""

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "concordat.assessor",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_ANSWER,
            )
        return self._process

    def _retire(self) -> None:
        """The process reads the end of its input and ends."""
        if self._process is not None and self._process.stdin is not None and not self._turn.locked():
            self._process.stdin.close()
            self._process = None
