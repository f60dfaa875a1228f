"""The keywords of a schema as its dialect means them, whichever that is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from concordat_contracts.schema.model.dialect import Dialect
from concordat_contracts.schema.model.keywords import Keywords, Malformed
from concordat_contracts.schema.model.values import canonical, fraction

if TYPE_CHECKING:
    from concordat_contracts.schema.model.node import Node

TYPE_NAMES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
SHAPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("allOf", "anyOf", "enum", "oneOf", "prefixItems"), list),
    **dict.fromkeys(("dependencies", "dependentRequired", "dependentSchemas", "patternProperties", "properties"), dict),
    **dict.fromkeys(
        (
            "maxContains",
            "maxItems",
            "maxLength",
            "maxProperties",
            "minContains",
            "minItems",
            "minLength",
            "minProperties",
        ),
        (int, float),
    ),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"), (int, float)),
    **dict.fromkeys(("$dynamicRef", "$recursiveRef", "$ref", "format", "pattern"), str),
    "required": (list, bool),  # draft 3's flag still stands in many documents, and means nothing
    "type": (str, list),
}
"""What a keyword holds, where anything else would not be noticed in reading."""
_OF_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_OF_ARRAYS = frozenset(
    {
        "additionalItems", "contains", "items", "maxItems", "minItems", "prefixItems", "unevaluatedItems", "uniqueItems",
    }
)  # fmt: skip
_OF_OBJECTS = frozenset(
    {
        "additionalProperties", "dependencies", "dependentRequired", "dependentSchemas", "maxProperties", "minProperties",
        "patternProperties", "properties", "propertyNames", "required", "unevaluatedProperties",
    }
)  # fmt: skip
_APPLICATORS = frozenset({"allOf", "anyOf", "if", "not", "oneOf"})


def read(node: "Node") -> Keywords:
    """
    The keywords of a schema as its dialect means them.

    :raises Malformed: a keyword holds what it may not hold
    """
    try:
        return _read(node)
    except Malformed as flaw:
        flaw.document = flaw.document or node.document
        raise


def _read(node: "Node") -> Keywords:
    raw = node.raw
    if not isinstance(raw, dict):
        raise Malformed(f"a schema is an object or a boolean, not {raw!r:.60}")
    for keyword, value in raw.items():
        expected = SHAPES.get(keyword)
        if expected is not None and value is not None and not isinstance(value, expected):
            raise Malformed(f"{keyword} may not be {value!r:.60}")
    try:
        return _Reader(node).keywords()
    except (TypeError, ValueError, AttributeError, OverflowError) as wrong:
        if isinstance(wrong, Malformed) or type(wrong).__name__ == "UnresolvableReference":
            raise
        raise Malformed(f"not a valid schema: {wrong}") from wrong


def _names(value: Any) -> tuple[str, ...]:
    if not all(isinstance(name, str) for name in value):
        raise Malformed(f"names of properties are strings, not {value!r:.60}")
    return tuple(dict.fromkeys(value))


class _Reader:
    def __init__(self, node: "Node") -> None:
        self.node = node
        # YAML leaves null where nothing was written; only ``const`` means it.
        self.raw: Mapping[str, Any] = {
            keyword: value for keyword, value in node.raw.items() if value is not None or keyword == "const"
        }
        self.dialect = node.document.dialect
        self.year = self.dialect.year

    def keywords(self) -> Keywords:
        raw = self.raw
        reference = raw.get("$ref")
        if isinstance(reference, str) and self.dialect.ref_stands_alone and not raw.get("nullable"):
            return Keywords(all_of=(self.target(reference),))
        if raw.get("nullable") is True and self.dialect is Dialect.OPENAPI_30 and self._is_composed():
            without = {keyword: value for keyword, value in raw.items() if keyword != "nullable"}
            return Keywords(any_of=(self.child({"enum": [None]}), self.child(without)))
        found = Keywords()
        self._values(found)
        self._strings(found)
        for words, read_them in (
            (_OF_NUMBERS, self._numbers),
            (_OF_ARRAYS, self._arrays),
            (_OF_OBJECTS, self._objects),
            (_APPLICATORS, self._applicators),
        ):
            if not words.isdisjoint(raw):
                read_them(found)
        if isinstance(reference, str):
            found.all_of = (self.target(reference), *found.all_of)
        for keyword in ("$dynamicRef", "$recursiveRef"):
            if keyword in raw and self.year >= 2019:
                found.opaque += ((keyword, raw[keyword], id(self.node.document)),)
        return found

    def child(self, schema: Any) -> "Node":
        return self.node.space.node(self.node.document, schema)

    def target(self, reference: str) -> "Node":
        return self.child(self.node.document.resolve(reference))

    def children(self, keyword: str) -> "tuple[Node, ...]":
        return tuple(self.child(part) for part in self.raw.get(keyword) or ())

    def count(self, keyword: str) -> int | None:
        value = self.raw.get(keyword)
        return None if value is None else int(value)

    def _is_composed(self) -> bool:
        return any(keyword in self.raw for keyword in ("$ref", "allOf", "anyOf", "oneOf", "not"))

    def _values(self, found: Keywords) -> None:
        raw = self.raw
        types = raw.get("type")
        if types is not None:
            names = {types} if isinstance(types, str) else set(types)
            if not names <= TYPE_NAMES:
                raise Malformed(f"type may not be {types!r:.60}")
            if raw.get("nullable") is True and self.dialect is Dialect.OPENAPI_30:
                names.add("null")
            if "number" in names:
                names.discard("integer")
            found.types = frozenset(names)
        if "enum" in raw:
            found.enum = tuple(raw["enum"])
            if raw.get("nullable") is True and self.dialect is Dialect.OPENAPI_30 and None not in found.enum:
                found.enum = (*found.enum, None)
        if "const" in raw and self.year >= 2017:
            same = canonical(raw["const"])
            allowed = found.enum is None or any(canonical(value) == same for value in found.enum)
            found.enum = (raw["const"],) if allowed else ()
            found.is_const = True

    def _numbers(self, found: Keywords) -> None:
        raw = self.raw
        for side, inclusive, exclusive in (
            ("low", "minimum", "exclusiveMinimum"),
            ("high", "maximum", "exclusiveMaximum"),
        ):
            limit, strict = raw.get(inclusive), raw.get(exclusive)
            bound = None if limit is None else (fraction(limit), strict is True)
            if strict is not None and not isinstance(strict, bool):
                other = (fraction(strict), True)
                if bound is None:
                    bound = other
                elif side == "low":
                    bound = max(bound, other)
                else:
                    bound = bound if bound[0] < other[0] else other
            setattr(found, side, bound)
        if raw.get("multipleOf") is not None:
            found.multiple = abs(fraction(raw["multipleOf"])) or None

    def _strings(self, found: Keywords) -> None:
        raw = self.raw
        found.min_length = self.count("minLength") or 0
        found.max_length = self.count("maxLength")
        pattern = raw.get("pattern")
        found.pattern = pattern if isinstance(pattern, str) else None
        named = raw.get("format")
        found.format = named if isinstance(named, str) else None
        unconstrained = found.pattern is None and found.format is None and found.enum is None
        unconstrained = unconstrained and not found.min_length and found.max_length is None
        takes_text = found.types is not None and "string" in found.types
        if self.node.space.setting.textual and unconstrained and takes_text:
            # On the wire of a query, a path or a header every scalar is text.
            found.types = (found.types or frozenset()) | {"number", "boolean"}

    def _arrays(self, found: Keywords) -> None:
        raw = self.raw
        found.min_items = self.count("minItems") or 0
        found.max_items = self.count("maxItems")
        found.unique = raw.get("uniqueItems") is True
        items = raw.get("items")
        if isinstance(items, list):
            found.prefix = self.children("items")
            rest = raw.get("additionalItems")
        else:
            found.prefix = self.children("prefixItems") if self.year >= 2020 else ()
            rest = items
        found.rest = None if rest is None else self.child(rest)
        if "contains" in raw and self.year >= 2017:
            counted = self.year >= 2019
            least = self.count("minContains") if counted else None
            most = self.count("maxContains") if counted else None
            found.contains = (self.child(raw["contains"]), 1 if least is None else least, most)
        if "unevaluatedItems" in raw and self.year >= 2019:
            left = raw["unevaluatedItems"]
            counts = "contains" in raw and self.year >= 2020  # an item that ``contains`` matches is evaluated
            found.unevaluated_items = self.child({"anyOf": [raw["contains"], left]} if counts else left)

    def _objects(self, found: Keywords) -> None:
        raw = self.raw
        found.properties = {name: self.child(part) for name, part in (raw.get("properties") or {}).items()}
        found.pattern_properties = {
            name: self.child(part) for name, part in (raw.get("patternProperties") or {}).items()
        }
        if raw.get("additionalProperties") is not None:
            found.additional = self.child(raw["additionalProperties"])
        if "propertyNames" in raw and self.year >= 2017:
            found.names = self.child(raw["propertyNames"])
        required = raw.get("required")
        found.required = _names(required) if isinstance(required, list) else ()
        found.min_properties = self.count("minProperties") or 0
        found.max_properties = self.count("maxProperties")
        if self.year >= 2019:
            found.dependent_required = {
                name: tuple(also) for name, also in (raw.get("dependentRequired") or {}).items()
            }
            found.dependent_schemas = {
                name: self.child(part) for name, part in (raw.get("dependentSchemas") or {}).items()
            }
        for name, also in (raw.get("dependencies") or {}).items():
            if isinstance(also, list):
                found.dependent_required[name] = (*found.dependent_required.get(name, ()), *_names(also))
            elif isinstance(also, str):
                found.dependent_required[name] = (*found.dependent_required.get(name, ()), also)
            else:
                both = {"allOf": [also, raw["dependentSchemas"][name]]} if name in found.dependent_schemas else also
                found.dependent_schemas[name] = self.child(both)
        if "unevaluatedProperties" in raw and self.year >= 2019:
            found.unevaluated_properties = self.child(raw["unevaluatedProperties"])

    def _applicators(self, found: Keywords) -> None:
        raw = self.raw
        found.all_of = self.children("allOf")
        found.any_of = self.children("anyOf") if "anyOf" in raw else None
        found.one_of = self.children("oneOf") if "oneOf" in raw else None
        if "not" in raw:
            found.negated = self.child(raw["not"])
        if "if" in raw and self.year >= 2018:
            then = self.child(raw["then"]) if "then" in raw else None
            otherwise = self.child(raw["else"]) if "else" in raw else None
            found.condition = (self.child(raw["if"]), then, otherwise)
