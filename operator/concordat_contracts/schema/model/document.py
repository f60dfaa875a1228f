"""A document that holds schemas: finds what its references mean, and tells by digest whether two schemas mean the same."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urldefrag

import orjson

from concordat_contracts.schema.model.dialect import Dialect
from concordat_contracts.schema.model.identifiers import Identifiers

SCHEMA_KEYWORDS = frozenset(
    {
        "additionalItems", "additionalProperties", "contains", "else", "if", "not", "propertyNames", "then",
        "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
SCHEMA_LIST_KEYWORDS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SCHEMA_MAP_KEYWORDS = frozenset({"dependentSchemas", "patternProperties", "properties"})
VALUE_KEYWORDS = frozenset(
    {
        "$dynamicRef", "$recursiveRef", "$ref", "const", "contentEncoding", "contentMediaType", "contentSchema", "default",
        "dependentRequired", "discriminator", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "maxContains",
        "maxItems", "maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength", "minProperties",
        "minimum", "multipleOf", "nullable", "pattern", "readOnly", "required", "type", "uniqueItems", "writeOnly",
        "x-extensible-enum",
    }
)  # fmt: skip
REFERENCE = re.compile(rb'"\$ref":"((?:[^"\\]|\\.)*)"')
DYNAMIC = re.compile(rb'"\$(?:dynamic|recursive)Ref"')


class UnresolvableReference(ValueError):
    """A reference whose target is not in this document; ``str()`` says which, and the remedy."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"{reference!r} leads to nothing in this document: bundle what it means into the document")
        self.reference = reference


class SchemaDocument:
    """
    The whole document around one or many schemas, read in one dialect. Never written to.

    ``root`` may be any mapping that references point into: an OpenAPI or AsyncAPI document, or a schema itself.
    """

    def __init__(self, root: Any, dialect: Dialect) -> None:
        self.root = root
        self.dialect = dialect
        self._plain: dict[int, tuple[Any, Any]] = {}
        self._targets: dict[str, Any] = {}
        self._target_digests: dict[str, tuple[bytes, tuple[str, ...]]] = {}
        self._closures: dict[str, bytes] = {}
        self._names: Identifiers | None = None
        self._dialect_mark = dialect.value.encode()

    def resolve(self, reference: str) -> Any:
        """
        The schema a reference means, without its annotations.

        :raises UnresolvableReference: nothing in this document answers to it
        """
        if reference not in self._targets:
            self._targets[reference] = self.plain(self._find(reference))
        return self._targets[reference]

    def plain(self, schema: Any) -> Any:
        """The schema without what asserts nothing (titles, examples, extensions); the same object for the same schema."""
        known = self._plain.get(id(schema))
        if known is not None:
            return known[1]
        stripped = self._strip(schema)
        # The schema itself is kept beside its copy: an id is only good while its object lives.
        self._plain[id(schema)] = (schema, stripped)
        self._plain[id(stripped)] = (stripped, stripped)
        return stripped

    def digest(self, plain: Any) -> bytes:
        """A fingerprint of everything a plain schema means, references followed; equal digests mean equal schemas."""
        own, references = self._fingerprint(plain)
        if not references:
            return own
        return _hash(own, *(self._closure(reference) for reference in references))

    def dangling(self) -> list[str]:
        """The references, anywhere the root leads to, that lead to nothing."""
        missing: list[str] = []
        seen: set[str] = set()
        pending = list(_references(self.plain(self.root)))
        while pending:
            reference = pending.pop()
            if reference in seen:
                continue
            seen.add(reference)
            try:
                pending.extend(_references(self.resolve(reference)))
            except UnresolvableReference:
                missing.append(reference)
        return sorted(missing)

    def _closure(self, reference: str) -> bytes:
        if reference in self._closures:
            return self._closures[reference]
        reached: dict[str, bytes] = {}
        pending = [reference]
        while pending:
            name = pending.pop()
            if name in reached:
                continue
            own, onward = self._target_digest(name)
            reached[name] = own
            pending.extend(onward)
        closure = _hash(
            *(part for name in sorted(reached) for part in (name.encode("utf-8", "surrogatepass"), reached[name]))
        )
        self._closures[reference] = closure
        return closure

    def _target_digest(self, reference: str) -> tuple[bytes, tuple[str, ...]]:
        if reference not in self._target_digests:
            self._target_digests[reference] = self._fingerprint_target(reference)
        return self._target_digests[reference]

    def _fingerprint_target(self, reference: str) -> tuple[bytes, tuple[str, ...]]:
        try:
            return self._fingerprint(self.resolve(reference))
        except UnresolvableReference:
            return _hash(reference.encode("utf-8", "surrogatepass"), self._own_mark), ()

    def _fingerprint(self, plain: Any) -> tuple[bytes, tuple[str, ...]]:
        text = _bytes(plain)
        if b'"$' not in text:
            return _hash(text, self._dialect_mark), ()
        if DYNAMIC.search(text):
            # What is left of these depends on the way one came: equal only to itself.
            return _hash(text, self._own_mark), ()
        references = sorted({json.loads(b'"' + found + b'"') for found in REFERENCE.findall(text)})
        return _hash(text, self._dialect_mark), tuple(references)

    @property
    def _own_mark(self) -> bytes:
        return id(self).to_bytes(8, "little")

    @property
    def names(self) -> Identifiers:
        if self._names is None:
            self._names = Identifiers(self.root, self.dialect)
        return self._names

    def _find(self, reference: str) -> Any:
        if reference == "#":
            return self.root
        if reference.startswith("#/"):
            return self._at(self.root, reference[1:], reference)
        address, fragment = urldefrag(reference)
        resource = self.names.resources.get(address)
        if resource is None:
            raise UnresolvableReference(reference)
        if not fragment:
            return resource
        if fragment.startswith("/"):
            return self._at(resource, fragment, reference)
        anchored = self.names.anchors.get((address, unquote(fragment)))
        if anchored is None:
            raise UnresolvableReference(reference)
        return anchored

    def _at(self, start: Any, pointer: str, reference: str) -> Any:
        found = start
        for token in unquote(pointer).split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                raise UnresolvableReference(reference)
        return found

    def _strip(self, schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema
        plain: dict[str, Any] = {}
        for keyword, value in schema.items():
            if keyword in VALUE_KEYWORDS:
                plain[keyword] = value
            elif keyword in SCHEMA_MAP_KEYWORDS:
                plain[keyword] = (
                    {name: self.plain(part) for name, part in value.items()} if isinstance(value, dict) else value
                )
            elif keyword in SCHEMA_KEYWORDS:
                plain[keyword] = self.plain(value)
            elif keyword in SCHEMA_LIST_KEYWORDS or (keyword == "items" and isinstance(value, list)):
                plain[keyword] = [self.plain(part) for part in value] if isinstance(value, list) else value
            elif keyword == "items":
                plain[keyword] = self.plain(value)
            elif keyword == "dependencies" and isinstance(value, dict):
                plain[keyword] = {
                    name: part if isinstance(part, list) else self.plain(part) for name, part in value.items()
                }
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            reference = plain.get(keyword)
            if isinstance(reference, str):
                self._make_absolute(plain, keyword, reference, schema)
        return plain

    def _make_absolute(self, plain: dict[str, Any], keyword: str, reference: str, schema: Mapping[str, Any]) -> None:
        """Rewrite a reference so that it means the same wherever the schema is copied to."""
        simple = reference == "#" or reference.startswith("#/")
        if keyword == "$ref" and simple and (self.dialect.is_openapi or not self.names.nested):
            return
        if keyword == "$ref":
            plain[keyword] = self.names.absolute(reference, schema)
            return
        target = self.names.dynamic(keyword, reference, schema)
        if target is not None:
            del plain[keyword]
            if "$ref" in plain:
                plain["allOf"] = [*plain.get("allOf", []), {"$ref": target}]
            else:
                plain["$ref"] = target


def _references(plain: Any) -> Iterator[str]:
    """The references of a plain schema; what ``enum`` lists is no schema."""
    pending = [plain]
    while pending:
        schema = pending.pop()
        if isinstance(schema, list):
            pending.extend(schema)
        if not isinstance(schema, dict):
            continue
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for keyword, value in schema.items():
            if keyword in SCHEMA_MAP_KEYWORDS | {"dependencies"} and isinstance(value, dict):
                pending.extend(value.values())
            elif keyword not in VALUE_KEYWORDS:
                pending.append(value)


def _bytes(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, orjson.JSONEncodeError):  # whole numbers beyond 64 bits, or deeper than orjson goes
        return json.dumps(value, sort_keys=True, default=str, separators=(",", ":")).encode()


def _hash(*parts: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
