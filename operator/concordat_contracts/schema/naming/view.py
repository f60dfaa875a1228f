"""A schema as people read it: what references and ``allOf`` bring together, laid out side by side."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any

from concordat_contracts.schema.model.keywords import Keywords
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.regex import formats

DEEPEST = 12
_BLANK = Keywords()
ALL_TYPES = frozenset({"null", "boolean", "string", "number", "array", "object"})


@dataclass(frozen=True)
class Part:
    """One schema of those that hold together, and whether an ``allOf`` of the other side lacks it."""

    node: Node
    is_added: bool = False

    @property
    def keywords(self) -> Keywords:
        return self.node.keywords


@dataclass
class View:
    """The parts of one position."""

    node: Node
    parts: list[Part] = field(default_factory=list)
    null_beside: bool = False
    """Whether the parts stand in a union with nothing but ``null``."""
    unwrapped: bool = False
    """Whether the parts are the one alternative of a union."""

    @cached_property
    def types(self) -> frozenset[str] | None:
        """The types all parts allow; ``None`` for any."""
        limits = [part.keywords.types for part in self.parts if part.keywords.types is not None]
        if not limits:
            return None
        common = reduce(_both_types, limits)
        return common | {"null"} if self.null_beside else common

    @cached_property
    def enum(self) -> tuple[Any, ...] | None:
        for part in self.parts:
            if part.keywords.enum is not None:
                return (*part.keywords.enum, None) if self.null_beside else part.keywords.enum
        return None

    @cached_property
    def properties(self) -> dict[str, Node]:
        """Declared properties; one declared more than once is all of its declarations."""
        declared: dict[str, list[Node]] = {}
        for part in self.parts:
            for name, schema in part.keywords.properties.items():
                declared.setdefault(name, []).append(schema)
        return {name: together(schemas) for name, schemas in declared.items()}

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(name for part in self.parts for name in part.keywords.required)

    @cached_property
    def items(self) -> Node | None:
        """The schema of the items beyond any tuple."""
        schemas = [part.keywords.rest for part in self.parts if part.keywords.rest is not None]
        return together(schemas) if schemas else None

    @cached_property
    def additional(self) -> Node | None:
        """The schema of undeclared properties, where it is one and not a plain yes or no."""
        schemas = [part.keywords.additional for part in self.parts if part.keywords.additional is not None]
        return schemas[0] if len(schemas) == 1 and schemas[0].constant is None else None

    @cached_property
    def prefix(self) -> tuple[Node, ...]:
        return max((part.keywords.prefix for part in self.parts), key=len, default=())

    @cached_property
    def union(self) -> tuple[str, tuple[Node, ...]] | None:
        """The first real union: ``any_of`` or ``one_of`` and its branches, those for ``null`` alone left out."""
        for part in self.parts:
            for keyword, branches in (("one_of", part.keywords.one_of), ("any_of", part.keywords.any_of)):
                if branches:
                    return keyword, tuple(branch for branch in branches if not is_null(branch))
        return None

    def first(self, name: str) -> Any:
        """The value of a keyword in the first part that has it."""
        blank = getattr(_BLANK, name)
        return next((value for part in self.parts if (value := getattr(part.keywords, name)) != blank), blank)

    def raw(self, keyword: str) -> Any:
        """What was written for a keyword that asserts nothing."""
        for part in self.parts:
            if isinstance(part.node.raw, dict) and keyword in part.node.raw:
                return part.node.raw[keyword]
        return None

    def property_at(self, name: str) -> Node | None:
        """All that the parts say of a property, declared by name, by pattern or not at all."""
        schemas: list[Node] = []
        for part in self.parts:
            keywords = part.keywords
            here = [keywords.properties[name]] if name in keywords.properties else []
            here += [
                schema for pattern, schema in keywords.pattern_properties.items() if formats.matches(pattern, name)
            ]
            if not here and keywords.additional is not None:
                here.append(keywords.additional)
            schemas += here
        return together(schemas) if schemas else None


def view(node: Node, other: Node | None = None) -> View:
    """The view of a node; with ``other`` given, parts are marked that the ``allOf`` over there lacks."""
    made = View(node)
    known = frozenset(_listed(other)) if other is not None else frozenset()
    grew = other is not None and (
        0 < len(known) < len(set(_listed(node))) or (not known and _own(node) == _own(other) != {})
    )
    made.parts = list(_parts(node, made, known if grew else None, False, 0))
    return made


def meant(node: Node) -> Node:
    """Where a schema that is nothing but a reference leads."""
    for _ in range(DEEPEST):
        is_reference = isinstance(node.raw, dict) and "$ref" in node.raw and "allOf" not in node.raw
        if not is_reference or not is_bare(node.keywords):
            break
        node = node.keywords.all_of[0]
    return node


def is_null(node: Node) -> bool:
    """Whether a schema admits ``null`` and nothing else, in so many words."""
    return node.constant is None and (node.keywords.types == frozenset({"null"}) or node.keywords.enum == (None,))


def together(schemas: list[Node]) -> Node:
    """The node for all of several."""
    distinct = list(dict.fromkeys(schemas))
    if len(distinct) == 1:
        return distinct[0]
    key = ("all", *(schema.uid for schema in distinct))
    return distinct[0].space.made(key, Keywords(all_of=tuple(distinct)), distinct[0].document)


def _parts(node: Node, made: View, known: frozenset[Node] | None, is_added: bool, depth: int) -> Iterator[Part]:
    if depth > DEEPEST or node.constant is not None:
        yield Part(node, is_added)
        return
    keywords = node.keywords
    alone = _only_branch(keywords)
    if alone is not None:
        inner, with_null = alone
        made.null_beside = made.null_beside or with_null
        made.unwrapped = True
        yield from _parts(inner, made, known, is_added, depth + 1)
        return
    if not is_bare(keywords):
        yield Part(node, is_added)
    listed = frozenset(_explicit(node)) if known is not None else frozenset()
    for child in keywords.all_of:
        is_new = known is not None and child in listed and child not in known
        yield from _parts(child, made, known, is_added or is_new, depth + 1)


def _explicit(node: Node) -> tuple[Node, ...]:
    """What the schema itself lists under ``allOf``, its reference left out."""
    listed = node.raw.get("allOf") if isinstance(node.raw, dict) else None
    return node.keywords.all_of[-len(listed) :] if listed else ()


def _listed(node: Node, depth: int = 0) -> Iterator[Node]:
    """Everything listed under ``allOf``, here or behind references."""
    if depth > DEEPEST or node.constant is not None:
        return
    yield from _explicit(node)
    for child in node.keywords.all_of:
        yield from _listed(child, depth + 1)


def _own(node: Node) -> dict[str, Any]:
    """What a schema says beside ``allOf``."""
    return (
        {keyword: value for keyword, value in node.raw.items() if keyword != "allOf"}
        if isinstance(node.raw, dict)
        else {}
    )


def is_bare(keywords: Keywords) -> bool:
    """Whether a schema is its ``allOf`` (a reference is one) and nothing else."""
    return bool(keywords.all_of) and keywords == Keywords(all_of=keywords.all_of)


def _only_branch(keywords: Keywords) -> tuple[Node, bool] | None:
    """The one branch of a union that is nothing but itself, and whether ``null`` stands beside it."""
    branches = keywords.any_of or keywords.one_of
    if not branches or keywords != Keywords(any_of=keywords.any_of, one_of=keywords.one_of):
        return None
    if keywords.any_of and keywords.one_of:
        return None
    others = [branch for branch in branches if not is_null(branch)]
    return (others[0], len(others) < len(branches)) if len(others) == 1 else None


def _both_types(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    common = left & right
    if ("integer" in left and "number" in right) or ("integer" in right and "number" in left):
        common |= {"integer"}
    return common
