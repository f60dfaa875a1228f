"""The arbiter: an independent validator that confirms every witness before it is shown."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from concordat_contracts.schema.export import exported, names_in
from concordat_contracts.schema.model import paths
from concordat_contracts.schema.model.dialect import Dialect
from concordat_contracts.schema.model.document import SchemaDocument, UnresolvableReference
from concordat_contracts.schema.model.keywords import Malformed
from concordat_contracts.schema.model.looks import in_place
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.regex import formats
from concordat_contracts.steps import spend

META_SCHEMAS = {
    Dialect.DRAFT_4: "http://json-schema.org/draft-04/schema#",
    Dialect.DRAFT_6: "http://json-schema.org/draft-06/schema#",
    Dialect.DRAFT_7: "http://json-schema.org/draft-07/schema#",
    Dialect.DRAFT_2019_09: "https://json-schema.org/draft/2019-09/schema",
    Dialect.DRAFT_2020_12: "https://json-schema.org/draft/2020-12/schema",
}


MOST_LOOKS = 200_000
"""Times that a validator may look at a value with a schema; it looks again wherever two ways lead to the same schema."""
_OPTIONS = jsonschema_rs.FancyRegexOptions(backtrack_limit=formats.BACKTRACKS, size_limit=formats.PATTERN_BYTES)


class Arbiter:
    """
    Compiles each schema in 2020-12, whatever dialect it was written in, as far as it concerns the values it is asked about.

    Compiling is dear: whoever is going to ask about several values names all the properties in them beforehand.
    """

    def __init__(self) -> None:
        self._compiled: dict[tuple[int, bool], tuple[frozenset[str], jsonschema_rs.Draft202012Validator | None]] = {}

    def accepts(self, node: Node, value: Any, *, receives: bool, expected: frozenset[str] = frozenset()) -> bool | None:
        """Whether a validator accepts the value; ``None`` where it cannot be asked."""
        names = names_in(value)
        key = (node.uid, receives)
        known = self._compiled.get(key)
        if known is None or not names <= known[0]:
            names = names | expected | (known[0] if known is not None else frozenset())
            known = self._compiled[key] = (names, _compile(node, names, receives))
        validator = known[1]
        if validator is None:
            return None
        price = _price(node, value)
        if price > MOST_LOOKS:
            return None
        spend(1 + price // 100, "its instances take too long to validate")
        try:
            return validator.is_valid(value)
        except (ValueError, OverflowError):
            return None

    def confirms(
        self, sender: Node, receiver: Node, value: Any, *, expected: frozenset[str] = frozenset()
    ) -> bool | None:
        """Whether the value really is sent by one side and refused by the other."""
        sent = self.accepts(sender, value, receives=False, expected=expected)
        received = self.accepts(receiver, value, receives=True, expected=expected)
        if sent is None or received is None:
            return None
        return sent and not received


def problem_of(document: SchemaDocument) -> tuple[str, str] | None:
    """
    Why a whole document is no schema of its dialect: the place (``$.properties.a.type``) and what is wrong there.

    OpenAPI's schemas are not judged here: what holds them has its own validator.
    """
    identity = META_SCHEMAS.get(document.dialect)
    if identity is None:
        return None
    if not isinstance(document.root, dict):
        return None if isinstance(document.root, bool) else ("$", "a schema is an object or a boolean")
    try:
        jsonschema_rs.meta.validate({**document.root, "$schema": identity})
    except jsonschema_rs.ValidationError as wrong:
        return f"${paths.written(tuple(wrong.instance_path))}", wrong.message
    except (TypeError, ValueError) as wrong:  # names that are no text, half a surrogate pair: no JSON at all
        return "$", f"not JSON: {wrong}"
    dangling = document.dangling()
    return ("$", f"the reference {dangling[0]!r} leads to nothing in this document") if dangling else None


def _compile(node: Node, names: frozenset[str], receives: bool) -> jsonschema_rs.Draft202012Validator | None:
    try:
        schema = exported(node, names=names, receives=receives)
        return (
            None
            if schema is None
            else jsonschema_rs.Draft202012Validator(schema, validate_formats=True, pattern_options=_OPTIONS)
        )
    except (ValueError, OverflowError, UnresolvableReference, Malformed, RecursionError):
        return None


def _price(node: Node, value: Any) -> int:
    """
    How often a validator that remembers nothing looks at parts of a value with parts of a schema, at the most.

    Counted with a memory, so that the count itself is cheap where the validator is not.
    """
    known: dict[tuple[int, int], int] = {}

    def price(at: Node, part: Any, depth: int) -> int:
        if at.constant is not None:
            return 1
        if depth > MOST_DEPTH:
            return MOST_LOOKS + 1
        key = (at.uid, id(part))
        if key in known:
            return known[key]
        known[key] = 0  # a schema that leads to itself in place is refused elsewhere
        spend(1, "its instances take too long to validate")
        looks = 1 + sum(price(child, part, depth + 1) for child in in_place(at))
        looks += sum(price(child, item, depth + 1) for child, item in _inside(at, part))
        known[key] = min(looks, MOST_LOOKS + 1)
        return known[key]

    return price(node, value, 0)


MOST_DEPTH = 200


def _inside(node: Node, value: Any) -> Iterator[tuple[Node, Any]]:
    """The parts of a value with the schemas that look at them."""
    keywords = node.keywords
    if isinstance(value, list):
        rest = [part for part in (keywords.rest, keywords.unevaluated_items) if part is not None]
        rest += [keywords.contains[0]] if keywords.contains is not None else []
        yield from zip(keywords.prefix, value, strict=False)
        yield from ((part, item) for part in rest for item in value)
    elif isinstance(value, dict):
        rest = [part for part in (keywords.additional, keywords.unevaluated_properties) if part is not None]
        rest += keywords.pattern_properties.values()
        for name, item in value.items():
            if name in keywords.properties:
                yield keywords.properties[name], item
            yield from ((part, item) for part in rest)
            if keywords.names is not None:
                yield keywords.names, name
