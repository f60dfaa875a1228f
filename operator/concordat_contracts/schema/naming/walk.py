"""
Names the difference between two schemas, keyword by keyword, side by side.

The search has the last word: a rule speaks only where an instance shows that the receiver's keyword refuses what the sender
sends, so moving the same meaning elsewhere (an inlined reference, a flattened ``allOf``, a bound spelled otherwise) says nothing.
"""

from dataclasses import dataclass
from typing import Any

from concordat_contracts.schema.model.dialect import Direction
from concordat_contracts.schema.model.keywords import Keywords
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.paths import ANY_ITEM, ANY_NAME, Path
from concordat_contracts.schema.naming import changes
from concordat_contracts.schema.naming.changes import Group
from concordat_contracts.schema.naming.pair import Pair, differs, is_false, is_own, noted, refuses_more
from concordat_contracts.schema.naming.view import Part, meant, view
from concordat_contracts.schema.solver.answers import EMPTY, Answer
from concordat_contracts.schema.solver.search import Search
from concordat_contracts.schema.solver.terms import INSIDE, OUTSIDE, SENT, Signed

DEEPEST = 24
MOST_PLACES = 4000
MOST_FINDINGS = 300


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A change with a name, the place it is named at, and the value that shows it at ``shown_at``."""

    concept: str
    path: Path
    detail: str
    shown_at: Path = ()
    answer: Answer | None = None
    """``None`` for what is declared or annotated and no instance can show."""


class Walk:
    """One comparison; ``found`` fills as it goes."""

    def __init__(self, search: Search, direction: Direction, *, api: bool) -> None:
        self.search = search
        self.space = search.space
        self.direction = direction
        self.is_request = direction is Direction.REQUEST
        self.api = api
        self.mode = SENT if api else INSIDE
        self.anything = self.space.literal(True)
        self.places = 0
        self.returns = 0
        """How often the walk came back to a pair it is inside of, whose differences are told further up."""
        self.found: list[Difference] = []

    def compare(
        self,
        old: Node,
        new: Node,
        path: Path = (),
        above: frozenset[tuple[int, int]] = frozenset(),
        *,
        quiet: bool = False,
    ) -> None:
        """Name what differs from here on; with ``quiet`` only what no instance can show."""
        old, new = meant(old), meant(new)
        both = (old.uid, new.uid)
        self.places += 1
        self.returns += both in above
        if (
            old is new
            or both in above
            or len(path) > DEEPEST
            or self.places > MOST_PLACES
            or len(self.found) > MOST_FINDINGS
        ):
            return
        quiet = quiet or self._ask(*self._sides(old, new)) is EMPTY
        if quiet and not self.api:
            return
        if self._sides(old, new)[1].constant is False:
            concept = "schema-became-false" if self.is_request else "schema-became-not-false"
            self._add(concept, path, self._ask(*self._sides(old, new)))
            return
        before, after = view(old, new), view(new, old)
        sender, receiver = (before, after) if self.is_request else (after, before)
        pair = Pair(before, after, sender, receiver, path, above | {both})
        already, returns = len(self.found), self.returns
        if self.api:
            for concept, place, detail in noted(pair, self.space.setting.hidden, is_request=self.is_request):
                self._add(concept, place, None, detail)
        if not quiet and self._is_wrapped(pair):
            quiet = True
        if not quiet:
            self._keywords(pair)
        self._properties(pair, quiet)
        self._items(pair, quiet)
        if not quiet:
            self._union(pair, already)
            if self.returns == returns:
                self._leftovers(pair, already)
        if self.api and self.is_request:
            self._closed(pair)

    def _sides(self, old: Node, new: Node) -> tuple[Node, Node]:
        return (old, new) if self.is_request else (new, old)

    def _ask(self, sender: Node, receiver: Node) -> Answer:
        return self.search.ask({Signed(self.mode, sender), Signed(OUTSIDE, receiver)})

    def _add(
        self, concept: str, path: Path, answer: Answer | None, detail: str = "", *, shown_at: Path | None = None
    ) -> None:
        shown = path if shown_at is None else shown_at
        self.found.append(Difference(concept=concept, path=path, detail=detail, shown_at=shown, answer=answer))

    def _says_something(self, already: int) -> bool:
        return any(difference.answer is not None for difference in self.found[already:])

    def _only(self, part: Part, names: tuple[str, ...], **changed: Any) -> Node:
        """A part's schema with nothing left but some of its keywords."""
        key = ("only", part.node.uid, names, *changed.items())
        values = {name: getattr(part.keywords, name) for name in names} | changed
        return self.space.made(key, Keywords(**values), part.node.document)

    def _keywords(self, pair: Pair) -> None:
        """Every keyword of the receiver that the sender does not share, put to the test alone."""
        for part in pair.receiver.parts:
            for group in changes.GROUPS:
                self._test(group, part, pair)
            for name in part.keywords.required:
                if name not in pair.sender.required or self._is_hidden(pair.sender.properties.get(name)):
                    self._required(name, part, pair)

    def _test(self, group: Group, part: Part, pair: Pair) -> None:
        if not differs(group, part, pair):
            return
        context = {name: getattr(part.keywords, name) for name in group.context}
        restricted = self._only(part, (*group.keywords, *context))
        if pair.receiver.null_beside:
            null = self.space.literal({"type": "null"})
            restricted = self.space.made(("or-null", restricted.uid), Keywords(any_of=(restricted, null)))
        answer = self._ask(pair.sender.node, restricted)
        if answer is EMPTY:
            return
        is_told = group.keywords == ("format",) and self.api and is_own(part, pair, answer)
        concept, detail = group.name(self.direction, pair.before, pair.after)
        if self._is_all_of(part):
            concept, detail = "all-of-added", "must hold as well"
        if any(known.concept == concept and known.path == pair.path for known in self.found):
            return
        for line in detail.split("\n"):
            self._add(concept, pair.path, None if is_told else answer, line)

    def _is_all_of(self, part: Part) -> bool:
        return part.is_added and self.is_request

    def _required(self, name: str, part: Part, pair: Pair) -> None:
        if self._is_hidden(pair.receiver.properties.get(name)):
            return
        answer = self._ask(pair.sender.node, self._only(part, (), required=(name,)))
        if answer is EMPTY:
            return
        if self._is_all_of(part):
            self._add("all-of-added", pair.path, answer, f"asks for {name}")
            return
        concept, detail = changes.required(self.direction, name, pair.before, pair.after)
        self._add(concept, (*pair.path, name), answer, detail, shown_at=pair.path)

    def _is_hidden(self, schema: Node | None) -> bool:
        return schema is not None and schema.is_hidden(self.space.setting.hidden)

    def _properties(self, pair: Pair, quiet: bool) -> None:
        hidden = self.space.setting.hidden
        declared = {**pair.before.properties, **pair.after.properties}
        for name in declared:
            if pair.before.properties.get(name) is pair.after.properties.get(name):
                continue
            old, new = pair.before.property_at(name), pair.after.property_at(name)
            if any(side is not None and side.is_hidden(hidden) for side in (old, new)):
                continue
            if self.api and name not in pair.sender.properties:
                continue
            sent, received = self._sides(old or self.anything, new or self.anything)
            path = (*pair.path, name)
            if name in pair.receiver.properties:
                self.compare(old or self.anything, new or self.anything, path, pair.above, quiet=quiet)
            elif not quiet and received is not self.anything:
                answer = self._ask(sent, received)
                if answer is not EMPTY:
                    self._add("refused" if self.is_request else "added", path, answer)
        old, new = pair.before.additional, pair.after.additional
        if old is not None and new is not None:
            self.compare(old, new, (*pair.path, ANY_NAME), pair.above, quiet=quiet)

    def _items(self, pair: Pair, quiet: bool) -> None:
        before, after = pair.before.prefix, pair.after.prefix
        old_rest, new_rest = pair.before.items or self.anything, pair.after.items or self.anything
        for index in range(min(max(len(before), len(after)), 40)):
            old = before[index] if index < len(before) else old_rest
            new = after[index] if index < len(after) else new_rest
            if index < min(len(before), len(after)):
                self.compare(old, new, (*pair.path, index), pair.above, quiet=quiet)
            elif not quiet:
                answer = self._ask(*self._sides(old, new))
                concept = "prefix-items-added" if len(after) > len(before) else "prefix-items-removed"
                if answer is not EMPTY:
                    self._add(concept, pair.path, answer, f"position {index}", shown_at=(*pair.path, index))
        if old_rest is not new_rest:
            self.compare(old_rest, new_rest, (*pair.path, ANY_ITEM), pair.above, quiet=quiet)

    def _is_wrapped(self, pair: Pair) -> bool:
        """A union on one side only; told as such where the plain side is (or was) one of its alternatives."""
        sent, received = pair.sender.union, pair.receiver.union
        if (sent is None) == (received is None):
            return False
        if sent is None:
            return False
        answers = [(branch, self._ask(branch, pair.receiver.node)) for branch in sent[1]]
        if all(answer is not EMPTY for _, answer in answers):
            return False
        for branch, answer in answers:
            if answer is EMPTY:
                continue
            concept = "wrapped-in-one-of"
            if self._lists_types(sent) and changes.is_plain_type(pair.receiver):
                concept = self._listed()
            elif self.is_request or pair.receiver.unwrapped:
                concept = f"{sent[0].replace('_', '-')}-{'removed' if self.is_request else 'added'}"
            self._add(concept, pair.path, answer, changes.branch_name(branch))
        return self._says_something(0)

    def _union(self, pair: Pair, already: int) -> None:
        """Alternatives of the receiver against those of the sender, twins side by side."""
        received = pair.receiver.union
        if received is None:
            return
        sent = pair.sender.union
        part = next(part for part in pair.receiver.parts if getattr(part.keywords, received[0]))
        restricted = self._only(part, (received[0],))
        branches = sent[1] if sent is not None else (pair.sender.node,)
        if sent is None and self._says_something(already):
            return
        for branch in branches:
            answer = self._ask(branch, restricted)
            if answer is EMPTY:
                continue
            known = len(self.found)
            twin = changes.twin(branch, received[1], branches)
            if twin is not None:
                old, new = self._sides(branch, twin)
                self.compare(old, new, pair.path, pair.above)
            if not self._says_something(known):
                self._add(self._union_concept(sent, received), pair.path, answer, changes.branch_name(branch))

    def _lists_types(self, union: tuple[str, tuple[Node, ...]]) -> bool:
        """Whether the alternatives differ in nothing but their types."""
        return all(changes.is_plain_type(view(branch)) for branch in union[1])

    def _listed(self) -> str:
        return "list-of-types-narrowed" if self.is_request else "list-of-types-widened"

    def _union_concept(self, sent: Any, received: Any) -> str:
        if sent is not None and self._lists_types(sent) and self._lists_types(received):
            return self._listed()
        if sent is None:
            return "wrapped-in-one-of" if self.is_request else "widened"
        return f"{(sent if self.is_request else received)[0].replace('_', '-')}-{'removed' if self.is_request else 'added'}"

    def _leftovers(self, pair: Pair, already: int) -> None:
        """Keywords that hold schemas of their own: named as a whole, where nothing inside has a name."""
        for part in pair.receiver.parts:
            for group in changes.SCHEMA_GROUPS:
                if not self._says_something(already):
                    self._test(group, part, pair)

    def _closed(self, pair: Pair) -> None:
        """An object that took undeclared properties and refuses them now, though nobody has declared to send any."""
        is_told = any(known.concept == "refused" and known.path[:-1] == pair.path for known in self.found)
        if is_told or self.space.setting.textual or any(refuses_more(part) for part in pair.sender.parts):
            return
        for part in filter(refuses_more, pair.receiver.parts):
            group = next(each for each in changes.SCHEMA_GROUPS if is_false(getattr(part.keywords, each.keywords[0])))
            concept, _ = group.name(self.direction, pair.before, pair.after)
            if any(known.concept == concept and known.path == pair.path for known in self.found):
                continue
            restricted = self._only(part, (*group.keywords, *group.context))
            if self.search.ask({Signed(INSIDE, pair.sender.node), Signed(OUTSIDE, restricted)}) is not EMPTY:
                self._add(concept, pair.path, None, "the object was open and is closed")
