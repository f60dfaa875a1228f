"""The two schemas of one place, and what is seen of them without a search."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from concordat_contracts.schema.model.dialect import Direction
from concordat_contracts.schema.model.keywords import Keywords
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.paths import Path
from concordat_contracts.schema.model.values import canonical
from concordat_contracts.schema.naming import changes
from concordat_contracts.schema.naming.changes import Group
from concordat_contracts.schema.naming.view import Part, View
from concordat_contracts.schema.regex import formats
from concordat_contracts.schema.solver.answers import UNKNOWN, Answer

_BLANK = Keywords()


@dataclass(frozen=True)
class Pair:
    """The two schemas of one place, read from both ends."""

    before: View
    after: View
    sender: View
    receiver: View
    path: Path
    above: frozenset[tuple[int, int]]


def noted(pair: Pair, hidden: str | None, *, is_request: bool) -> Iterator[tuple[str, Path, str]]:
    """What is declared no more, and what annotations promise: concept, place and detail, which no instance can show."""
    before, after = pair.before, pair.after
    if after.union is None:
        for name, schema in before.properties.items():
            now = after.property_at(name)
            stopped = now is not None and not is_request and name not in before.required and now.is_hidden(hidden)
            if schema.is_hidden(hidden) or (now is not None and not stopped):
                continue
            if now is not None:
                yield "optional-became-write-only", (*pair.path, name), ""
            elif is_request:
                yield "removed", (*pair.path, name), ""
            elif name not in before.required:
                yield "optional-removed", (*pair.path, name), ""
    for name in () if is_request else before.required & after.required:
        old, new = before.properties.get(name), after.properties.get(name)
        if old is not None and new is not None and old.is_hidden("writeOnly") and not new.is_hidden("writeOnly"):
            yield "became-not-write-only", (*pair.path, name), "may now come"
    for concept, detail in changes.contents(Direction.REQUEST if is_request else Direction.RESPONSE, before, after):
        yield concept, pair.path, detail


def refuses_more(part: Part) -> bool:
    return is_false(part.keywords.additional) or is_false(part.keywords.unevaluated_properties)


def is_false(schema: Any) -> bool:
    return isinstance(schema, Node) and schema.constant is False


def is_own(part: Part, pair: Pair, answer: Answer) -> bool:
    """Whether a format is of the author's making: part of what was agreed, though no validator knows its strings."""
    named = [part.keywords.format, *([pair.sender.first("format")] if answer is UNKNOWN else ())]
    return any(formats.asserts(each, api=True) and each not in formats.CHECKED for each in named)


def differs(group: Group, part: Part, pair: Pair) -> bool:
    """Whether the part asserts something with these keywords that no part of the sender says in the same words."""
    values = [getattr(part.keywords, name) for name in group.keywords]
    if values == [getattr(_BLANK, name) for name in group.keywords]:
        return False
    if group.keywords == ("types",):
        textual = part.node.space.setting.textual
        sent, received = (
            changes.said_types(each, textual=textual) for each in (pair.sender.types, part.keywords.types)
        )
        return sent != received
    if group.keywords == ("enum",):
        # Python takes True for 1.
        values = [canonical(list(values[0]))]
        return all([canonical(list(other.keywords.enum or ()))] != values for other in pair.sender.parts)
    return all([getattr(other.keywords, name) for name in group.keywords] != values for other in pair.sender.parts)
