"""
Random schema pairs and random instances, seeded; nothing here knows how the comparer works.

Keywords meet each other on a few types, names and small numbers, so that pairs are often comparable and instances often hit.
"""

import random
from typing import Any

from concordat_contracts.schema import Dialect

NAMES = ["a", "b", "c", "ab", "x-1"]
WORDS = ["", "a", "b", "ab", "abc", "x-1", "2026-01-31", "12", "aa", "xyz"]
PATTERNS = ["^a", "b$", "^[a-c]+$", "^x-", "a", "^a{1,3}$", "^$", "[0-9]", "^(a|b)*$", "c|d"]
FORMATS = ["date", "ipv4", "uuid"]
NUMBERS = [-2, -1, 0, 0.5, 1, 1.5, 2, 3, 5, 7]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
SCALARS = [None, True, False, *NUMBERS, *WORDS]


class Schemas:
    """Schemas of one dialect; ``modern`` has the keywords of 2019-09 and 2020-12, else draft 7."""

    def __init__(self, rng: random.Random, *, modern: bool = True) -> None:
        self.rng = rng
        self.modern = modern

    @property
    def dialect(self) -> Dialect:
        return Dialect.DRAFT_2020_12 if self.modern else Dialect.DRAFT_7

    def pair(self) -> tuple[Any, Any]:
        """Two schemas: unrelated, or (mostly) one changed a little from the other."""
        old = self.document()
        if self.rng.random() < 0.2:
            return old, self.document()
        new = old
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            new = self.changed(new)
        return (old, new) if self.rng.random() < 0.5 else (new, old)

    def document(self) -> Any:
        schema = self.schema(self.rng.choice([1, 2, 2, 3]))
        if isinstance(schema, dict) and self.rng.random() < 0.25:
            home = "$defs" if self.modern else "definitions"
            schema = {**schema, home: {"n": self._recursive(f"#/{home}/n")}}
            if self.modern or "$ref" not in schema:
                part = {"$ref": f"#/{home}/n"}
                place = self.rng.choice(["items", "properties", "allOf", "additionalProperties"])
                schema[place] = {"a": part} if place == "properties" else [part] if place == "allOf" else part
        return schema

    def _recursive(self, reference: str) -> Any:
        """A definition that may hold itself, but is not itself over again: such a one means nothing."""
        while True:
            schema = self.schema(2, recursive=reference)
            if not isinstance(schema, dict) or "$ref" not in schema:
                return schema

    def schema(self, depth: int, recursive: str | None = None) -> Any:
        rng = self.rng
        if rng.random() < 0.06:
            return rng.random() < 0.7
        if recursive and rng.random() < 0.15:
            return {"$ref": recursive}
        schema: dict[str, Any] = {}
        if rng.random() < 0.75:
            schema["type"] = rng.choice(TYPES) if rng.random() < 0.8 else rng.sample(TYPES, 2)
        kinds = schema.get("type", rng.choice(TYPES))
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            self._about(kind, schema, depth, recursive)
        if rng.random() < 0.08:
            schema["enum"] = [self.value(1) for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.04:
            schema["const"] = self.value(1)
        if depth > 0 and rng.random() < 0.08:
            schema = self._small(schema)
        if depth > 0 and rng.random() < 0.3:
            self._compose(schema, depth, None)
        return schema

    def _small(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with few instances, all of which can be counted."""
        flags = {name: {"type": self.rng.choice(["boolean", "null"])} for name in self.rng.sample(NAMES, 2)}
        small: list[dict[str, Any]] = [
            {"type": "object", "properties": flags, "additionalProperties": False},
            {"type": "array", "items": {"enum": [0, 1]}, "maxItems": 2},
            {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True},
            {"type": "integer", "minimum": 0, "maximum": 2},
            {"type": "string", "pattern": "^[ab]?$"},
        ]
        return {**self.rng.choice(small), **({"not": schema} if self.rng.random() < 0.2 else {})}

    def _about(self, kind: str, schema: dict[str, Any], depth: int, recursive: str | None) -> None:
        rng = self.rng

        def maybe(keyword: str, value: Any, chance: float = 0.3) -> None:
            if rng.random() < chance:
                schema[keyword] = value() if callable(value) else value

        if kind in ("integer", "number"):
            for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
                maybe(keyword, rng.choice(NUMBERS), 0.2)
            maybe("multipleOf", rng.choice([0.5, 1, 2, 3]), 0.15)
        elif kind == "string":
            maybe("minLength", rng.randint(0, 3))
            maybe("maxLength", rng.randint(0, 4))
            maybe("pattern", rng.choice(PATTERNS))
            maybe("format", rng.choice(FORMATS), 0.08)
        elif kind == "array" and depth > 0:
            self._array(schema, depth, recursive, maybe)
        elif kind == "object" and depth > 0:
            self._object(schema, depth, recursive, maybe)

    def _array(self, schema: dict[str, Any], depth: int, recursive: str | None, maybe: Any) -> None:
        rng = self.rng

        def inner() -> Any:
            return self.schema(depth - 1, recursive)

        maybe("items", inner, 0.6)
        if rng.random() < 0.25:
            tuple_keyword, rest = ("prefixItems", "items") if self.modern else ("items", "additionalItems")
            schema[tuple_keyword] = [inner() for _ in range(rng.randint(1, 2))]
            if rng.random() < 0.5:
                schema[rest] = inner()
        maybe("minItems", rng.randint(0, 2))
        maybe("maxItems", rng.randint(0, 3))
        maybe("uniqueItems", True, 0.15)
        if rng.random() < 0.2:
            schema["contains"] = inner()
            if self.modern:
                maybe("minContains", rng.randint(0, 2))
                maybe("maxContains", rng.randint(0, 2))
        if self.modern:
            maybe("unevaluatedItems", inner, 0.08)

    def _object(self, schema: dict[str, Any], depth: int, recursive: str | None, maybe: Any) -> None:
        rng = self.rng

        def inner() -> Any:
            return self.schema(depth - 1, recursive)

        if rng.random() < 0.8:
            schema["properties"] = {name: inner() for name in rng.sample(NAMES, rng.randint(1, 3))}
        maybe("required", lambda: rng.sample(NAMES, rng.randint(0, 2)), 0.5)
        maybe("additionalProperties", lambda: False if rng.random() < 0.5 else inner(), 0.4)
        maybe("patternProperties", lambda: {rng.choice(PATTERNS): inner()}, 0.2)
        maybe("propertyNames", lambda: self.schema(0), 0.1)
        maybe("minProperties", rng.randint(0, 2), 0.2)
        maybe("maxProperties", rng.randint(0, 3), 0.2)
        if self.modern:
            maybe("dependentRequired", lambda: {rng.choice(NAMES): rng.sample(NAMES, 1)}, 0.15)
            maybe("dependentSchemas", lambda: {rng.choice(NAMES): inner()}, 0.1)
            maybe("unevaluatedProperties", lambda: False if rng.random() < 0.6 else inner(), 0.12)
        else:
            maybe("dependencies", lambda: {rng.choice(NAMES): rng.choice([inner(), [rng.choice(NAMES)]])}, 0.15)

    def _compose(self, schema: dict[str, Any], depth: int, recursive: str | None) -> None:
        rng = self.rng
        keyword = rng.choice(["allOf", "anyOf", "oneOf", "not", "if"])
        if keyword == "not":
            schema["not"] = self.schema(depth - 1, recursive)
        elif keyword == "if":
            for part in ("if", "then", "else"):
                if part == "if" or rng.random() < 0.7:
                    schema[part] = self.schema(depth - 1, recursive)
        else:
            schema[keyword] = [self.schema(depth - 1, recursive) for _ in range(rng.randint(1, 3))]

    def changed(self, schema: Any) -> Any:
        """The schema with one keyword, somewhere, added, dropped, replaced or refactored."""
        rng = self.rng
        if not isinstance(schema, dict) or "$ref" in schema:
            return self.schema(1)
        places = [key for key in schema if key not in ("$defs", "definitions")]
        nested = [
            key
            for key in places
            if key in ("items", "properties", "allOf", "anyOf", "oneOf", "not", "additionalProperties")
        ]
        if nested and rng.random() < 0.5:
            key = rng.choice(nested)
            return {**schema, key: self._changed_inside(key, schema[key])}
        choice = rng.random()
        if choice < 0.3 and places:
            dropped = rng.choice(places)
            return {key: value for key, value in schema.items() if key != dropped}
        if choice < 0.6:
            other = self.schema(1)
            if isinstance(other, dict) and other:
                key = rng.choice(list(other))
                return {**schema, key: other[key]}
            return schema
        if "$defs" in schema or "definitions" in schema:
            return schema
        if choice < 0.8:
            return {rng.choice(["anyOf", "oneOf", "allOf"]): [schema]}
        if choice < 0.88:
            return {rng.choice(["anyOf", "allOf"]): [schema, self.schema(1)]}
        if choice < 0.94:
            # Listing what a schema admits goes wrong unless the last value is counted.
            return {"enum": [self.instance(schema, schema, 2) for _ in range(rng.randint(1, 5))]}
        return {"not": {"not": schema}}

    def _changed_inside(self, keyword: str, value: Any) -> Any:
        if isinstance(value, list) and value:
            at = self.rng.randrange(len(value))
            return [self.changed(part) if index == at else part for index, part in enumerate(value)]
        if keyword == "properties":
            name = self.rng.choice(list(value))
            return {**value, name: self.changed(value[name])}
        return self.changed(value)

    def value(self, depth: int) -> Any:
        """Any JSON value over the same few names and numbers."""
        rng = self.rng
        if depth == 0 or rng.random() < 0.4:
            return rng.choice(SCALARS)
        if rng.random() < 0.4:
            return [self.value(depth - 1) for _ in range(rng.randint(0, 3))]
        return {name: self.value(depth - 1) for name in rng.sample(NAMES, rng.randint(0, 3))}

    def instance(self, schema: Any, root: Any, depth: int = 4) -> Any:
        """A value led by the schema's keywords; often inside it, never certainly."""
        rng = self.rng
        if not isinstance(schema, dict) or depth == 0 or rng.random() < 0.04:
            return self.value(min(depth, 2))
        if "$ref" in schema and rng.random() < 0.9:
            home = root.get("$defs") or root.get("definitions") or {}
            return self.instance(home.get("n", True), root, depth - 1)
        if "const" in schema and rng.random() < 0.9:
            return schema["const"]
        if schema.get("enum") and rng.random() < 0.9:
            return rng.choice(schema["enum"])
        for keyword in ("allOf", "anyOf", "oneOf"):
            if schema.get(keyword) and rng.random() < 0.5:
                return self.instance(rng.choice(schema[keyword]), root, depth - 1)
        if isinstance(schema.get("not"), dict) and isinstance(schema["not"].get("not"), dict):
            return self.instance(schema["not"]["not"], root, depth - 1)
        kind = schema.get("type") or rng.choice(TYPES)
        kind = rng.choice(kind) if isinstance(kind, list) and kind else kind
        if kind == "array":
            return self._some_array(schema, root, depth)
        if kind == "object":
            return self._some_object(schema, root, depth)
        if kind == "string":
            return rng.choice(WORDS)
        if kind in ("integer", "number"):
            return rng.choice([number for number in NUMBERS if kind == "number" or isinstance(number, int)])
        return None if kind == "null" else rng.random() < 0.5

    def _some_array(self, schema: dict[str, Any], root: Any, depth: int) -> Any:
        rng = self.rng
        prefix = schema.get("prefixItems", schema["items"] if isinstance(schema.get("items"), list) else [])
        rest = schema.get("additionalItems" if isinstance(schema.get("items"), list) else "items", True)
        low = max(schema.get("minItems", 0), 1 if "contains" in schema else 0)
        length = rng.randint(low, max(low, min(schema.get("maxItems", 3), 3)))
        items = [self.instance(prefix[at] if at < len(prefix) else rest, root, depth - 1) for at in range(length)]
        if "contains" in schema and items and rng.random() < 0.7:
            items[rng.randrange(len(items))] = self.instance(schema["contains"], root, depth - 1)
        return items

    def _some_object(self, schema: dict[str, Any], root: Any, depth: int) -> Any:
        rng = self.rng
        properties = schema.get("properties", {})
        names = {name for name in schema.get("required", []) if rng.random() < 0.97}
        names |= {name for name in properties if rng.random() < 0.6}
        if rng.random() < 0.4:
            names.add(rng.choice(NAMES))
        patterns = schema.get("patternProperties", {})
        further = next(iter(patterns.values())) if patterns else schema.get("additionalProperties", True)
        return {name: self.instance(properties.get(name, further), root, depth - 1) for name in names}


def monsters(rng: random.Random) -> tuple[Any, Any]:
    """Pairs made to exhaust: recursion through ``allOf``, deep nesting, wide unions, large enums, loops without an end."""
    make = rng.choice([_recursive_all_of, _deep, _wide_union, _large_enum, _endless_loop, _product, _large_numbers])
    return make(rng), make(rng)


def _recursive_all_of(rng: random.Random) -> Any:
    names = [f"n{number}" for number in range(rng.randint(2, 8))]
    definitions = {
        name: {
            "allOf": [
                {"type": "object", "properties": {key: {"$ref": f"#/$defs/{rng.choice(names)}"} for key in NAMES[:3]}},
                {
                    "properties": {
                        "a": {"allOf": [{"$ref": f"#/$defs/{rng.choice(names)}"}, {"required": rng.sample(NAMES, 1)}]}
                    }
                },
                {"anyOf": [{"required": ["a"]}, {"items": {"$ref": f"#/$defs/{rng.choice(names)}"}}]},
            ]
        }
        for name in names
    }
    return {"$defs": definitions, "$ref": f"#/$defs/{names[0]}"}


def _deep(rng: random.Random) -> Any:
    schema: Any = {"type": rng.choice(TYPES)}
    for _ in range(rng.choice([30, 120, 400])):
        keyword = rng.choice(["properties", "items", "allOf", "not"])
        schema = {keyword: {"a": schema} if keyword == "properties" else [schema] if keyword == "allOf" else schema}
    return schema


def _wide_union(rng: random.Random) -> Any:
    def branch() -> Any:
        names = rng.sample([f"p{number}" for number in range(30)], 8)
        properties = {name: {"type": rng.choice(TYPES)} for name in names}
        return {"type": "object", "properties": properties, "required": rng.sample(names, 2)}

    return {rng.choice(["anyOf", "oneOf"]): [branch() for _ in range(rng.randint(10, 40))]}


def _large_enum(rng: random.Random) -> Any:
    return {
        "items": {"enum": [rng.randint(0, 9999) for _ in range(rng.choice([10, 3000]))]},
        "uniqueItems": True,
        "minItems": 5,
    }


def _endless_loop(rng: random.Random) -> Any:
    loops = [
        {"$ref": "#/$defs/b"},
        {"allOf": [{"$ref": "#/$defs/b"}]},
        {"not": {"$ref": "#/$defs/b"}},
        {"anyOf": [{"$ref": "#/$defs/b"}, True]},
    ]
    return {"$defs": {"a": rng.choice(loops), "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}


def _product(rng: random.Random) -> Any:
    """Choices multiplied: what a normal form would write out is far too long."""
    return {
        "allOf": [
            {
                "anyOf": [
                    {"required": [f"a{number}"]},
                    {"properties": {f"b{number}": {"type": rng.choice(TYPES)}}, "required": [f"b{number}"]},
                ]
            }
            for number in range(rng.randint(8, 24))
        ]
    }


def _large_numbers(rng: random.Random) -> Any:
    return {
        "type": ["number", "string", "array"], "multipleOf": rng.choice([1e-9, 7, 9973, 123456789]), "maximum": 10 ** rng.randint(1, 40),
        "minLength": rng.choice([0, 10**6]), "minItems": rng.choice([0, 10**7]), "pattern": rng.choice(["^(a{1,500}b?){2,9}$", "^(a|aa|aaa)*$", "(?=a)(?<b>c)", "[a-"]),
    }  # fmt: skip


JUNK = [
    None, True, -1, 1.5, 10**40, "", "#", [], [1], ["a", {}], {}, {"a": 1}, {"$ref": 3}, {"$ref": "#/nowhere"}, [[]], "[a",
    float("nan"), float("inf"), {"type": 5}, {"enum": 3}, "\ud800", "http://[",
]  # fmt: skip
KEYWORDS = [
    "type", "enum", "const", "minimum", "exclusiveMinimum", "multipleOf", "minLength", "pattern", "format", "items", "prefixItems",
    "additionalItems", "contains", "minContains", "maxContains", "uniqueItems", "properties", "patternProperties",
    "additionalProperties", "propertyNames", "required", "minProperties", "dependentRequired", "dependentSchemas", "dependencies",
    "allOf", "anyOf", "oneOf", "not", "if", "then", "unevaluatedItems", "unevaluatedProperties", "$ref", "$dynamicRef",
    "$recursiveRef", "$id", "$anchor", "$defs", "nullable", "readOnly", "discriminator",
]  # fmt: skip


def spoiled(rng: random.Random, schema: Any) -> Any:
    """The schema with something, somewhere, that does not belong there."""
    if not isinstance(schema, dict):
        return rng.choice(JUNK)
    keyword = rng.choice(list(schema)) if schema and rng.random() < 0.5 else rng.choice(KEYWORDS)
    inner = schema.get(keyword)
    deeper = isinstance(inner, dict) and rng.random() < 0.5
    return {**schema, keyword: spoiled(rng, inner) if deeper else rng.choice(JUNK)}
