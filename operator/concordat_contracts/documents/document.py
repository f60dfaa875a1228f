"""
What a document is, found by looking: its format, its version, its references, its operations.

A ``Document`` is only ever a valid one: ``read`` raises ``InvalidDocument`` with the place otherwise, so that nothing is compared by halves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from concordat_contracts.asyncapi.model import Application
from concordat_contracts.documents.operations import operations_of
from concordat_contracts.errors import InvalidDocument
from concordat_contracts.openapi.convert import from_swagger
from concordat_contracts.openapi.dialect import check_dialect
from concordat_contracts.openapi.model import Api
from concordat_contracts.reading.json_values import as_json
from concordat_contracts.reading.references import References
from concordat_contracts.steps import TooCostly, account


class Format(StrEnum):
    """A language contracts are written in."""

    OPENAPI = "openapi"
    ASYNCAPI = "asyncapi"
    GRAPHQL = "graphql"
    JSON_SCHEMA = "jsonschema"


_BUNDLE = "bundle the document into one file first (for example with `redocly bundle`); nothing is fetched"

_SCHEMA_WORDS = frozenset(
    [
        "$schema",
        "$id",
        "$ref",
        "$defs",
        "definitions",
        "type",
        "properties",
        "items",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "enum",
        "const",
        "required",
        "if",
        "additionalProperties",
        "patternProperties",
        "prefixItems",
        "contains",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "pattern",
        "format",
    ]
)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A valid document. OpenAPI's 2.0 has become 3.0 here."""

    format: Format
    version: str
    """The version of the format: ``3.0.3``, ``2.6.0``; empty for GraphQL and JSON Schema."""
    root: Any
    """The parsed document; GraphQL's own schema object for GraphQL."""
    references: References | None
    model: Api | Application | None = None
    """The document's operations or channels."""

    @property
    def title(self) -> str:
        """What the document calls itself, or nothing."""
        return str(self._info.get("title", ""))

    @property
    def release(self) -> str:
        """The version of the API the document describes (``info.version``), or nothing."""
        return str(self._info.get("version", ""))

    @cached_property
    def operations(self) -> Mapping[str, str | None]:
        """The operations a consumer can name: ``{"GET /pets": "listPets", "Query.pets": None, "receive orders": "onOrder"}``."""
        return operations_of(self)

    @cached_property
    def names(self) -> frozenset[str]:
        """All names of all operations: where they are, their ids, the addresses of channels."""
        named = {name for pair in self.operations.items() for name in pair if name is not None}
        if isinstance(self.model, Application):
            flows = [(channel, flow) for channel in self.model.channels.values() for flow in channel.flows.values()]
            named.update(*(channel.names_of(flow) for channel, flow in flows))
        return frozenset(named)

    @property
    def _info(self) -> Mapping[str, Any]:
        info = self.root.get("info") if isinstance(self.root, Mapping) else None
        return info if isinstance(info, Mapping) else {}


def read(parsed: Any) -> Document:
    """
    Recognise a parsed document (mappings, or SDL as text) and check what a comparison relies on.

    :raises InvalidDocument: it is not valid, in no supported format, or costs too much to read
    """
    try:
        with account():
            return _read(parsed)
    except TooCostly as reason:
        raise InvalidDocument(str(reason), kind="bounds") from None


def _read(parsed: Any) -> Document:
    if isinstance(parsed, Document):
        return parsed
    if isinstance(parsed, str):
        return _graphql(parsed)
    if isinstance(parsed, bool):
        return _json_schema(parsed)
    if not isinstance(parsed, Mapping):
        raise InvalidDocument(
            f"a document is a mapping or GraphQL SDL, not {type(parsed).__name__}",
            remedy="give an OpenAPI, AsyncAPI, GraphQL or JSON Schema document",
        )
    if "openapi" in parsed or "swagger" in parsed:
        return _openapi(parsed)
    if "asyncapi" in parsed:
        return _asyncapi(parsed)
    if "__schema" in parsed:
        return _graphql(parsed)
    if isinstance(parsed.get("graphql"), str):  # the normal form
        return _graphql(parsed["graphql"])
    if isinstance(parsed.get("data"), Mapping) and "__schema" in parsed["data"]:
        return _graphql(parsed["data"])
    if not parsed or _SCHEMA_WORDS & parsed.keys():
        return _json_schema(parsed)
    raise InvalidDocument(
        "neither an OpenAPI, AsyncAPI, GraphQL nor JSON Schema document",
        remedy="start it with `openapi: 3.1.0`, `asyncapi: 3.0.0` or `$schema: ...`",
    )


def _openapi(parsed: Mapping[str, Any]) -> Document:
    if "swagger" in parsed:
        version = str(parsed["swagger"])
        if version != "2.0":
            raise InvalidDocument(
                f"swagger {version!r} is not supported", location="swagger", remedy="use 2.0, or OpenAPI 3"
            )
        parsed, _ = _checked(parsed)
        parsed = from_swagger(parsed)
    version = _version(parsed, "openapi", ("3.0", "3.1"))
    check_dialect(parsed, version)
    parsed, references = _checked(parsed)
    model = Api(parsed, references)
    return Document(format=Format.OPENAPI, version=version, root=parsed, references=references, model=model)


def _asyncapi(parsed: Mapping[str, Any]) -> Document:
    version = _version(parsed, "asyncapi", ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.0"))
    parsed, references = _checked(parsed)
    model = Application(parsed, references, version)
    return Document(format=Format.ASYNCAPI, version=version, root=parsed, references=references, model=model)


def _checked(parsed: Mapping[str, Any]) -> tuple[Mapping[str, Any], References]:
    """The document as JSON has it, with all of its references."""
    references = References(parsed, remedy=_BUNDLE)
    if references.is_json:
        return parsed, references
    parsed = as_json(parsed)
    return parsed, References(parsed, remedy=_BUNDLE)


def _graphql(parsed: str | Mapping[str, Any]) -> Document:
    from concordat_contracts.graphql.compare import (
        read_schema,  # half the package's import time, and most documents are not GraphQL
    )

    return Document(format=Format.GRAPHQL, version="", root=read_schema(parsed), references=None)


def _json_schema(parsed: Mapping[str, Any] | bool) -> Document:
    if isinstance(parsed, bool):
        return Document(format=Format.JSON_SCHEMA, version="", root=parsed, references=None)
    parsed, references = _checked(parsed)
    return Document(format=Format.JSON_SCHEMA, version="", root=parsed, references=references)


def _version(parsed: Mapping[str, Any], key: str, supported: tuple[str, ...]) -> str:
    version = str(parsed[key])
    if version.rpartition(".")[0] not in supported and version not in supported:
        raise InvalidDocument(
            f"{key} {version!r} is not supported", location=key, remedy=f"use one of {', '.join(supported)}"
        )
    return version
