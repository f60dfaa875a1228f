"""
A break touches whom it touches, and whatever is not provably unused counts as used.
"""

from typing import Any

import pytest

from concordat_contracts import Finding, Outcome, Severity, Usage, Verdict, compare, judge

ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "total": {"type": "integer"}, "lines": {"type": "array", "items": {}}},
    "required": ["id", "total"],
}


def _api(schema: Any, **operation: Any) -> dict[str, Any]:
    answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    other = {"operationId": "listRefunds", "responses": {"200": {"description": "ok"}}}
    return {
        "openapi": "3.1.0",
        "paths": {
            "/orders/{id}": {"get": {"operationId": "getOrder", "responses": {"200": answer}, **operation}},
            "/refunds": {"get": other},
        },
    }


def _without(*names: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: schema for name, schema in ORDER["properties"].items() if name not in names},
        "required": [name for name in ORDER["required"] if name not in names],
    }


def _outcome(verdict: Verdict, operations: Any) -> Outcome:
    (row,) = judge(verdict, [Usage(consumer="shop/web", operations=operations)]).rows
    return row.outcome


BROKEN = compare(_api(ORDER), _api(_without("total")))


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        (None, Outcome.BREAKING),
        ({}, Outcome.COMPATIBLE),
        ({"listRefunds": None}, Outcome.COMPATIBLE),
        ({"GET /refunds": None}, Outcome.COMPATIBLE),
        ({"getOrder": None}, Outcome.BREAKING),
        ({"GET /orders/{id}": None}, Outcome.BREAKING),
        ({"getOrder": frozenset({"total"})}, Outcome.BREAKING),
        ({"getOrder": frozenset({"id"})}, Outcome.COMPATIBLE),
        ({"getOrder": frozenset({"id", "lines[].sku"})}, Outcome.COMPATIBLE),
        ({"getOrder": frozenset({"id", "total"})}, Outcome.BREAKING),
        ({"getOrder": frozenset()}, Outcome.COMPATIBLE),
    ],
)
def test_a_removed_field_touches_those_who_read_it(operations: Any, expected: Outcome) -> None:
    """Operation by place or id, fields by name; no declaration means everything."""
    assert expected is _outcome(BROKEN, operations)


@pytest.mark.parametrize(
    "operations",
    [
        {"getOrdr": None},
        {"listRefunds": None, "fetch /refunds": None},
        {"getOrder": frozenset({"tottal"})},
        {"getOrder": frozenset({"id", "metadata.trace"})},
    ],
)
def test_what_cannot_be_matched_counts_as_used(operations: Any) -> None:
    """A misspelt operation or field proves nothing about the right one."""
    assert Outcome.BREAKING is _outcome(BROKEN, operations)


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": [{"name": "tenant", "in": "query", "required": True, "schema": {"type": "string"}}]},
        {"responses": {"202": {"description": "later"}}},
        {"requestBody": {"required": True, "content": {"application/json": {}}}},
    ],
)
def test_a_change_of_the_request_touches_whoever_calls(change: dict[str, Any]) -> None:
    """What a consumer reads does not help when it cannot ask any more."""
    verdict = compare(_api(ORDER), _api(ORDER, **change))

    assert Outcome.BREAKING is _outcome(verdict, {"getOrder": frozenset({"id"})})
    assert Outcome.COMPATIBLE is _outcome(verdict, {"listRefunds": None})


def test_a_body_of_another_type_touches_every_reader() -> None:
    """A list has no ``id``, whatever the findings call it."""
    verdict = compare(_api(ORDER), _api({"type": "array", "items": ORDER}))

    assert Outcome.BREAKING is _outcome(verdict, {"getOrder": frozenset({"id"})})


def test_a_shape_that_cannot_be_cut_counts_as_read_whole() -> None:
    """Behind a union a field may mean something else."""
    verdict = compare(
        _api({"oneOf": [ORDER, {"type": "string"}]}), _api({"oneOf": [_without("total"), {"type": "string"}]})
    )

    assert Outcome.BREAKING is _outcome(verdict, {"getOrder": frozenset({"id"})})


def test_lists_are_read_by_the_fields_of_their_items() -> None:
    """``id`` and ``[].id`` both name the field of each item."""
    verdict = compare(_api({"type": "array", "items": ORDER}), _api({"type": "array", "items": _without("total")}))

    for path in ("id", "[].id", "$[].id"):
        assert Outcome.COMPATIBLE is _outcome(verdict, {"getOrder": frozenset({path})})
    assert Outcome.BREAKING is _outcome(verdict, {"getOrder": frozenset({"[].total"})})


def test_a_finding_of_unknown_origin_touches_everybody() -> None:
    """A verdict that was stored and read back has no proofs left, so nothing is ruled out."""
    finding = Finding(id="x", severity=Severity.ERROR, location="GET /a", message="gone", outcome=Outcome.BREAKING)

    assert Outcome.BREAKING is _outcome(Verdict.of([finding]), {"listRefunds": None})


def test_warnings_touch_nobody() -> None:
    """A consumer is safe from what does not break."""
    old, new = ("type Query { a: E b: Int }\nenum E { X }", "type Query { a: E b: Int }\nenum E { X Y }")

    assert Outcome.COMPATIBLE is _outcome(compare(old, new), {"Query.a": None})


def test_a_graphql_type_touches_the_queries_that_reach_it() -> None:
    """Types are traced to the root fields through fields, arguments, unions and interfaces."""
    old = "type Query { a: A b: B c: U }\ntype A { x: Int n: N }\ntype B { y: Int }\ntype N { z: Int }\nunion U = N"
    verdict = compare(old, old.replace("z: Int", "q: Int"))

    assert Outcome.BREAKING is _outcome(verdict, {"Query.a": None})
    assert Outcome.BREAKING is _outcome(verdict, {"Query.c": None})
    assert Outcome.COMPATIBLE is _outcome(verdict, {"Query.b": None})


def test_an_event_touches_its_receivers() -> None:
    """AsyncAPI operations go by their id, by action and address, or by address."""
    message = {"payload": ORDER}
    old = {
        "asyncapi": "2.6.0",
        "channels": {"orders": {"subscribe": {"operationId": "onOrder", "message": message}}, "x": {"publish": {}}},
    }
    new = {
        "asyncapi": "2.6.0",
        "channels": {
            "orders": {"subscribe": {"operationId": "onOrder", "message": {"payload": _without("total")}}},
            "x": {"publish": {}},
        },
    }
    verdict = compare(old, new)

    assert Outcome.BREAKING is _outcome(verdict, {"onOrder": None})
    assert Outcome.BREAKING is _outcome(verdict, {"send orders": frozenset({"total"})})
    assert Outcome.COMPATIBLE is _outcome(verdict, {"send orders": frozenset({"id"})})
    assert Outcome.COMPATIBLE is _outcome(verdict, {"receive x": None})


def test_the_matrix_names_consumers_and_reasons() -> None:
    """Who is touched, and by what: the finding about the field read goes before its neighbours."""
    verdict = compare(_api(ORDER), _api(_without("id", "total")))
    matrix = judge(
        verdict,
        [
            Usage(consumer="shop/web", operations={"getOrder": frozenset({"total"})}),
            Usage(consumer="shop/mail", operations={"listRefunds": None}),
        ],
    )

    assert ("shop/web",) == matrix.touched
    assert ["GET /orders/{id} 200 $.total"] == [each.location for each in matrix.rows[0].findings]
    assert ("shop/web",) == matrix.users_of(matrix.rows[0].findings[0])
