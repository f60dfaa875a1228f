"""This side of the processes."""

import asyncio
import hashlib
import logging
import signal
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from concordat.gate import Assessment, Question
from concordat.gate.assessor import limits
from concordat.gate.assessor.pool import Pool
from concordat.gate.assessor.turns import Turns
from concordat.gate.assessor.wire import LENGTH, Ended, asked, understood
from concordat.manifest import conventions

logger = logging.getLogger(__name__)

MOST_REMEMBERED = 8 * 1024 * 1024
"""Bytes of answers; the same question is not asked twice."""
_REMEDY = "split the API into several contracts"


@dataclass(frozen=True, kw_only=True)
class _Remembered:
    answer: Assessment
    size: int


class Assessor:
    """Asks :func:`concordat.gate.assessment.assess` elsewhere."""

    def __init__(
        self,
        pool: Pool | None = None,
        *,
        at_once: int = 2,
        seconds: float = limits.SECONDS,
        wall: float = limits.WALL,
        remember: int = MOST_REMEMBERED,
    ) -> None:
        """
        ``at_once`` questions are answered at the same time, one fewer of each namespace; each may take ``seconds`` of CPU
        time, more for large documents, and ``wall`` seconds on the clock. ``remember`` is in bytes.
        """
        self.pool = pool or Pool()
        self.turns = Turns(at_once=at_once, of_one=max(1, at_once - 1))
        self._seconds = seconds
        self._wall = wall
        self._remember = remember
        self._known: OrderedDict[bytes, _Remembered] = OrderedDict()
        self.remembered = 0
        """Bytes of answers that are remembered."""

    async def ask(self, question: Question | Callable[[], Awaitable[Question]], *, namespace: str = "") -> Assessment:
        """
        The answer, remembered or new; never an exception for what stands in a document.

        ``namespace`` is who waits for it. A function that makes the question is called when it is that namespace's turn,
        so that no document lies in memory before.
        """
        async with self.turns.of(namespace):
            return await self._answer(question if isinstance(question, Question) else await question())

    async def close(self) -> None:
        """End the processes."""
        await self.pool.close()

    async def _answer(self, question: Question) -> Assessment:
        header, documents = asked(question, memory=0, seconds=self._seconds)
        digest = _digest([header, *documents])
        known = self._known.get(digest)
        if known is not None:
            self._known.move_to_end(digest)
            return known.answer
        async with self.pool.memory.of(limits.wanted(list(documents)), leave=limits.ROOM) as memory:
            header, documents = asked(question, memory=memory, seconds=self._seconds)
            answer, size = await self._exchange(b"".join((header, *documents)))
        if not question.keep and not answer.reason:  # what it took may be different next time
            self._keep(digest, _Remembered(answer=answer, size=size))
        return answer

    def _keep(self, digest: bytes, found: _Remembered) -> None:
        if digest in self._known:
            return
        self._known[digest] = found
        self.remembered += found.size
        while self.remembered > self._remember:
            _, forgotten = self._known.popitem(last=False)
            self.remembered -= forgotten.size

    async def _exchange(self, content: bytes, *, again: bool = True) -> tuple[Assessment, int]:
        try:
            connection = await self.pool.connect()
        except OSError as error:
            return _failed(f"no process to assess it can be started ({error})"), 0
        try:
            async with asyncio.timeout(self._wall):
                received = await _sent_and_read(connection, content)
        except TimeoutError:
            return _too_costly(f"assessing it was not done after {self._wall:.0f} s: {_REMEDY}"), 0
        finally:
            self.pool.disconnect(connection)
        if len(received) > limits.LONGEST_ANSWER:
            return _too_costly(
                f"what is to be said of it has more than {limits.LONGEST_ANSWER >> 20} MiB: {_REMEDY}"
            ), 0
        answer, ended = understood(received)
        if answer is None and ended is None and again:  # the process that forks was ending when it was asked
            return await self._exchange(content, again=False)
        return answer or _without_answer(ended), len(received)


async def _sent_and_read(connection: socket.socket, content: bytes) -> bytes:
    loop, received = asyncio.get_running_loop(), bytearray()
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended before it had read everything: how, it says below
        await loop.sock_sendall(connection, content)
    with suppress(ConnectionResetError):
        while len(received) <= limits.LONGEST_ANSWER and (piece := await loop.sock_recv(connection, 1 << 16)):
            received += piece
    return bytes(received)


def _without_answer(ended: Ended | None) -> Assessment:
    """Why there is none: what took too much of its limit is the document's; anything else is not, and is tried again."""
    if ended is not None and ended.signal == signal.SIGXCPU:
        return _too_costly(f"assessing it takes more CPU time than its size allows: {_REMEDY}")
    if ended is None:
        return _failed("the process that assesses documents ended meanwhile")
    if ended.signal == signal.SIGKILL:
        return _failed(
            "the process that assessed it was killed from outside, by hand or because the node is short of memory"
        )
    if ended.signal == signal.SIGABRT:  # the libraries below end so when memory is refused to them
        return _too_costly(f"assessing it takes more memory than one document may have: {_REMEDY}")
    how = signal.Signals(ended.signal).name if ended.signal else f"code {ended.code}"
    return _failed(f"a defect of the operator: the process that assessed it ended with {how}; its log says why")


def _too_costly(message: str) -> Assessment:
    return Assessment(invalid=message, reason=conventions.REASON_DOCUMENT_TOO_COSTLY)


def _failed(message: str) -> Assessment:
    logger.warning("a document could not be assessed: %s", message)
    return Assessment(invalid=f"{message}; it is tried again by itself", reason=conventions.REASON_ASSESSMENT_FAILED)


def _digest(parts: list[bytes]) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(LENGTH, "big"))
        found.update(part)
    return found.digest()
