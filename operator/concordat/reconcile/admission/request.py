"""
What the API server asks before it stores something, and what is said to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from concordat.world.decisive import annotations

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
    believed: bool = True
    """The API server asks. Anybody else may have made up every word of the question."""

    @classmethod
    def of(cls, request: Mapping[str, Any], *, believed: bool = True) -> "Question":
        """
        From the ``request`` of an AdmissionReview.

        Raises :exc:`KeyError`, :exc:`TypeError` or :exc:`AttributeError` for what is none.
        """
        after, before = request.get("object"), request.get("oldObject")
        for manifest in (after, before):
            if manifest is not None and not isinstance(manifest["metadata"], dict):
                raise TypeError("metadata is no object")
        return cls(
            kind=_word(request["kind"]["kind"]),
            namespace=_word(request.get("namespace") or ""),
            name=_word(request.get("name") or ""),
            operation=_word(request["operation"]),
            user=_word((request.get("userInfo") or {}).get("username") or ""),
            after=after,
            before=before,
            believed=believed,
        )

    def knows(self, uid: str | None) -> bool:
        """
        Whether it may be told what we know of a stored object beside what stands in the question.

        The API server may. Anybody else may if the question holds the object's uid: it is random, and to be learnt only by who may
        read the object.
        """
        return self.believed or (bool(uid) and self._uid_before == uid and self._is_of_one_object)

    @property
    def _uid_before(self) -> object:
        return self.before["metadata"].get("uid") if self.before is not None else None

    @property
    def _is_of_one_object(self) -> bool:
        """Its parts name one and the same; made-up questions need not."""
        named = (self.namespace, self.name)
        parts = [manifest["metadata"] for manifest in (self.before, self.after) if manifest is not None]
        return all((part.get("namespace"), part.get("name")) == named for part in parts)

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


def _word(value: Any) -> str:
    """Text of the question that ends up in labels of metrics and in messages."""
    if not isinstance(value, str):
        raise TypeError("text is expected")
    return value
