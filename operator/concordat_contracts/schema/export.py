"""Writes a schema of any dialect, with all of it that concerns one value, as one 2020-12 schema for a validator to read."""

from typing import Any

from concordat_contracts.schema.model.keywords import Bound, Keywords
from concordat_contracts.schema.model.node import Node
from concordat_contracts.schema.model.values import plain_number
from concordat_contracts.schema.naming.view import is_bare
from concordat_contracts.schema.regex import formats

MOST_SCHEMAS = 3000
MOST_STEPS = 16


def names_in(value: Any) -> frozenset[str]:
    """The names of all properties anywhere in a value; parts that are one object are looked at once."""
    names: set[str] = set()
    pending, seen = [value], set[int]()
    while pending:
        at = pending.pop()
        if isinstance(at, dict | list):
            if id(at) in seen:
                continue
            seen.add(id(at))
        if isinstance(at, dict):
            names.update(at)
            pending.extend(at.values())
        elif isinstance(at, list):
            pending.extend(at)
    return frozenset(names)


def exported(node: Node, *, names: frozenset[str], receives: bool) -> Any:
    """
    A schema and all it leads to as one 2020-12 schema; ``None`` when it asserts what 2020-12 has no word for.

    Good for values whose properties have no other ``names``: what is said of other properties is left out.
    """
    definitions: dict[str, Any] = {}
    pending = [node]
    while pending:
        at = pending.pop()
        name = f"n{at.uid}"
        if name in definitions:
            continue
        if len(definitions) >= MOST_SCHEMAS or at.keywords.opaque:
            return None
        writer = _Writer(at, names, receives)
        definitions[name] = writer.schema()
        if writer.is_beyond_words:
            return None
        pending.extend(writer.children)
    return {"$ref": f"#/$defs/n{node.uid}", "$defs": definitions}


class _Writer:
    def __init__(self, node: Node, names: frozenset[str], receives: bool) -> None:
        self.node = node
        self.setting = node.space.setting
        self.names = names
        self.receives = receives
        self.children: list[Node] = []
        self.is_beyond_words = False

    def to(self, node: Node) -> Any:
        node = _meant(node)
        if node.constant is not None:
            return node.constant
        if _is_leaf(node.keywords):
            self.is_beyond_words = self.is_beyond_words or bool(node.keywords.opaque)
            return _Writer(node, self.names, self.receives).schema()
        self.children.append(node)
        return {"$ref": f"#/$defs/n{node.uid}"}

    def schema(self) -> Any:
        if self.node.constant is not None:
            return self.node.constant
        keywords = self.node.keywords
        written: dict[str, Any] = {}
        if keywords.types is not None:
            written["type"] = sorted(keywords.types)
        if keywords.enum is not None:
            written["enum"] = list(keywords.enum)
        if keywords.types == frozenset() or keywords.enum == ():
            return False
        self._scalars(keywords, written)
        self._arrays(keywords, written)
        self._objects(keywords, written)
        self._applicators(keywords, written)
        return written

    def _scalars(self, keywords: Keywords, written: dict[str, Any]) -> None:
        limits = formats.bounds(keywords.format) if self.setting.api else None
        bounds: list[tuple[Bound | None, str, str]] = [
            (keywords.low, "minimum", "exclusiveMinimum"), (keywords.high, "maximum", "exclusiveMaximum"),
        ]  # fmt: skip
        for bound, inclusive, exclusive in bounds:
            if bound is not None:
                written[exclusive if bound[1] else inclusive] = plain_number(bound[0])
        if limits is not None:
            within = {"minimum": plain_number(limits[0][0]), "maximum": plain_number(limits[1][0])}
            written.setdefault("allOf", []).append(within)
        if keywords.multiple is not None:
            written["multipleOf"] = plain_number(keywords.multiple)
        if keywords.min_length:
            written["minLength"] = keywords.min_length
        if keywords.max_length is not None:
            written["maxLength"] = keywords.max_length
        if keywords.pattern is not None:
            written["pattern"] = keywords.pattern
        if keywords.format is not None and formats.asserts(keywords.format, api=self.setting.api):
            written["format"] = keywords.format

    def _arrays(self, keywords: Keywords, written: dict[str, Any]) -> None:
        if keywords.prefix:
            written["prefixItems"] = [self.to(schema) for schema in keywords.prefix]
        if keywords.rest is not None:
            written["items"] = self.to(keywords.rest)
        if keywords.contains is not None:
            schema, least, most = keywords.contains
            written |= {"contains": self.to(schema), "minContains": least}
            if most is not None:
                written["maxContains"] = most
        if keywords.min_items:
            written["minItems"] = keywords.min_items
        if keywords.max_items is not None:
            written["maxItems"] = keywords.max_items
        if keywords.unique:
            written["uniqueItems"] = True
        if keywords.unevaluated_items is not None:
            written["unevaluatedItems"] = self.to(keywords.unevaluated_items)

    def _objects(self, keywords: Keywords, written: dict[str, Any]) -> None:
        concerned = {name: schema for name, schema in keywords.properties.items() if name in self.names}
        if concerned:
            written["properties"] = {
                name: self.receives if self._is_hidden(schema) else self.to(schema)
                for name, schema in concerned.items()
            }
        if keywords.pattern_properties:
            written["patternProperties"] = {
                name: self.to(schema) for name, schema in keywords.pattern_properties.items()
            }
        if keywords.additional is not None:
            written["additionalProperties"] = self.to(keywords.additional)
        if keywords.names is not None:
            written["propertyNames"] = self.to(keywords.names)
        required = [name for name in keywords.required if not self._is_hidden(keywords.properties.get(name))]
        if required:
            written["required"] = required
        if keywords.min_properties:
            written["minProperties"] = keywords.min_properties
        if keywords.max_properties is not None:
            written["maxProperties"] = keywords.max_properties
        if keywords.dependent_required:
            written["dependentRequired"] = {name: list(also) for name, also in keywords.dependent_required.items()}
        if keywords.dependent_schemas:
            written["dependentSchemas"] = {
                name: self.to(schema) for name, schema in keywords.dependent_schemas.items() if name in self.names
            }
        if keywords.unevaluated_properties is not None:
            written["unevaluatedProperties"] = self.to(keywords.unevaluated_properties)

    def _is_hidden(self, schema: Node | None) -> bool:
        return schema is not None and schema.is_hidden(self.setting.hidden)

    def _applicators(self, keywords: Keywords, written: dict[str, Any]) -> None:
        if keywords.all_of:
            written.setdefault("allOf", []).extend(self.to(schema) for schema in keywords.all_of)
        if keywords.any_of is not None:
            written["anyOf"] = [self.to(schema) for schema in keywords.any_of]
        if keywords.one_of is not None:
            options = [self.to(schema) for schema in keywords.one_of]
            if not self.setting.api:
                written["oneOf"] = options
            elif "anyOf" in written:
                written.setdefault("allOf", []).append({"anyOf": options})
            else:
                written["anyOf"] = options
        for empty in ("anyOf", "oneOf"):
            if written.get(empty) == []:
                del written[empty]
                written["not"] = {}
        if keywords.negated is not None:
            written.setdefault("allOf", []).append({"not": self.to(keywords.negated)})
        if keywords.condition is not None:
            test, then, otherwise = keywords.condition
            written["if"] = self.to(test)
            if then is not None:
                written["then"] = self.to(then)
            if otherwise is not None:
                written["else"] = self.to(otherwise)


def _meant(node: Node) -> Node:
    """Where a schema that is nothing but a reference leads."""
    for _ in range(MOST_STEPS):
        if node.constant is not None or not is_bare(node.keywords) or len(node.keywords.all_of) > 1:
            break
        node = node.keywords.all_of[0]
    return node


def _is_leaf(keywords: Keywords) -> bool:
    """Whether all is said by the schema itself; most are, and a validator reads them faster in place."""
    return not (
        keywords.all_of
        or keywords.any_of is not None
        or keywords.one_of is not None
        or keywords.negated is not None
        or keywords.condition is not None
        or keywords.prefix
        or keywords.rest is not None
        or keywords.contains is not None
        or keywords.unevaluated_items is not None
        or keywords.properties
        or keywords.pattern_properties
        or keywords.additional is not None
        or keywords.names is not None
        or keywords.dependent_schemas
        or keywords.unevaluated_properties is not None
    )
