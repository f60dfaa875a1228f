"""
Weighs choices against a branch: which alternatives hold already, which cannot, and which are left.

Most are settled by looking at them; the rest are questions to the search, whose answers are remembered.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from concordat_contracts.schema.solver.statements import admits
from concordat_contracts.schema.solver.terms import (  # fmt: skip
    INSIDE,
    OUTSIDE,
    SENT,
    SENT_PART,
    Action,
    Alternative,
    ArrayBranch,
    Branch,
    Literal,
    ObjectBranch,
    Signed,
)

if TYPE_CHECKING:
    from concordat_contracts.schema.solver.search import Search

REFUTABLE = frozenset(
    {"low", "high", "least", "most", "match", "mismatch", "format", "other-format", "multiple", "other"}
)
"""Statements that a branch itself can refute."""


class Weighing:
    """For values of one kind."""

    def __init__(self, search: "Search", kind: str, never: Signed) -> None:
        self.search = search
        self.kind = kind
        self.never = never

    def simplify(
        self, branch: Branch, known: set[Signed], choices: list[tuple[Alternative, ...]]
    ) -> list[tuple[Alternative, ...]] | None:
        left: list[tuple[Alternative, ...]] = []
        for alternatives in choices:
            self.search.spend(len(alternatives) // 4)
            possible: list[Alternative] = []
            holds = False
            for alternative in alternatives:
                if len(alternative) == 1:  # nearly all are, and this is where the time goes
                    (action,) = alternative
                    if self._holds(action, branch, known):
                        holds = True
                        break
                    if not self._fails(action, branch, known):
                        possible.append(alternative)
                    continue
                if all(self._holds(action, branch, known) for action in alternative):
                    holds = True
                    break
                if not any(self._fails(action, branch, known) for action in alternative):
                    possible.append(alternative)
            if holds or (len(choices) > 1 and any(self._follows(alternative, branch) for alternative in possible)):
                continue
            if not possible:
                return None
            left.append(tuple(possible))
        return left

    def _holds(self, action: Action, branch: Branch, known: set[Signed]) -> bool:
        return action in known if isinstance(action, Signed) else branch.has(action)

    def _fails(self, action: Action, branch: Branch, known: set[Signed]) -> bool:
        if isinstance(action, Signed):
            return self.is_contradicted(action, known) or not self._may_be(action)
        if action[0] in ("some", "every"):
            if isinstance(branch, ObjectBranch):
                return self._property_fails(action, branch)
            if isinstance(branch, ArrayBranch):
                return self._item_fails(action, branch)
        if action[0] in REFUTABLE:
            return not branch.copy().add(action)
        return False

    def _item_fails(self, literal: Literal, branch: ArrayBranch) -> bool:
        _, first, signed = literal
        indices = range(first, max(first, branch.settled) + 1)
        return all(self.search.is_empty(branch.here(index) | {signed}) for index in indices)

    def _property_fails(self, literal: Literal, branch: ObjectBranch) -> bool:
        if self._plainly_fails(literal, branch):
            return True
        word, names, signed = literal
        if word == "every" or names[0] != "name":
            return False
        wanted = self.search.about(branch, names[1], also=signed)
        return self.search.is_empty(wanted)

    def _follows(self, alternative: Alternative, branch: Branch) -> bool:
        """Whether the alternative holds whatever else: a present property whose every value is refused there."""
        literal = alternative[0] if len(alternative) == 1 else ()
        if not isinstance(branch, ObjectBranch) or isinstance(literal, Signed) or literal[:1] != ("some",):
            return False
        _, names, signed = literal
        if names[0] != "name" or signed is None:
            return False
        if names[1] not in branch.present:
            return False
        return self.search.is_empty(self.search.about(branch, names[1], also=signed.opposite))

    def _may_be(self, signed: Signed) -> bool:
        if signed.node.constant is not None:
            return signed.node.constant is (signed.mode != OUTSIDE)
        return signed.mode == OUTSIDE or admits(signed.node.keywords.types, self.kind)

    def possible(self, alternatives: tuple[Alternative, ...], branch: Branch) -> tuple[Alternative, ...]:
        """Without properties that both sides declare and require alike, as most are; the rest is weighed later."""
        if not isinstance(branch, ObjectBranch):
            return alternatives
        return tuple(
            [
                alternative
                for alternative in alternatives
                if len(alternative) != 1 or not self._plainly_fails(alternative[0], branch)
            ]
        )

    def _plainly_fails(self, action: Action, branch: ObjectBranch) -> bool:
        if isinstance(action, Signed) or (action[0] != "every" and action[0] != "some") or action[1][0] != "name":
            return False
        word, (_, name), signed = action
        if word == "every":
            return name in branch.present and bool(signed is self.never or signed == self.never)
        return signed is not None and _contradicts(signed, branch.named.get(name, ()))

    def is_contradicted(self, signed: Signed, known: set[Signed]) -> bool:
        mode, node = signed
        # Plain tuples are found where signed schemas are, and cost a third to make.
        if mode == OUTSIDE:
            return (INSIDE, node) in known or (SENT, node) in known or (SENT_PART, node) in known
        return (OUTSIDE, node) in known


def _contradicts(signed: Signed, others: Iterable[Signed]) -> bool:
    mode, node = signed
    return any(other is node and (at == OUTSIDE) is not (mode == OUTSIDE) for at, other in others)
