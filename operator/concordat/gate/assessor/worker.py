"""One question in a process of its own: its limits, its answer, its end."""

import gzip
import logging
import math
import os
import resource
import signal
import socket
import sys
from pathlib import Path

from concordat.gate import Assessment
from concordat.gate.assessment import assess
from concordat.gate.assessor.limits import SECONDS_A_MEBIBYTE
from concordat.gate.assessor.wire import LENGTH, Header, answered
from concordat.gate.unpacking import declared_size
from concordat.manifest import conventions

# Loaded before the fork, so that every fork has them for nothing.
from concordat_contracts.graphql import compare  # noqa: F401

logger = logging.getLogger(__name__)

MOST_KEPT = 1_000_000
"""Bytes of an accepted version, compressed; etcd stores a mebibyte and a half. GitHub's 13 MB are 191 kB."""
_STEPS_BACK_AFTER = 1.0
"""Seconds of CPU time after which a process leaves the machine to others first."""
_SPARE = 32 * 1024 * 1024
"""Bytes for saying that there are none left."""


def work(connection: socket.socket) -> None:
    """Read the question, answer it."""
    with connection.makefile("rb") as incoming:
        header = Header.model_validate_json(incoming.read(int.from_bytes(incoming.read(LENGTH), "big")))
        _limit_memory(header.memory)
        try:
            answer = _answer(header, [incoming.read(size) for size in header.sizes])
        except MemoryError:
            answer = None
    if answer is None:  # outside of the handler, which holds the frames and all that is in them
        _limit_memory(_SPARE, hard=True)
        answer = Assessment(
            invalid=f"assessing it takes more memory than the {header.memory >> 20} MiB a document of its size may have:"
            " split the API into several contracts",
            reason=conventions.REASON_DOCUMENT_TOO_COSTLY,
        )
    connection.sendall(answered(answer))


def _answer(header: Header, documents: list[bytes]) -> Assessment:
    _limit_time(header.seconds + SECONDS_A_MEBIBYTE * sum(map(declared_size, documents)) / 2**20)
    sys.setrecursionlimit(10_000)
    first, *before = documents
    del documents
    question = header.question.model_copy(update={"document": first, "before": tuple(before)})
    del first, before
    try:
        return _packed(assess(question))
    except MemoryError:
        raise
    except Exception as defect:
        logger.exception("a document could not be assessed")
        return Assessment(
            invalid=f"a defect of the operator: {type(defect).__name__}: {str(defect)[:512]}",
            reason=conventions.REASON_ASSESSMENT_FAILED,
        )


def _packed(answer: Assessment) -> Assessment:
    if not answer.normal:
        return answer
    packed = gzip.compress(answer.normal.encode(), mtime=0)
    if len(packed) > MOST_KEPT:
        return Assessment(
            invalid=f"compressed it has {len(packed) // 1000} kB, and at most {MOST_KEPT // 1000} are kept: split the API into"
            " several contracts"
        )
    return answer.model_copy(update={"normal": "", "packed": packed})


def _limit_memory(more: int, *, hard: bool = False) -> None:
    """Address space: what there is, and so many bytes ``more``."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = most if hard else now + more
    resource.setrlimit(resource.RLIMIT_AS, (wanted, most if hard else wanted + _SPARE))


def _limit_time(seconds: float) -> None:
    """CPU time: SIGXCPU ends this process, which its parent tells from every other end."""
    whole = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    signal.signal(signal.SIGVTALRM, lambda *_: os.nice(10))
    signal.setitimer(signal.ITIMER_VIRTUAL, _STEPS_BACK_AFTER)
