"""
Whether all of a document can be read: every schema in it, used by an operation or not.

``read`` looks at operations and references; the schemas are looked at when they are compared. What is accepted as a version must
be comparable with the next one, so its schemas are read once before.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.asyncapi.schema_formats import DEFAULT_SCHEMA_FORMAT, dialect_of, is_json_schema
from concordat_contracts.documents.document import Document, Format
from concordat_contracts.errors import InvalidDocument
from concordat_contracts.reading.references import DATA, names_in, split_pointer
from concordat_contracts.schema import Dialect, SchemaDocument
from concordat_contracts.schema.validity import Reader

_HOLD_SCHEMAS = {
    Format.OPENAPI: frozenset({"schema"}),
    Format.ASYNCAPI: frozenset({"headers", "payload", "schema"}),
}

Place = tuple[str | int, ...]


def expect_legible(document: Document) -> None:
    """
    Of OpenAPI and AsyncAPI; GraphQL is read whole anyway.

    :raises InvalidDocument: with the place of the first schema that is none, and how many others there are
    """
    flaws = list(_flaws(document))
    if not flaws:
        return
    place, problem, dialect = flaws[0]
    more = len(flaws) - 1
    others = f" ({more} more such place{'s' if more > 1 else ''})" if more else ""
    raise InvalidDocument(
        problem + others, location=".".join(map(str, place)), remedy=f"write the schema as {dialect.value} says"
    )


def _flaws(document: Document) -> Iterator[tuple[Place, str, Dialect]]:
    if document.format not in _HOLD_SCHEMAS:
        return
    readers: dict[Dialect, Reader] = {}
    own = Dialect.OPENAPI_30 if document.version.startswith("3.0") else Dialect.OPENAPI_31
    default = own if document.format is Format.OPENAPI else dialect_of(DEFAULT_SCHEMA_FORMAT)
    for place, schema, dialect in _Walk(document, default).schemas():
        if dialect not in readers:
            readers[dialect] = Reader(SchemaDocument(document.root, dialect))
        for inside, problem in readers[dialect].flaws(schema):
            yield (*place, *map(_step, inside)), problem, dialect


def _step(step: object) -> str | int:
    return step if isinstance(step, int) else str(step)


class _Walk:
    """Finds where schemas stand."""

    def __init__(self, document: Document, default: Dialect) -> None:
        self._root: Mapping[str, Any] = document.root
        self._default = default
        self._holders = _HOLD_SCHEMAS[document.format]
        self._names = names_in(document.root)
        self._foreign: set[Place] = set()
        """Where messages refer to for what is in another language, such as Avro."""

    def schemas(self) -> list[tuple[Place, Any, Dialect]]:
        found = list(self._below(self._root, (), named=False))
        return [each for each in found if each[0] not in self._foreign]

    def _below(self, node: Any, place: Place, *, named: bool) -> Iterator[tuple[Place, Any, Dialect]]:
        if isinstance(node, list):
            for index, item in enumerate(node):
                yield from self._below(item, (*place, index), named=False)
        if not isinstance(node, Mapping):
            return
        language = node.get("schemaFormat")
        for key, value in node.items():
            here = (*place, key)
            if named:
                yield from self._below(value, here, named=False)
            elif key == "schemas" and place == ("components",) and isinstance(value, Mapping):
                for name, schema in value.items():
                    yield from self._schema((*here, name), schema, None)
            elif key in self._holders and isinstance(value, Mapping | bool):
                yield from self._schema(here, value, language if key != "headers" else None)
            elif key not in DATA and not str(key).startswith("x-"):
                yield from self._below(value, here, named=key in self._names)

    def _schema(self, place: Place, node: Any, language: Any) -> Iterator[tuple[Place, Any, Dialect]]:
        """One schema, unwrapped where AsyncAPI 3 names its language; what is in a language we do not read is left out."""
        if "payload" in self._holders and isinstance(node, Mapping) and "schemaFormat" in node:
            place, node, language = (*place, "schema"), node.get("schema"), node["schemaFormat"]
        if language is None:
            yield place, node, self._default
        elif isinstance(language, str) and is_json_schema(language):
            yield place, node, dialect_of(language)
        elif isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            self._foreign.add(split_pointer(node["$ref"]))
