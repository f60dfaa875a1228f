"""
The size of a status: etcd stores a mebibyte and a half, and a status is written whole however much there is to say.

Bounded in bytes as JSON, because characters say little: one of them may take four bytes, and a control character six.
"""

import json
from collections.abc import Iterable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from concordat.api import ChildStatus, Condition, ConsumerStatus, ProblemStatus

MOST = 256 * 1024
"""Bytes of a whole status; the parts below come to less, with 60 KiB for what tokens are demanded."""
MOST_OF_OPERATIONS = 32 * 1024
MOST_OF_CONSUMERS = 40 * 1024
MOST_OF_PROBLEMS = 40 * 1024
MOST_OF_CHILDREN = 32 * 1024
MOST_OF_A_MESSAGE = 4100
"""Bytes: 4,096 plain characters with their quotes."""

_Part = TypeVar("_Part")


def fitting(parts: Sequence[_Part], most: int) -> tuple[_Part, ...]:
    """As many of them from the front as have room."""
    room = most
    for index, part in enumerate(parts):
        room -= _size(part)
        if room < 0:
            return tuple(parts[:index])
    return tuple(parts)


def shortened(text: str, most: int = MOST_OF_A_MESSAGE) -> str:
    """The text, or its beginning, so that it has at most ``most`` bytes as JSON."""
    if len(text) * 6 <= most or _size(text) <= most:
        return text
    room = most - _size("…")
    for index, character in enumerate(text):
        room -= _size(character) - 3
        if room < 0:
            return f"{text[:index]}…"
    return text


def conditions(found: Iterable[Condition]) -> tuple[Condition, ...]:
    """With messages of bounded size."""
    return tuple(
        each if (message := shortened(each.message)) == each.message else each.model_copy(update={"message": message})
        for each in found
    )


def problems(found: Sequence[ProblemStatus], *, most: int) -> tuple[ProblemStatus, ...]:
    """At most so many, of bounded size; the last one says how many more there are."""
    short = [each.model_copy(update={"message": shortened(each.message)}) for each in found]
    kept = fitting(short[:most], MOST_OF_PROBLEMS)
    if len(kept) == len(short):
        return kept
    kept = kept[: most - 1]
    more = ProblemStatus(severity="warning", message=f"and {len(short) - len(kept)} more")
    return (*kept, more)


def children(found: Sequence[ChildStatus]) -> tuple[ChildStatus, ...]:
    """Every one, because its fingerprint is needed; what is said of them is cut where it is too much together."""
    if len(fitting(found, MOST_OF_CHILDREN)) == len(found):
        return tuple(found)
    return tuple(each.model_copy(update={"reason": shortened(each.reason, 128)}) for each in found)


def operations(found: Sequence[str], *, most: int) -> tuple[str, ...]:
    """At most so many, of bounded size."""
    return fitting([shortened(name, 256) for name in found[:most]], MOST_OF_OPERATIONS)


def consumers(found: Sequence[ConsumerStatus], *, most: int) -> tuple[ConsumerStatus, ...]:
    """At most so many, of bounded size; ``consumerCount`` tells how many there are."""
    return fitting(found[:most], MOST_OF_CONSUMERS)


def _size(part: object) -> int:
    """Bytes as JSON, with what stands between two of them."""
    if isinstance(part, BaseModel):
        return len(part.model_dump_json(by_alias=True).encode()) + 1
    return len(json.dumps(part, ensure_ascii=False).encode(errors="surrogatepass")) + 1
