"""
A document is recognised by looking, and refused where it is not valid; nothing is compared by halves.
"""

from datetime import date
from typing import Any

import pytest

from concordat_contracts import Format, InvalidDocument, Outcome, compare, read

INFO = {"title": "Orders", "version": "1.2.3"}
_OK = {"responses": {"200": {"description": "ok"}}}


@pytest.mark.parametrize(
    ("parsed", "expected"),
    [
        ({"openapi": "3.0.3", "info": INFO, "paths": {}}, Format.OPENAPI),
        ({"openapi": "3.1.1", "info": INFO, "paths": {}}, Format.OPENAPI),
        ({"swagger": "2.0", "info": INFO, "paths": {}}, Format.OPENAPI),
        ({"asyncapi": "2.6.0", "info": INFO, "channels": {}}, Format.ASYNCAPI),
        ({"asyncapi": "3.0.0", "info": INFO}, Format.ASYNCAPI),
        ("type Query { a: Int }", Format.GRAPHQL),
        ({"type": "object"}, Format.JSON_SCHEMA),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, Format.JSON_SCHEMA),
        (True, Format.JSON_SCHEMA),
    ],
)
def test_the_format_is_found_by_looking(parsed: Any, expected: Format) -> None:
    """Nobody has to say what a file is."""
    assert expected is read(parsed).format


def _openapi(**parts: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": INFO, "paths": {}, **parts}


@pytest.mark.parametrize(
    ("parsed", "location", "problem"),
    [
        (
            _openapi(paths={"/a": {"get": {"operationId": "x"}}, "/b": {"get": {"operationId": "x"}}}),
            "GET /b",
            "operationId 'x' is already used by GET /a",
        ),
        (_openapi(paths={"/a": {"get": {"parameters": [{"$ref": "#/components/parameters/No"}]}}}), "/paths/~1a", "not there"),
        (_openapi(components={"schemas": {"A": {"$ref": "common.yaml#/A"}}}), "/components/schemas/A", "outside"),
        (_openapi(components={"schemas": {"A": {"$ref": "https://example.com/a.json"}}}), "/components", "outside"),
        (_openapi(components={"schemas": {"A": {"$ref": "#nowhere"}}}), "/components/schemas/A", "anchor"),
        (_openapi(jsonSchemaDialect="https://json-schema.org/draft-07/schema"), "jsonSchemaDialect", "not supported"),
        (_openapi(openapi="4.0.0"), "openapi", "not supported"),
        ({"swagger": "1.2"}, "swagger", "not supported"),
        ({"asyncapi": "1.0.0"}, "asyncapi", "not supported"),
        (_openapi(paths={"a": {"get": {}}}), "paths.a", "slash"),
        (_openapi(paths={"/a/{x}": {"get": {}}, "/a/{y}": {"get": {}}}), "GET /a/{y}", "the same as GET /a/{x}"),
        (_openapi(paths={"/a": {"get": {"parameters": {}}}}), "GET /a parameters", "must be a list"),
        (_openapi(paths={"/a": {"get": {"parameters": [{"name": "x"}]}}}), "GET /a parameters[0]", "name, and in"),
        (
            _openapi(paths={"/a": {"get": {"parameters": [{"name": "x", "in": "query"}] * 2}}}),
            "GET /a parameters[1]",
            "given twice",
        ),
        (_openapi(paths={"/a": {"get": {"responses": {"200": []}}}}), "GET /a 200", "must be a mapping"),
        (
            _openapi(paths={"/a": {"post": {"requestBody": {"content": {"application/json": {"schema": "x"}}}}}}),
            "POST /a requestBody",
            "schema must be a mapping",
        ),
        (_openapi(components={"parameters": {"A": {"$ref": "#/components/parameters/A"}}}, paths={"/a": {"get": {"parameters": [{"$ref": "#/components/parameters/A"}]}}}), "GET /a", "never ends"),
        (
            {"asyncapi": "2.6.0", "channels": {"a": {"publish": {"operationId": "x"}, "subscribe": {"operationId": "x"}}}},
            "channels.a publish",
            "already used",
        ),
        ({"asyncapi": "3.0.0", "operations": {"x": {"action": "shout", "channel": {}}}}, "operations.x", "send or receive"),
        ({"asyncapi": "3.0.0", "operations": {"x": {"action": "send"}}}, "operations.x", "needs a channel"),
        (
            {
                "swagger": "2.0",
                "parameters": {"A": {"$ref": "#/parameters/B"}, "B": {"$ref": "#/parameters/A"}},
                "paths": {"/a": {"get": {"parameters": [{"$ref": "#/parameters/A"}]}}},
            },
            "parameters",
            "never ends",
        ),
        ("type Query { a: Missing }", "line 1", "Missing"),
        ("type Query { a: Int", "line 1", "Expected"),
        ("type A { x: Int }\ntype A { y: Int }", "line 1", "only one type named"),
        ({"what": "is this"}, "the document", "neither"),
        ([1], "the document", "not list"),
        (None, "the document", "not NoneType"),
    ],
)  # fmt: skip
def test_an_invalid_document_is_refused_with_its_place(parsed: Any, location: str, problem: str) -> None:
    """The error says where and what, whichever side of the comparison it is."""
    good = read("type Query { a: Int }") if isinstance(parsed, str) else {"openapi": "3.1.0", "paths": {}}
    for old, new in ((parsed, good), (good, parsed)):
        with pytest.raises(InvalidDocument) as refused:
            compare(old, new)
        assert location in refused.value.location
        assert problem in refused.value.problem


def test_an_external_reference_is_refused_with_the_remedy() -> None:
    """Nothing is ever fetched."""
    with pytest.raises(InvalidDocument, match="bundle the document into one file"):
        read(_openapi(components={"schemas": {"A": {"$ref": "other.yaml"}}}))


def test_references_in_examples_are_only_words() -> None:
    """An author's example may hold a key called $ref; a property may be called example."""
    schema = {
        "type": "object",
        "properties": {"example": {"$ref": "#/components/schemas/B"}},
        "example": {"$ref": "no"},
    }
    document = read(_openapi(components={"schemas": {"A": schema, "B": {"type": "string"}}}))

    assert document.references is not None
    assert frozenset({"#/components/schemas/B"}) == document.references.of_part["components", "schemas", "A"]


def test_an_operation_shared_by_reference_is_no_duplicate() -> None:
    """One callback used by two operations has one operationId."""
    callback = {"{$url}": {"post": {"operationId": "paid", **_OK}}}
    operation = {"callbacks": {"paid": {"$ref": "#/components/callbacks/Paid"}}, **_OK}

    read(
        _openapi(
            paths={"/a": {"post": operation}, "/b": {"post": operation}}, components={"callbacks": {"Paid": callback}}
        )
    )


def test_two_formats_cannot_be_compared() -> None:
    """The message says what each side is."""
    with pytest.raises(InvalidDocument, match="openapi and graphql"):
        compare({"openapi": "3.1.0", "paths": {}}, "type Query { a: Int }")


@pytest.mark.parametrize("depth", [300, 5_000])
def test_depth_is_bounded(depth: int) -> None:
    """Depth is refused before anything recurses into it."""
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"items": schema}

    with pytest.raises(InvalidDocument, match="deeper than"):
        read(_openapi(components={"schemas": {"A": schema}}))


def test_shared_values_count_each_time() -> None:
    """A document of aliases, parsed elsewhere, does not grow without bound."""
    node: dict[str, Any] = {"type": "string"}
    for _ in range(60):
        node = {"allOf": [node, node]}

    with pytest.raises(InvalidDocument, match="more than"):
        read(_openapi(components={"schemas": {"A": node}}))


def test_operations_go_by_all_their_names() -> None:
    """A consumer may use place or id."""
    openapi = _openapi(
        paths={"/a": {"get": {"operationId": "listA"}}, "/b": {"post": {}}}, webhooks={"paid": {"post": {}}}
    )

    assert {"GET /a": "listA", "POST /b": None, "webhook paid POST": None} == read(openapi).operations
    assert {"Query.a": None} == read("type Query { a: Int }").operations
    assert {"send a": "x"} == read(
        {"asyncapi": "2.6.0", "channels": {"a": {"subscribe": {"operationId": "x"}}}}
    ).operations


def test_a_document_from_another_reader_is_read_as_json() -> None:
    """Older YAML readers make numbers, booleans and dates of what OpenAPI means as text."""
    schema = {"type": "object", "properties": {True: {"type": "string", "enum": [date(2027, 6, 30)]}}}
    answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    text = {"type": "object", "properties": {"true": {"type": "string", "enum": ["2027-06-30"]}}}
    same = {"description": "ok", "content": {"application/json": {"schema": text}}}
    old = _openapi(paths={"/a": {"get": {"responses": {200: answer}}}})
    new = _openapi(paths={"/a": {"get": {"responses": {"200": same}}}})

    assert () == compare(old, new).findings
    assert () == compare(new, old).findings


def test_one_is_not_true() -> None:
    """Python holds them for equal, JSON does not."""

    def asking(values: list[Any]) -> dict[str, Any]:
        parameter = {"name": "q", "in": "query", "content": {"application/json": {"schema": {"enum": values}}}}
        return _openapi(paths={"/a": {"get": {"parameters": [parameter]}}})

    assert Outcome.BREAKING is compare(asking([0, 1]), asking([False, True])).outcome


def test_null_without_quotes_is_the_type_null() -> None:
    """``type: [string, null]`` is what YAML's authors write."""

    def answering(kinds: list[Any]) -> dict[str, Any]:
        answer = {"description": "ok", "content": {"application/json": {"schema": {"type": kinds}}}}
        return _openapi(paths={"/a": {"get": {"responses": {"200": answer}}}})

    assert () == compare(answering(["string", None]), answering(["string", "null"])).findings
    assert Outcome.BREAKING is compare(answering(["string"]), answering(["string", None])).outcome


def test_a_type_that_is_none_is_refused_with_its_place() -> None:
    """A number is nobody's type."""
    with pytest.raises(InvalidDocument, match="/components/schemas/A: type must be a list of texts, not of int"):
        read(_openapi(components={"schemas": {"A": {"type": ["string", 5]}}}))


@pytest.mark.parametrize(
    "schema",
    [
        {"$defs": {"a": {"$anchor": "here", "type": "string"}}, "$ref": "#here"},
        {"definitions": {"a": {"$id": "#here", "type": "string"}}, "allOf": [{"$ref": "#here"}]},
        {"$id": "https://example.com/root", "$defs": {"a": {"$id": "item", "type": "string"}}, "$ref": "item"},
        {"$defs": {"a": {"$id": "https://example.com/a", "$defs": {"b": {}}, "items": {"$ref": "#/$defs/b"}}}, "$ref": "#/$defs/a"},
        {"properties": {"child": {"$ref": "#"}}, "type": "object"},
        {"$dynamicAnchor": "node", "properties": {"child": {"$dynamicRef": "#node"}}},
    ],
)  # fmt: skip
def test_the_ways_a_schema_names_its_parts_are_known(schema: dict[str, Any]) -> None:
    """Anchors, plain-name ids, embedded resources: none of them is taken for a reference to nothing."""
    assert Outcome.COMPATIBLE is compare(schema, dict(schema)).outcome


@pytest.mark.parametrize(
    "schema",
    [{"type": "strin"}, {"type": 5}, {"enum": "a"}, {"minLength": "3"}, {"properties": []}, {"required": "id"}],
)
def test_a_new_schema_that_is_none_is_refused_with_its_place(schema: dict[str, Any]) -> None:
    """What nobody can read is not half compared; an old one that was let in once must not keep a better one out."""

    def taking(each: dict[str, Any]) -> dict[str, Any]:
        body = {"content": {"application/json": {"schema": each}}}
        return _openapi(paths={"/a": {"post": {"requestBody": body, "responses": {"200": {"description": "ok"}}}}})

    with pytest.raises(InvalidDocument, match=r"POST /a body.*write the schema as openapi-3.*says"):
        compare(taking({"type": "string"}), taking(schema))
    assert compare(taking(schema), taking({"type": "string"})).outcome is not Outcome.COMPATIBLE


@pytest.mark.parametrize("schema", [{"type": "strin"}, {"type": "object", "required": "id"}, {"properties": []}])
def test_a_json_schema_that_is_none_is_refused_with_its_place(schema: dict[str, Any]) -> None:
    """On either side, whatever the other says."""
    for old, new in ((schema, {"type": "object"}), ({"type": "object"}, schema), (schema, schema)):
        with pytest.raises(InvalidDocument, match=r"the (old|new) schema, \$.*; write it as"):
            compare(old, new)


def test_json_schemas_that_declare_no_dialect_are_read_in_one_that_fits() -> None:
    """A list of ``items`` is a tuple of draft 7, a flag beside ``minimum`` one of draft 4."""
    assert Outcome.BREAKING is compare({"items": [{"type": "string"}]}, {"items": [{"type": "integer"}]}).outcome
    assert Outcome.BREAKING is compare({"minimum": 1}, {"minimum": 1, "exclusiveMinimum": True}).outcome
