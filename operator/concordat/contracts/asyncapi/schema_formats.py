"""``schemaFormat``: the language a payload is described in."""

from ..schema import Dialect

DEFAULT_SCHEMA_FORMAT = "application/vnd.aai.asyncapi"


def is_json_schema(schema_format: str) -> bool:
    """Whether it is AsyncAPI's own or another JSON Schema, which we compare."""
    return schema_format.startswith((DEFAULT_SCHEMA_FORMAT, "application/schema", "application/vnd.oai.openapi"))


def dialect_of(schema_format: str) -> Dialect:
    """The dialect it names: ``application/vnd.oai.openapi;version=3.0.0``; AsyncAPI's own is draft 7."""
    version = schema_format.partition("version=")[2].removeprefix("draft-")
    if schema_format.startswith("application/vnd.oai.openapi"):
        return Dialect.OPENAPI_31 if version.startswith("3.1") else Dialect.OPENAPI_30
    return next((each for each in Dialect if version and each.value.removeprefix("draft-") == version), Dialect.DRAFT_7)
