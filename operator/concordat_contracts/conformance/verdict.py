"""
What a trial found, and as much of it as fits into the termination message of a container.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

MOST_BYTES = 4096
"""Kubernetes keeps no more of a termination message."""
LONGEST_VERSION = 64
LONGEST_TEXT = 400
"""Characters of a message or a reproducer there."""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """One promise that was not kept."""

    operation: str
    """``GET /orders/{id}``."""
    check: str
    """What was expected, in schemathesis' words: ``Response violates schema``."""
    message: str
    reproducer: str
    """A curl command."""

    def __str__(self) -> str:
        first = self.message.splitlines()[0] if self.message else ""
        return f"{self.operation}: {self.check}" + (f": {first}" if first else "")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one trial."""

    breaches: tuple[Breach, ...] = ()
    requests: int = 0
    operations: int = 0
    """Called, of those the profile allows."""
    unanswered: tuple[str, ...] = ()
    """Operations that never answered with success, so that little is known of them."""
    unusable: str = ""
    """Why nothing can be said; empty when something can."""
    left_out: int = 0
    """Breaches beside those, that did not fit into a message."""
    version: str = ""
    """Of the document that was tried, ``info.version``."""

    @property
    def conformant(self) -> bool | None:
        """``None`` when nothing can be said."""
        if self.breaches or self.left_out:
            return False
        return None if self.unusable or not self.requests else True

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.breaches:
            others = len(self.breaches) - 1 + self.left_out
            more = f" and {others} more" if others else ""
            return f"{self.breaches[0]}{more}"
        if self.left_out:
            return f"{self.left_out} breaches, none of which fits into a message"
        if self.conformant is None:
            return self.unusable or "no operation was called"
        rest = f"; {', '.join(self.unanswered)} never succeeded" if self.unanswered else ""
        return f"{self.requests} requests to {self.operations} operations, no breach{rest}"


def written(verdict: Verdict, *, most: int = MOST_BYTES) -> bytes:
    """
    JSON of ``most`` bytes at most; :func:`read` takes it.

    Breaches that do not fit are counted in ``left_out``; texts are cut before any is left out.
    """
    breaches = [_cut(breach) for breach in verdict.breaches]
    while True:
        text = _json(verdict, breaches)
        if len(text) <= most:
            return text
        if not breaches:
            short = replace(verdict, breaches=(), unanswered=(), unusable=verdict.unusable[:LONGEST_TEXT])
            return _json(short, [], left_out=len(verdict.breaches))
        breaches.pop()


def read(text: bytes | str) -> Verdict:
    """What :func:`written` wrote. Raises :exc:`ValueError` for anything else."""
    try:
        value = orjson.loads(text)
        return Verdict(
            breaches=tuple(Breach(**breach) for breach in value["breaches"]),
            requests=int(value["requests"]),
            operations=int(value["operations"]),
            unanswered=tuple(map(str, value["unanswered"])),
            unusable=str(value["unusable"]),
            left_out=int(value.get("left_out") or 0),
            version=str(value.get("version") or ""),
        )
    except (TypeError, KeyError, AttributeError, orjson.JSONDecodeError) as error:
        raise ValueError(f"this is no verdict: {error}") from None


def _json(verdict: Verdict, breaches: Sequence[Breach], *, left_out: int | None = None) -> bytes:
    return orjson.dumps(
        {
            "breaches": [
                {"operation": b.operation, "check": b.check, "message": b.message, "reproducer": b.reproducer}
                for b in breaches
            ],
            "left_out": verdict.left_out + (len(verdict.breaches) - len(breaches) if left_out is None else left_out),
            "requests": verdict.requests,
            "operations": verdict.operations,
            "unanswered": list(verdict.unanswered),
            "unusable": verdict.unusable,
            "version": verdict.version[:LONGEST_VERSION],
        }
    )


def _cut(breach: Breach) -> Breach:
    return Breach(
        operation=breach.operation[:LONGEST_TEXT],
        check=breach.check[:LONGEST_TEXT],
        message=breach.message[:LONGEST_TEXT],
        reproducer=breach.reproducer[:LONGEST_TEXT],
    )
