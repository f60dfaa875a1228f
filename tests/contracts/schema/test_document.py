"""Documents: what references mean, when two schemas mean the same, and what is refused."""

from typing import Any

import pytest

from concordat_contracts.errors import InvalidDocument
from concordat_contracts.schema import (  # fmt: skip
    Dialect,
    Direction,
    Memo,
    SchemaDocument,
    Surface,
    UnresolvableReference,
    Where,
    compare_json_schemas,
    compare_schemas,
)
from concordat_contracts.verdict import Outcome

PLAIN = Where(surface=Surface.DOCUMENT)


def digest(schema: Any, root: Any = None) -> bytes:
    document = SchemaDocument(schema if root is None else root, Dialect.DRAFT_2020_12)
    return document.digest(document.plain(schema))


def test_annotations_do_not_count_in_a_digest() -> None:
    """Titles, examples and extensions mean nothing; a property that is called so does."""
    assert digest({"type": "string"}) == digest({"type": "string", "title": "x", "examples": [1], "x-a": {}})
    assert digest({"properties": {"title": {"type": "string"}}}) != digest(
        {"properties": {"title": {"type": "integer"}}}
    )


def test_a_digest_follows_references() -> None:
    """The same words that refer to other things mean other things; so do loops."""
    old, new = {"$defs": {"s": {"type": "string"}}}, {"$defs": {"s": {"type": "integer"}}}
    assert digest({"$ref": "#/$defs/s"}, old) != digest({"$ref": "#/$defs/s"}, new)
    loop = {"$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}}}}
    assert digest({"$ref": "#/$defs/n"}, loop) == digest({"$ref": "#/$defs/n"}, dict(loop))


def test_one_and_true_have_different_digests() -> None:
    """Python takes them for equal, JSON does not."""
    assert digest({"const": 1}) != digest({"const": True})


@pytest.mark.parametrize("reference", ["#/$defs/none", "other.json", "https://example.com/s.json#/a", "#nowhere"])
def test_a_reference_out_of_the_document_is_not_followed(reference: str) -> None:
    """It is refused by name, with the remedy, and never fetched."""
    document = SchemaDocument({"$ref": reference}, Dialect.DRAFT_2020_12)
    with pytest.raises(UnresolvableReference, match="bundle"):
        document.resolve(reference)
    with pytest.raises(InvalidDocument, match="leads to nothing"):
        compare_json_schemas({"$ref": reference}, {})


def test_a_reference_that_leads_nowhere_is_unknown_inside_a_larger_document() -> None:
    """Whoever compares fragments gets no exception but an unknown."""
    document = SchemaDocument({}, Dialect.OPENAPI_30)
    (finding,) = compare_schemas(
        document, {"$ref": "#/x"}, document, {"type": "string"}, Direction.REQUEST, where=PLAIN
    )
    assert Outcome.UNKNOWN is finding.outcome


@pytest.mark.parametrize(
    ("schema", "place"),
    [({"type": "strin"}, "$.type"), ({"properties": {"a": {"minLength": -1}}}, "$.properties.a.minLength"), (3, "$")],
)
def test_what_is_no_schema_is_refused_with_its_place(schema: Any, place: str) -> None:
    """An invalid schema is named, never half compared."""
    with pytest.raises(InvalidDocument) as refused:
        compare_json_schemas({}, schema)
    assert refused.value.location == f"the new schema, {place}"


def test_the_dialect_is_what_the_schema_declares() -> None:
    """``$schema`` decides, else what the caller says, else 2020-12."""
    draft7 = "http://json-schema.org/draft-07/schema#"
    assert Dialect.DRAFT_7 is Dialect.of({"$schema": draft7}, Dialect.DRAFT_4)
    assert Dialect.DRAFT_4 is Dialect.of({}, Dialect.DRAFT_4)
    assert Dialect.DRAFT_2020_12 is Dialect.of(True)


def test_schemas_of_two_dialects_compare() -> None:
    """A 3.0 ``nullable`` and a 3.1 list of types are the same."""
    old, new = SchemaDocument({}, Dialect.OPENAPI_30), SchemaDocument({}, Dialect.OPENAPI_31)
    nullable, listed = {"type": "string", "nullable": True}, {"type": ["string", "null"]}
    assert [] == compare_schemas(old, nullable, new, listed, Direction.BOTH, where=PLAIN)


def test_one_object_in_two_documents_may_mean_two_things() -> None:
    """Documents that share a part in memory still resolve its references each for itself."""
    shared = {"$ref": "#/$defs/s"}
    old = SchemaDocument({"$defs": {"s": {"type": "string"}}}, Dialect.DRAFT_2020_12)
    new = SchemaDocument({"$defs": {"s": {"type": "integer"}}}, Dialect.DRAFT_2020_12)
    found = compare_schemas(old, shared, new, shared, Direction.REQUEST, where=PLAIN, memo=Memo())
    assert ["request-body-type-changed"] == [finding.id for finding in found]


def test_comparing_changes_nothing() -> None:
    """Neither schema is written to."""
    old = {"properties": {"a": {"$ref": "#/$defs/s"}}, "$defs": {"s": {"anyOf": [{"type": "string"}]}}}
    before = repr(old)
    compare_json_schemas(old, {"type": "object", "required": ["a"]})
    assert before == repr(old)


def test_schemas_that_declare_nothing_are_read_in_a_dialect_they_are_valid_in() -> None:
    """A tuple written as a list of ``items`` is draft 7, a boolean bound is draft 4."""
    closed = {"type": "array", "items": [{"type": "string"}], "additionalItems": False}
    assert Outcome.COMPATIBLE is compare_json_schemas(closed, {"type": "array", "maxItems": 1}).outcome
    strict = {"type": "integer", "minimum": 0, "exclusiveMinimum": True}
    assert Outcome.COMPATIBLE is compare_json_schemas(strict, {"type": "integer", "minimum": 1}, Direction.BOTH).outcome


@pytest.mark.parametrize(
    "loop", [{"$ref": "#/$defs/a"}, {"allOf": [{"$ref": "#/$defs/a"}]}, {"not": {"$ref": "#/$defs/a"}}]
)
def test_a_schema_that_refers_to_itself_in_place_is_unknown(loop: Any) -> None:
    """It means nothing, so nothing is proven about it; validators loop or guess."""
    schema = {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": loop}, "$ref": "#/$defs/a"}
    assert Outcome.UNKNOWN is compare_json_schemas({"type": "string"}, schema).outcome
