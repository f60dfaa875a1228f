"""
The normal form of a document: what a comparison looks at, and nothing else, always in the same bytes.

Accepted versions are kept in it (GitHub's 13 MB become 190 kB compressed) and known by its digest. Comparing two normal forms
gives the verdict of comparing the documents.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson

from concordat_contracts.asyncapi.schema_formats import is_json_schema
from concordat_contracts.documents.document import Document, Format, read
from concordat_contracts.reading.references import names_in, split_pointer

_TALK = frozenset(
    {
        "$comment", "contact", "description", "example", "examples", "externalDocs", "license", "links", "summary", "tags",
        "termsOfService", "title",
    }
)  # fmt: skip
"""Keys whose values only people read."""

_WORD_FOR_WORD = frozenset(
    {"bindings", "const", "default", "enum", "info", "mapping", "required", "scopes", "security"}
)
"""Keys whose values are data, or whose keys are names that look like ours."""

_HEARD = frozenset({"x-deprecated", "x-extensible-enum", "x-nullable", "x-stability-level", "x-sunset"})
"""The extensions that mean something."""

_INFO = ("title", "version")


def normal_form(document: Any) -> bytes:
    """
    The JSON of a document (parsed, or read before) without descriptions, examples and the like; keys are sorted.

    It can be read like any other document: ``read(parse_text(normal_form(document)))``. Swagger 2.0 has become OpenAPI 3.0, and
    GraphQL is ``{"graphql": SDL}``. Raises ``InvalidDocument`` for what cannot be compared.
    """
    document = read(document)
    if document.format is Format.GRAPHQL:
        from concordat_contracts.graphql.compare import without_talk  # imported late, as in document.py

        return _written({"graphql": without_talk(document.root)})
    if not isinstance(document.root, Mapping):
        return _written(document.root)
    return _written(_Stripper(document).stripped())


def digest(document: Any) -> str:
    """The SHA-256 of the normal form, in hexadecimal: the same for documents that differ in what only people read."""
    return hashlib.sha256(normal_form(document)).hexdigest()


class _Stripper:
    def __init__(self, document: Document) -> None:
        self._root = document.root
        references = document.references.of_part.values() if document.references is not None else ()
        leads_through = {part for refs in references for ref in refs for part in split_pointer(ref)}
        names_by_title = {"title"} if document.format is Format.ASYNCAPI else set()
        self._dropped = _TALK - leads_through - names_by_title
        self._kept = _HEARD | leads_through
        self._names = names_in(self._root)
        self._is_whole = document.format is Format.JSON_SCHEMA

    def stripped(self) -> Any:
        plain = self._mapping(self._root, named=False)
        info = self._root.get("info")
        if isinstance(info, Mapping) and not self._is_whole:
            plain["info"] = {key: info[key] for key in _INFO if key in info}
        return plain

    def _mapping(self, node: Mapping[str, Any], *, named: bool) -> dict[str, Any]:
        if not named and _is_foreign(node):
            return dict(node)
        kept: dict[str, Any] = {}
        for key, value in node.items():
            if not named and (key in self._dropped or (key[:2] == "x-" and key not in self._kept)):
                continue
            if isinstance(value, dict) and (named or key not in _WORD_FOR_WORD):
                kept[key] = self._mapping(value, named=not named and key in self._names)
            elif isinstance(value, list) and (named or key not in _WORD_FOR_WORD):
                kept[key] = self._list(value)
            else:
                kept[key] = value
        return kept

    def _list(self, items: list[Any]) -> list[Any]:
        return [
            self._mapping(each, named=False)
            if isinstance(each, dict)
            else self._list(each)
            if isinstance(each, list)
            else each
            for each in items
        ]


def _is_foreign(node: Mapping[str, Any]) -> bool:
    """Whether it holds a schema of another language (Avro, Protobuf), whose words are not ours."""
    language = node.get("schemaFormat")
    return isinstance(language, str) and not is_json_schema(language) and ("payload" in node or "schema" in node)


def _written(plain: Any) -> bytes:
    try:
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # whole numbers beyond 64 bits, or half a surrogate pair
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
