"""
A consumer of an operation or property that is not there is told so, and one that cannot be refuted is believed.
"""

from typing import Any

import pytest

from concordat_contracts import Usage, read, response_fields, unknown_uses
from tests.contracts.corpus_pairs import pairs

ITEM = {"type": "object", "properties": {"sku": {"type": "string"}, "qty": {"type": "integer"}}}
ORDER = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
    },
}


def _document(schema: Any) -> dict[str, Any]:
    answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    return {
        "openapi": "3.1.0",
        "paths": {"/orders/{id}": {"get": {"operationId": "getOrder", "responses": {"200": answer}}}},
        "components": {
            "schemas": {
                "Item": ITEM,
                "Tree": {"properties": {"next": {"$ref": "#/components/schemas/Tree"}}},
                "Any": {"title": "Any"},
                "Loop": {
                    "allOf": [
                        {"$ref": "#/components/schemas/Loop"},
                        {"$ref": "#/components/schemas/Loop"},
                        {"properties": {"xa": True}},
                    ]
                },
            }
        },
    }


def _unknown(schema: Any, *reads: str, name: str = "getOrder") -> list[str]:
    usage = Usage(consumer="shop/cart", operations={name: frozenset(reads)})
    return [each.message for each in unknown_uses(read(_document(schema)), usage)]


@pytest.mark.parametrize("name", ["getOrder", "GET /orders/{id}", "get /orders/{orderId}"])
def test_an_operation_goes_by_its_id_and_its_place(name: str) -> None:
    """However the variable of the path is called."""
    assert [] == _unknown(ORDER, "id", "items[].sku", "$.items.qty", name=name)


def test_the_nearest_name_is_offered_instead() -> None:
    """A typing error is mended by reading the message."""
    assert ["there is no operation 'getOder'; did you mean 'getOrder'?"] == _unknown(ORDER, name="getOder")
    assert ["getOrder answers no property 'items[].skew'; did you mean 'items[].sku'?"] == _unknown(
        ORDER, "items[].skew"
    )
    assert ["getOrder answers no property 'zzz'; there is id, items"] == _unknown(ORDER, "zzz")
    assert ["getOrder answers nothing that has a property 'id'; leave it out of reads"] == _unknown(
        {"type": "string"}, "id"
    )


def test_who_uses_everything_names_nothing() -> None:
    """An undeclared usage is judged by the verdict alone."""
    assert () == unknown_uses(read(_document(ORDER)), Usage(consumer="shop/cart"))


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "object"},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": {"type": "object"}},
        {"patternProperties": {"^x": {"properties": {"y": True}}}},
        {"allOf": [{"$ref": "#/components/schemas/Item"}, {"properties": {"xa": {"properties": {"y": True}}}}]},
        {"oneOf": [{"$ref": "#/components/schemas/Item"}, {"type": "object"}]},
        {"anyOf": [{"type": "null"}, {"properties": {"xa": {"items": {"properties": {"y": True}}}}}]},
        {"if": True, "then": {"properties": {"xa": True}}},
        {"allOf": [{"description": "any"}]},
        {"allOf": [{"$ref": "#/components/schemas/Any"}, {"$ref": "#/components/schemas/Any"}]},
        {"$ref": "#/components/schemas/Item", "properties": {"xa": True}},
        {"type": "array", "items": {"type": "array", "items": {"properties": {"xa": {"properties": {"y": True}}}}}},
    ],
)
def test_what_may_be_there_is_believed(schema: Any) -> None:
    """Only what is provably absent is unknown."""
    assert [] == _unknown(schema, "xa.y")


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Item"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
        {"allOf": [{"$ref": "#/components/schemas/Item"}, {"description": "no more"}]},
        {"allOf": [{"$ref": "#/components/schemas/Item"}, {"type": "object", "properties": {"xa": ITEM}}]},
        {"oneOf": [{"$ref": "#/components/schemas/Item"}, {"type": "null"}]},
        {"$ref": "#/components/schemas/Tree"},
        {"properties": {"xa": False}},
        False,
    ],
)
def test_what_is_provably_absent_is_told(schema: Any) -> None:
    """References, compositions and recursion are followed."""
    assert 1 == len(_unknown(schema, "xa.y"))


def test_every_format_has_operations_to_use() -> None:
    """AsyncAPI and GraphQL by the same names their findings bear."""
    sdl = "type Query { order(id: ID): [Order!] } type Order { id: ID! buyer: Party } union Party = A | B type A { a: Int } type B { b: Int }"
    events = {
        "asyncapi": "3.0.0",
        "channels": {"o": {"address": "orders", "messages": {"m": {"payload": {"properties": {"id": {}}}}}}},
        "operations": {"sendOrder": {"action": "send", "channel": {"$ref": "#/channels/o"}}},
    }
    for document, name, known in (
        (sdl, "Query.order", ("[].buyer", "[].buyer.a", "[].buyer.b", "[].id")),
        (events, "sendOrder", ("id",)),
        (events, "send orders", ("id",)),
        (events, "orders", ("id",)),
    ):
        assert known == response_fields(read(document), name)
        usage = Usage(consumer="shop/cart", operations={name: frozenset({*known, "total"}), "other": None})
        assert [("other", None), (name, "total")] == sorted(
            ((each.operation, each.field) for each in unknown_uses(read(document), usage)),
            key=lambda each: each[1] or "",
        )


def test_recursion_ends() -> None:
    """``next.next.next`` is there; listing stops at the depth asked for."""
    tree = {"$ref": "#/components/schemas/Tree"}
    assert [] == _unknown(tree, "next.next.next.next.next")
    assert ("next", "next.next") == response_fields(read(_document(tree)), "getOrder", depth=2)
    assert [] == _unknown({"$ref": "#/components/schemas/Loop"}, "xa")


def test_everything_a_document_lists_is_known_to_it() -> None:
    """For all operations of the corpus: what ``response_fields`` lists, ``unknown_uses`` accepts."""
    for name in ("openapi", "asyncapi", "graphql"):
        for pair in pairs(name):
            try:
                document = read(pair.old)
            except ValueError:
                continue
            operations = {each: frozenset(response_fields(document, each)) for each in document.names}
            assert () == unknown_uses(document, Usage(consumer="c", operations=operations)), pair.name
