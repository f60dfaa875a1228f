"""
What is to come into force is read whole: a schema that is none is refused with its place, whatever uses it.
"""

from typing import Any

import pytest

from concordat_contracts import InvalidDocument, expect_legible, parse_text, read
from tests.contracts.corpus_pairs import pairs

_OPENAPI = """
openapi: {version}
info: {{title: orders, version: 1.0.0}}
paths:
  /schema:
    get:
      parameters: [{{name: status, in: query, schema: {query}}}]
      responses:
        "200":
          description: ok
          headers: {{schema: {{schema: {header}}}}}
          content: {{application/json: {{schema: {{$ref: "#/components/schemas/Order"}}, example: {{schema: {{type: strng}}}}}}}}
components:
  schemas:
    Order: {{type: object, properties: {{lines: {{type: array, items: {item}}}}}, default: {{type: strng}}}}
    Unused: {unused}
"""


def _openapi(version: str = "3.1.0", **schemas: str) -> Any:
    stated = {
        "query": "{type: string}",
        "header": "{type: string}",
        "item": "{type: string}",
        "unused": "{type: string}",
    }
    return read(parse_text(_OPENAPI.format(version=version, **(stated | schemas))))


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("schemas", "said"),
    [
        ({"query": "{type: strng}"}, r"^paths\./schema\.get\.parameters\.0\.schema: type may not be 'strng'"),
        ({"header": "{properties: []}"}, r"^paths.*\.200\.headers\.schema\.schema: properties may not be \[\]"),
        ({"item": "{minLength: two}"}, r"^components\.schemas\.Order\.properties\.lines\.items: minLength may not be 'two'"),
        ({"item": "[1]"}, r"^components\.schemas\.Order\.properties\.lines\.items\.0: a schema is an object or a boolean"),
        ({"unused": "{allOf: [{maximum: high}]}"}, r"^components\.schemas\.Unused\.allOf\.0: maximum may not be 'high'"),
        ({"unused": "{enum: 1}", "query": "{type: 1}"}, r"1 more such place\).*write the schema as openapi-3"),
    ],
)  # fmt: skip
def test_a_schema_that_is_none_is_refused_with_its_place(version: str, schemas: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidDocument, match=said):
        expect_legible(_openapi(version, **schemas))


@pytest.mark.parametrize("unused", ["{type: [string, 'null']}", "{nullable: true}", "{required: true}", "{type: null}", "{properties: {type: {}}}"])  # fmt: skip
def test_what_is_merely_unusual_is_none_of_its_business(unused: str) -> None:
    """Nor are examples and defaults, in which such words are only values."""
    expect_legible(_openapi("3.0.3", unused=unused))


_ASYNCAPI = """
asyncapi: {version}
info: {{title: orders, version: 1.0.0}}
channels: {channels}
components: {{schemas: {{Order: {order}}}}}
"""
_PLACED_2 = "{placed: {subscribe: {message: {payload: %s, headers: {type: object, properties: {trace: %s}}}}}}"
_AVRO_2 = "{placed: {subscribe: {message: {schemaFormat: application/vnd.apache.avro, payload: {$ref: '#/components/schemas/Order'}}}}}"
_AVRO_3 = "{placed: {address: placed, messages: {placed: {payload: {schemaFormat: application/vnd.apache.avro, schema: %s}}}}}"


@pytest.mark.parametrize(
    ("version", "channels", "order", "said"),
    [
        ("2.6.0", _PLACED_2 % ("{type: strng}", "{}"), "{}", r"^channels\.placed\.subscribe\.message\.payload: type may"),
        ("2.6.0", _PLACED_2 % ("{}", "{type: strng}"), "{}", r"headers\.properties\.trace: type may not be 'strng'; .*draft-07"),
        ("3.0.0", "{}", "{properties: {sku: {type: strng}}}", r"^components\.schemas\.Order\.properties\.sku: type may"),
    ],
)  # fmt: skip
def test_messages_and_their_headers_are_read_as_well(version: str, channels: str, order: str, said: str) -> None:
    with pytest.raises(InvalidDocument, match=said):
        expect_legible(read(parse_text(_ASYNCAPI.format(version=version, channels=channels, order=order))))


@pytest.mark.parametrize(("version", "channels"), [("2.6.0", _AVRO_2), ("3.0.0", _AVRO_3 % "{type: record}")])
def test_what_is_written_in_another_language_is_left_to_it(version: str, channels: str) -> None:
    order = "{type: record}" if version == "2.6.0" else "{type: object}"
    expect_legible(read(parse_text(_ASYNCAPI.format(version=version, channels=channels, order=order))))


@pytest.mark.parametrize("format_name", ["openapi", "asyncapi", "graphql", "jsonschema"])
def test_the_whole_corpus_is_legible(format_name: str) -> None:
    """No document that can be compared is refused for its schemas."""
    read_before = [read(each) for pair in pairs(format_name) for each in (pair.old, pair.new) if _valid(each)]
    assert len(read_before) > 100
    for document in read_before:
        expect_legible(document)


def _valid(parsed: Any) -> bool:
    try:
        read(parsed)
    except InvalidDocument:
        return False
    return True
