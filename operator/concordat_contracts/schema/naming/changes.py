"""What a difference in one keyword is called, and said, in each direction."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from concordat_contracts.schema.model.dialect import Direction
from concordat_contracts.schema.model.keywords import Keywords
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.values import canonical
from concordat_contracts.schema.naming import limits
from concordat_contracts.schema.naming.limits import Name
from concordat_contracts.schema.naming.view import ALL_TYPES, View


@dataclass(frozen=True)
class Group:
    """Keywords that assert one thing together."""

    keywords: tuple[str, ...]
    name: Name
    context: tuple[str, ...] = ()
    """Keywords of the same schema that these look at."""
    covered: bool = False
    """Whether a difference named further inside says it better."""


def _presence(field: str, word: str, added: str = "added", removed: str = "removed") -> Name:
    """Added or changed in requests, removed or changed in responses."""

    def name(direction: Direction, before: View, after: View) -> tuple[str, str]:
        blank = getattr(Keywords(), field)
        old, new = before.first(field), after.first(field)
        if direction is Direction.REQUEST:
            return f"{word}-{added if old == blank else 'changed'}", ""
        return f"{word}-{removed if new == blank else 'changed'}", ""

    return name


def _pattern(direction: Direction, before: View, after: View) -> tuple[str, str]:
    concept, _ = _presence("pattern", "pattern")(direction, before, after)
    return concept, f"{before.first('pattern') or 'none'} -> {after.first('pattern') or 'none'}"


_TEXTUAL = frozenset({"string", "number", "boolean"})


def _type_words(view: View) -> str:
    named = view.first("format")
    types = None if view.types is None else _said(view)
    words = "any" if types is None else "|".join(sorted(types)) or "none"
    return f"{words}/{named}" if named else words


def _types(direction: Direction, before: View, after: View) -> tuple[str, str]:
    detail = f"{_type_words(before)} -> {_type_words(after)}"
    old, new = (_said(side) for side in (before, after))
    request = direction is Direction.REQUEST
    lost, gained = _missing(old, new), _missing(new, old)
    if request and lost == {"null"}:
        return "became-not-nullable", detail
    if not request and gained == {"null"}:
        return "became-nullable", detail
    if not request and not lost and after.types is not None:
        return "type-generalized", detail
    if request and not gained and before.types is not None:
        return "type-specialized", detail
    return "type-changed", detail


def _said(side: View) -> frozenset[str]:
    types = said_types(side.types, textual=side.node.space.setting.textual)
    return ALL_TYPES if types is None else types


def said_types(types: frozenset[str] | None, *, textual: bool) -> frozenset[str] | None:
    """The types as the author wrote them: that any text may also look like a number is not his saying."""
    return types - {"number", "boolean"} if textual and types is not None and types >= _TEXTUAL else types


def _missing(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    """What of ``left`` is not in ``right``; whole numbers are numbers."""
    return frozenset(kind for kind in left if kind not in right and not (kind == "integer" and "number" in right))


def _format(direction: Direction, before: View, after: View) -> tuple[str, str]:
    return "type-changed", f"{_type_words(before)} -> {_type_words(after)}"


def _enum(direction: Direction, before: View, after: View) -> tuple[str, str]:
    old, new = before.enum, after.enum
    request = direction is Direction.REQUEST
    was_const, is_const = before.first("is_const"), after.first("is_const")
    if was_const and is_const:
        return "const-changed", f"{old} -> {new}"
    if request and is_const:
        return "const-added", f"{new}"
    if not request and was_const and new is None:
        return "const-removed", f"{old}"
    if old is None:
        return ("became-enum" if request else "became-not-enum"), ""
    if new is None:
        return ("narrowed" if request else "became-not-enum"), ""
    more, fewer = (old, new) if request else (new, old)
    known = {canonical(value) for value in fewer}
    differing = [value for value in more if canonical(value) not in known]
    if differing == [None] and None not in ((before if request else after).raw("enum") or (None,)):
        return ("became-not-nullable" if request else "became-nullable"), ""  # said by ``nullable``, not by the list
    return ("enum-value-removed" if request else "enum-value-added"), "\n".join(
        f"{value!r}" for value in differing[:20]
    )


def _contains(direction: Direction, before: View, after: View) -> tuple[str, str]:
    old, new = before.first("contains"), after.first("contains")
    request = direction is Direction.REQUEST
    if old is None or new is None:
        return ("contains-added" if request else "contains-removed"), ""
    if old[0] is not new[0]:
        return "contains-changed", ""
    if old[1] != new[1] and (new[1] > old[1]) is request:
        return limits.named("min-contains", direction, *_counts("minContains", before, after))
    return limits.named("max-contains", direction, *_counts("maxContains", before, after))


def _counts(keyword: str, before: View, after: View) -> tuple[Any, Any]:
    """What is written of it, since leaving out ``minContains`` means one."""
    return before.raw(keyword), after.raw(keyword)


def _condition(direction: Direction, before: View, after: View) -> tuple[str, str]:
    old, new = before.first("condition"), after.first("condition")
    request = direction is Direction.REQUEST
    appeared = "added" if request else "removed"
    here, there = (new, old) if request else (old, new)
    if there is None:
        return f"if-{appeared}", ""
    if here is not None and here[0] is not there[0]:
        return "if-changed", ""
    for index, word in ((1, "then"), (2, "else")):
        if here is not None and here[index] is not there[index]:
            return f"{word}-{appeared if there[index] is None else 'changed'}", ""
    return "if-changed", ""


def _additional(direction: Direction, before: View, after: View) -> tuple[str, str]:
    return (
        "additional-properties-restricted" if direction is Direction.REQUEST else "additional-properties-allowed"
    ), ""


def _items(direction: Direction, before: View, after: View) -> tuple[str, str]:
    return ("items-restricted" if direction is Direction.REQUEST else "items-generalized"), ""


def _whole(direction: Direction, before: View, after: View) -> tuple[str, str]:
    return ("narrowed" if direction is Direction.REQUEST else "widened"), ""


GROUPS = (
    Group(("types",), _types),
    Group(("format",), _format),
    Group(("enum",), _enum),
    Group(("low",), limits.of_numbers("low", "min")),
    Group(("high",), limits.of_numbers("high", "max")),
    Group(("multiple",), _presence("multiple", "multiple-of", "set", "unset")),
    Group(("min_length",), limits.of_sizes("min_length", "min-length")),
    Group(("max_length",), limits.of_sizes("max_length", "max-length")),
    Group(("pattern",), _pattern),
    Group(("min_items",), limits.of_sizes("min_items", "min-items")),
    Group(("max_items",), limits.of_sizes("max_items", "max-items")),
    Group(("unique",), _presence("unique", "unique-items", "set", "unset")),
    Group(("min_properties",), limits.of_sizes("min_properties", "min-properties")),
    Group(("max_properties",), limits.of_sizes("max_properties", "max-properties")),
    Group(("contains",), _contains),
    Group(("dependent_required",), _presence("dependent_required", "dependent-required")),
    Group(("dependent_schemas",), _presence("dependent_schemas", "dependent-schema")),
    Group(("names",), _presence("names", "property-names")),
    Group(("pattern_properties",), _presence("pattern_properties", "pattern-property")),
    Group(("condition",), _condition),
    Group(("negated",), _presence("negated", "not")),
)
"""Keywords that are tested one by one."""

SCHEMA_GROUPS = (
    Group(("additional",), _additional, context=("properties", "pattern_properties"), covered=True),
    Group(
        ("unevaluated_items",),
        _presence("unevaluated_items", "unevaluated-items"),
        context=("prefix", "rest", "contains", "all_of", "any_of", "one_of", "condition"),
        covered=True,
    ),
    Group(
        ("unevaluated_properties",),
        _presence("unevaluated_properties", "unevaluated-properties"),
        context=(
            "properties",
            "pattern_properties",
            "additional",
            "all_of",
            "any_of",
            "one_of",
            "condition",
            "dependent_schemas",
        ),
        covered=True,
    ),
    Group(("prefix", "rest"), _items, covered=True),
    Group(("opaque",), _whole, covered=True),
)
"""Keywords that need their neighbours, or are better named from inside."""


def required(direction: Direction, name: str, before: View, after: View) -> tuple[str, str]:
    """What it is called when a property must be there, or need no longer be."""
    if name in before.required and name in after.required:  # and yet one side never sent it
        return ("became-not-read-only" if direction is Direction.REQUEST else "became-write-only"), ""
    if direction is Direction.REQUEST:
        declared = after.properties.get(name)
        has_default = declared is not None and isinstance(declared.raw, dict) and "default" in declared.raw
        concept = "became-required" if name in before.properties else "new-required"
        return (f"{concept}-with-default" if has_default else concept), ""
    return ("became-optional" if name in after.properties else "required-removed"), ""


def contents(direction: Direction, before: View, after: View) -> Iterator[tuple[str, str]]:
    """What is said about the contents of strings; not asserted by validators, yet part of what both sides agreed."""
    for keyword, concept in (
        ("contentMediaType", "content-media-type-changed"),
        ("contentEncoding", "content-encoding-changed"),
    ):
        old, new = before.raw(keyword), after.raw(keyword)
        if old != new:
            yield concept, f"{old or 'none'} -> {new or 'none'}"
    old, new = before.raw("contentSchema"), after.raw("contentSchema")
    if direction is Direction.REQUEST and old is None and new is not None:
        yield "content-schema-added", ""
    if direction is Direction.RESPONSE and old is not None and new is None:
        yield "content-schema-removed", ""


def is_plain_type(side: View) -> bool:
    """Whether a schema says no more than which single values it takes: text, numbers, yes and no."""
    return side.types is not None and side.types <= _TEXTUAL | {"integer", "null"} and not side.properties


def branch_name(node: Node) -> str:
    """What to call an alternative: its reference's last word, its discriminating constant, or its type."""
    reference = node.raw.get("$ref") if isinstance(node.raw, dict) else None
    if isinstance(reference, str):
        return reference.rsplit("/", 1)[-1]
    for name, value in sorted(_tags(node).items()):
        return f"{name} = {value[1]!r}"
    types = node.keywords.types
    return "|".join(sorted(types)) if types else "an alternative"


def twin(branch: Node, candidates: tuple[Node, ...], siblings: tuple[Node, ...]) -> Node | None:
    """The alternative on the other side that this one became, if any can be told."""
    if branch in candidates:
        return branch
    free = [candidate for candidate in candidates if candidate not in siblings]
    name = _reference(branch)
    if name is not None:
        named = [candidate for candidate in free if _reference(candidate) == name]
        if named:
            return named[0]
    tags = _tags(branch)
    tagged = [candidate for candidate in free if tags and tags.items() & _tags(candidate).items()]
    if tagged:
        return tagged[0]
    if name is not None and all(_reference(candidate) is not None for candidate in free):
        return None
    alike = [
        candidate
        for candidate in free
        if candidate.constant is None and candidate.keywords.types == branch.keywords.types and not _tags(candidate)
    ]
    return alike[0] if len(alike) == 1 and not tags else None


def _reference(node: Node) -> str | None:
    reference = node.raw.get("$ref") if isinstance(node.raw, dict) else None
    return reference if isinstance(reference, str) else None


def _tags(node: Node, depth: int = 0) -> dict[str, Any]:
    """The properties that a schema pins to one value."""
    if depth > 4 or node.constant is not None:
        return {}
    tags: dict[str, Any] = {}
    for child in node.keywords.all_of:
        tags |= _tags(child, depth + 1)
    for name, schema in node.keywords.properties.items():
        values = schema.keywords.enum
        if values is not None and len(values) == 1:
            tags[name] = canonical(values[0])
    return tags
