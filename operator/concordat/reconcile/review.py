"""
What the API server asks before it stores something, and what is said to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from concordat.reconcile.decisive import annotations

MOST_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody is about to do."""

    kind: str
    namespace: str
    name: str
    operation: str
    """``CREATE``, ``UPDATE`` or ``DELETE``."""
    user: str
    after: Mapping[str, Any] | None
    """The object as it would be; nothing when it is deleted."""
    before: Mapping[str, Any] | None
    """The object as it is; nothing when it is created."""

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "Question":
        """From the ``request`` of an AdmissionReview."""
        return cls(
            kind=request["kind"]["kind"],
            namespace=request.get("namespace") or "",
            name=request.get("name") or "",
            operation=request["operation"],
            user=(request.get("userInfo") or {}).get("username") or "",
            after=request.get("object"),
            before=request.get("oldObject"),
        )

    @property
    def changes_nothing(self) -> bool:
        """As far as we are concerned: labels, a status, finalizers of something that is being deleted."""
        if self.after is None or self.before is None:
            return False
        if "deletionTimestamp" in self.after["metadata"]:
            return True
        after, before = annotations(self.after["metadata"]), annotations(self.before["metadata"])
        return self.after.get("spec") == self.before.get("spec") and after == before

    @property
    def named(self) -> str:
        """``Microservice shop/orders``."""
        return f"{self.kind} {self.namespace}/{self.name}"

    def __str__(self) -> str:
        return f"{self.operation} {self.named}"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What is said to it."""

    refusal: str = ""
    """Why not; empty when it may be."""
    warnings: tuple[str, ...] = ()


def listed(what: str, findings: Iterable[str], *, remedy: str = "") -> str:
    """
    A refusal as kubectl shows it, which shows text alone: one line a finding, :data:`MOST_LISTED` at most.

    >>> print(listed("Microservice shop/orders refused", ["spec.env[0].name: is required"]))
    Microservice shop/orders refused:
     1. spec.env[0].name: is required
    """
    lines = list(findings)
    numbered = [f" {number}. {line}" for number, line in enumerate(lines[:MOST_LISTED], start=1)]
    more = [f" and {len(lines) - MOST_LISTED} more"] if len(lines) > MOST_LISTED else []
    return "\n".join((f"{what}:", *numbered, *more, *([f" fix: {remedy}"] if remedy else [])))
