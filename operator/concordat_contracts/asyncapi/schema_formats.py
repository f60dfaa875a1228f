"""``schemaFormat``: the language a payload is described in."""

from typing import Any

from concordat_contracts.schema import Dialect

DEFAULT_SCHEMA_FORMAT = "application/vnd.aai.asyncapi"
_WORDS = frozenset({"description", "doc"})


def is_json_schema(schema_format: str) -> bool:
    """Whether it is AsyncAPI's own or another JSON Schema, which we compare."""
    return schema_format.startswith((DEFAULT_SCHEMA_FORMAT, "application/schema", "application/vnd.oai.openapi"))


def dialect_of(schema_format: str) -> Dialect:
    """The dialect it names: ``application/vnd.oai.openapi;version=3.0.0``; AsyncAPI's own is draft 7."""
    version = schema_format.partition("version=")[2].removeprefix("draft-")
    if schema_format.startswith("application/vnd.oai.openapi"):
        return Dialect.OPENAPI_31 if version.startswith("3.1") else Dialect.OPENAPI_30
    return next((each for each in Dialect if version and each.value.removeprefix("draft-") == version), Dialect.DRAFT_7)


def without_words(payload: Any) -> Any:
    """A payload in a language we do not compare (Avro, RAML), short of what people alone read."""
    if isinstance(payload, dict):
        said = {key: value for key, value in payload.items() if key not in _WORDS or not isinstance(value, str)}
        return {key: without_words(value) for key, value in said.items()}
    if isinstance(payload, list):
        return [without_words(each) for each in payload]
    return payload
