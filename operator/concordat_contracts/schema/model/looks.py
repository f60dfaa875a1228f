"""What can be told of a schema by looking at it, without asking what its instances are."""

from collections.abc import Iterator
from typing import Any

from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.values import type_of


def leads_to_itself(node: Node) -> bool:
    """Whether a schema is reached again from itself for the same value."""
    seen: set[Node] = set()
    pending = list(in_place(node))
    while pending:
        at = pending.pop()
        if at is node:
            return True
        if at not in seen:
            seen.add(at)
            pending.extend(in_place(at))
    return False


def in_place(node: Node) -> Iterator[Node]:
    """The schemas that look at the same value."""
    if node.constant is not None:
        return
    keywords = node.keywords
    yield from keywords.all_of
    yield from keywords.any_of or ()
    yield from keywords.one_of or ()
    yield from keywords.dependent_schemas.values()
    yield from (part for part in (keywords.negated, *(keywords.condition or ())) if part is not None)


def enumerated(node: Node, depth: int = 0) -> tuple[Any, ...] | None:
    """The values a schema lists, directly or behind references and ``allOf``."""
    if depth > 6 or node.constant is not None:
        return None
    keywords = node.keywords
    if keywords.enum is not None:
        return keywords.enum
    for child in keywords.all_of:
        values = enumerated(child, depth + 1)
        if values is not None:
            return values
    if keywords.types is not None and keywords.types <= {"null", "boolean"}:
        return tuple(value for value in (None, True, False) if type_of(value) in keywords.types)
    return None


def hidden_names(node: Node, depth: int = 0) -> set[str]:
    """The properties marked ``readOnly`` (or ``writeOnly``, whichever this space hides), anywhere in place."""
    if depth > 8 or node.constant is not None:
        return set()
    keywords = node.keywords
    keyword = node.space.setting.hidden
    names = {name for name, child in keywords.properties.items() if child.may_be_hidden and child.is_hidden(keyword)}
    for child in (*keywords.all_of, *(keywords.any_of or ()), *(keywords.one_of or ())):
        names |= hidden_names(child, depth + 1)
    return names
