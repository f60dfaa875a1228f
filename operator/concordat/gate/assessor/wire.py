"""
What crosses between the operator and the processes that assess.

    question    length of the header, the header as JSON, the documents one after the other
    answer      length of the answer, the answer as JSON, the packed normal form, if any; then a line: how the process ended
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from concordat.gate import Assessment, Question

LENGTH = 8
"""Bytes of a length, the most significant first."""


_WHOLE = bytes(LENGTH)
"""Ends an answer: nothing that follows one that was cut off looks like it."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Header(_Plain):
    """A question without its documents, and what answering it may cost."""

    question: Question
    sizes: tuple[int, ...]
    """Bytes of each document: the one in question, then those before."""
    memory: int
    """Bytes beyond what the process has before it reads the question."""
    seconds: float
    """CPU time, to which comes :data:`concordat.gate.assessor.limits.SECONDS_A_MEBIBYTE` for each of the documents unpacked."""


class Ended(_Plain):
    """How a process ended, as ``waitpid`` tells it."""

    signal: int = 0
    code: int = 0
    peak: int = 0
    """Bytes resident at most."""


def framed(content: bytes) -> bytes:
    """With its length before it."""
    return len(content).to_bytes(LENGTH, "big") + content


def asked(question: Question, *, memory: int, seconds: float) -> tuple[bytes, Sequence[bytes]]:
    """The header as it is sent, and the documents that follow it."""
    documents = [_bytes(question.document), *map(_bytes, question.before)]
    header = Header(
        question=question.model_copy(update={"document": "", "before": ()}),
        sizes=tuple(map(len, documents)),
        memory=memory,
        seconds=seconds,
    )
    return framed(header.model_dump_json().encode()), documents


def answered(answer: Assessment) -> bytes:
    """As it is sent back."""
    return framed(answer.model_dump_json(exclude={"packed"}).encode()) + framed(answer.packed) + _WHOLE


def trailer(ended: Ended) -> bytes:
    """The last line, which the process that forks writes."""
    return b"\n" + ended.model_dump_json().encode()


def understood(content: bytes) -> tuple[Assessment | None, Ended | None]:
    """What came back, as far as it is whole."""
    texts: list[bytes] = []
    rest = content
    while len(texts) < 2 and len(rest) >= LENGTH + (size := int.from_bytes(rest[:LENGTH], "big")):
        texts.append(rest[LENGTH : LENGTH + size])
        rest = rest[LENGTH + size :]
    if len(texts) == 2 and rest[:LENGTH] == _WHOLE:
        answer = Assessment.model_validate_json(texts[0]).model_copy(update={"packed": texts[1]})
        return answer, _ended(rest[LENGTH:])
    return None, _ended(content[content.rfind(b"\n") :])


def _ended(line: bytes) -> Ended | None:
    try:
        return Ended.model_validate_json(line)
    except ValidationError:
        return None  # there is none: whoever writes it has ended as well


def _bytes(text: str | bytes) -> bytes:
    return text.encode(errors="surrogatepass") if isinstance(text, str) else text
