"""The names of changes in an API, and the conventions by which APIs are read."""

from typing import Any

import pytest

from concordat_contracts.schema import Dialect, Direction, SchemaDocument, Surface, Where, compare_schemas
from concordat_contracts.schema.naming.rule_names import NARROWED, NOTED, SAYS, WIDENED
from concordat_contracts.verdict import Finding, Outcome, Severity

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
SCHEMAS = {
    "Cat": {
        "type": "object",
        "properties": {"kind": {"type": "string", "enum": ["cat"]}, "lives": WHOLE},
        "required": ["kind"],
    },
    "Dog": {"type": "object", "properties": {"kind": {"type": "string", "enum": ["dog"]}}, "required": ["kind"]},
}
CAT, DOG = {"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}


def thing(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def found(
    old: Any, new: Any, direction: Direction, surface: Surface = Surface.BODY, dialect: Dialect = Dialect.OPENAPI_30
) -> list[Finding]:
    document = SchemaDocument({"components": {"schemas": SCHEMAS}}, dialect)
    where = Where(surface=surface, location="POST /things")
    return compare_schemas(document, old, document, new, direction, where=where)


REQUESTS = [
    ("new-required-request-property", thing(a=TEXT), thing("b", a=TEXT, b=TEXT)),
    ("new-required-request-property-with-default", thing(a=TEXT), thing("b", a=TEXT, b={**TEXT, "default": "x"})),
    ("request-property-became-required", thing(a=TEXT), thing("a", a=TEXT)),
    ("request-property-became-required-with-default", thing(a=TEXT), thing("a", a={**TEXT, "default": "x"})),
    ("request-property-type-changed", thing(a=TEXT), thing(a=WHOLE)),
    ("request-body-type-changed", NUMBER, WHOLE),
    ("request-property-enum-value-removed", thing(a={"enum": ["x", "y"]}), thing(a={"enum": ["x"]})),
    ("request-property-became-enum", thing(a=TEXT), thing(a={**TEXT, "enum": ["x"]})),
    ("request-property-became-not-nullable", thing(a={**TEXT, "nullable": True}), thing(a=TEXT)),
    ("request-body-max-length-set", TEXT, {**TEXT, "maxLength": 3}),
    ("request-body-max-length-decreased", {**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 3}),
    ("request-body-min-length-increased", {**TEXT, "minLength": 1}, {**TEXT, "minLength": 3}),
    ("request-body-max-set", NUMBER, {**NUMBER, "maximum": 3}),
    ("request-body-min-increased", {**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 3}),
    ("request-body-max-decreased", {**NUMBER, "maximum": 5, "exclusiveMaximum": True}, {**NUMBER, "maximum": 3, "exclusiveMaximum": True}),
    ("request-body-pattern-added", TEXT, {**TEXT, "pattern": "^a"}),
    ("request-body-pattern-changed", {**TEXT, "pattern": "^a"}, {**TEXT, "pattern": "^ab"}),
    ("request-body-min-items-set", {"type": "array"}, {"type": "array", "minItems": 1}),
    ("request-body-min-items-increased", {"type": "array", "minItems": 1}, {"type": "array", "minItems": 2}),
    ("request-body-max-items-decreased", {"type": "array", "maxItems": 3}, {"type": "array", "maxItems": 2}),
    ("request-body-one-of-removed", {"oneOf": [CAT, DOG]}, {"oneOf": [CAT]}),
    ("request-body-any-of-removed", {"anyOf": [CAT, DOG]}, {"anyOf": [CAT]}),
    ("request-body-all-of-added", {"allOf": [thing(a=TEXT)]}, {"allOf": [thing(a=TEXT), thing("b", b=TEXT)]}),
    ("request-property-type-changed", thing(a={"type": "array", "items": thing(x=TEXT)}), thing(a={"type": "array", "items": thing(x=WHOLE)})),
]  # fmt: skip
RESPONSES = [
    ("response-required-property-removed", thing("a", "b", a=TEXT, b=TEXT), thing("a", a=TEXT)),
    ("response-property-became-optional", thing("a", a=TEXT), thing(a=TEXT)),
    ("response-property-became-nullable", thing(a=TEXT), thing(a={**TEXT, "nullable": True})),
    ("response-body-became-nullable", TEXT, {**TEXT, "nullable": True}),
    ("response-property-type-changed", thing(a=TEXT), thing(a=WHOLE)),
    ("response-property-type-generalized", thing(a=WHOLE), thing(a=NUMBER)),
    ("response-property-enum-value-added", thing(a={"enum": ["x"]}), thing(a={"enum": ["x", "y"]})),
    ("response-property-max-length-increased", thing(a={**TEXT, "maxLength": 3}), thing(a={**TEXT, "maxLength": 5})),
    ("response-property-max-length-unset", thing(a={**TEXT, "maxLength": 3}), thing(a=TEXT)),
    ("response-property-min-length-decreased", thing(a={**TEXT, "minLength": 3}), thing(a={**TEXT, "minLength": 1})),
    ("response-body-max-increased", {**NUMBER, "maximum": 3}, {**NUMBER, "maximum": 5}),
    ("response-body-min-decreased", {**NUMBER, "minimum": 3}, {**NUMBER, "minimum": 1}),
    ("response-body-min-items-unset", {"type": "array", "minItems": 1}, {"type": "array"}),
    ("response-body-min-items-decreased", {"type": "array", "minItems": 2}, {"type": "array", "minItems": 1}),
    ("response-body-one-of-added", {"oneOf": [CAT]}, {"oneOf": [CAT, DOG]}),
    ("response-body-wrapped-in-one-of", CAT, {"oneOf": [CAT, DOG]}),
]
MODERN = [
    ("request-body-type-changed", Direction.REQUEST, {"type": ["string", "integer"]}, {"type": ["string"]}),
    ("request-body-list-of-types-narrowed", Direction.REQUEST, {"anyOf": [TEXT, WHOLE]}, TEXT),
    ("response-body-type-generalized", Direction.RESPONSE, {"type": ["string"]}, {"type": ["string", "integer"]}),
    ("response-body-list-of-types-widened", Direction.RESPONSE, TEXT, {"anyOf": [TEXT, WHOLE]}),
    ("request-body-const-added", Direction.REQUEST, TEXT, {**TEXT, "const": "x"}),
    ("request-body-const-changed", Direction.REQUEST, {"const": "x"}, {"const": "y"}),
    ("response-body-const-removed", Direction.RESPONSE, {**TEXT, "const": "x"}, TEXT),
    ("request-body-contains-added", Direction.REQUEST, {"type": "array"}, {"type": "array", "contains": TEXT}),
    ("request-body-if-added", Direction.REQUEST, TEXT, {**TEXT, "if": {"minLength": 2}, "then": {"maxLength": 3}}),
    ("request-body-property-names-added", Direction.REQUEST, {"type": "object", "additionalProperties": True}, {"type": "object", "additionalProperties": True, "propertyNames": {"maxLength": 3}}),
    ("request-body-dependent-required-added", Direction.REQUEST, thing(a=TEXT, b=TEXT), {**thing(a=TEXT, b=TEXT), "dependentRequired": {"a": ["b"]}}),
    ("request-body-pattern-property-added", Direction.REQUEST, {"type": "object", "additionalProperties": True}, {"type": "object", "patternProperties": {"^x": TEXT}}),
    ("request-body-unevaluated-properties-added", Direction.REQUEST, {"type": "object", "additionalProperties": True}, {"type": "object", "unevaluatedProperties": False}),
    ("request-body-prefix-items-removed", Direction.REQUEST, {"type": "array", "prefixItems": [TEXT, TEXT], "items": False}, {"type": "array", "prefixItems": [TEXT], "items": False}),
    ("response-body-content-media-type-changed", Direction.RESPONSE, {**TEXT, "contentMediaType": "text/html"}, {**TEXT, "contentMediaType": "text/plain"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "old", "new"), REQUESTS)
def test_a_request_that_asks_for_more_is_named(rule: str, old: Any, new: Any) -> None:
    """A narrowed request is an error under oasdiff's name; the way back is none, but for another type altogether."""
    assert [(rule, Severity.ERROR)] == [
        (finding.id, finding.severity) for finding in found(old, new, Direction.REQUEST)
    ]
    back = {finding.outcome for finding in found(new, old, Direction.REQUEST)}
    assert (Outcome.BREAKING in back) is (rule == "request-property-type-changed")


@pytest.mark.parametrize(("rule", "old", "new"), RESPONSES)
def test_a_response_that_promises_less_is_named(rule: str, old: Any, new: Any) -> None:
    """A widened response is an error under oasdiff's name."""
    assert [(rule, Severity.ERROR)] == [
        (finding.id, finding.severity) for finding in found(old, new, Direction.RESPONSE)
    ]


@pytest.mark.parametrize(("rule", "direction", "old", "new"), MODERN)
def test_keywords_of_31_are_named(rule: str, direction: Direction, old: Any, new: Any) -> None:
    """The keywords that came with OpenAPI 3.1 have their rules."""
    assert [rule] == [finding.id for finding in found(old, new, direction, dialect=Dialect.OPENAPI_31)]


@pytest.mark.parametrize("direction", [Direction.REQUEST, Direction.RESPONSE])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (thing(a=TEXT), {"allOf": [thing(a=TEXT)]}),
        (CAT, SCHEMAS["Cat"]),
        (CAT, {"oneOf": [CAT]}),
        (thing(a={"enum": ["x"]}), thing(a={**TEXT, "enum": ["x"]})),
        ({**WHOLE, "minimum": 1}, {**WHOLE, "minimum": 0, "exclusiveMinimum": True}),
        ({"oneOf": [CAT, DOG]}, {"anyOf": [DOG, CAT]}),
        ({"allOf": [thing(a=TEXT), thing("b", b=TEXT)]}, thing("b", a=TEXT, b=TEXT)),
    ],
)
def test_refactorings_say_nothing(old: Any, new: Any, direction: Direction) -> None:
    """The same meaning in other words is no change."""
    assert [] == found(old, new, direction)


def test_an_optional_property_may_be_added() -> None:
    """Clients send only what they declare, so a new optional property meets no old value."""
    assert [] == found(thing(a=TEXT), thing(a=TEXT, b=TEXT), Direction.REQUEST)
    assert [] == found(thing(a=TEXT), thing(a=TEXT, b=TEXT), Direction.RESPONSE)


def test_a_removed_property_is_a_warning_where_nothing_refuses_it() -> None:
    """Nobody fails, but somebody is no longer heard, or reads nothing."""
    for direction, rule in (
        (Direction.REQUEST, "request-property-removed"), (Direction.RESPONSE, "response-optional-property-removed"),
    ):  # fmt: skip
        (finding,) = found(thing(a=TEXT, b=TEXT), thing(a=TEXT), direction)
        assert (rule, Severity.WARNING, Outcome.COMPATIBLE) == (finding.id, finding.severity, finding.outcome)


def test_a_removed_property_is_an_error_where_it_is_refused() -> None:
    """A closed receiver refuses what clients go on sending."""
    (finding,) = found(thing(a=TEXT, b=TEXT), {**thing(a=TEXT), "additionalProperties": False}, Direction.REQUEST)
    assert ("request-property-removed", Severity.ERROR, {"b": "a"}) == (finding.id, finding.severity, finding.witness)


def test_a_one_of_is_a_choice() -> None:
    """Alternatives that overlap do not refuse each other's instances."""
    assert [] == found({"oneOf": [thing(a=TEXT)]}, {"oneOf": [thing(a=TEXT), thing(b=TEXT)]}, Direction.REQUEST)


def test_read_only_properties_do_not_count_in_requests() -> None:
    """What clients never send may change, appear and become required."""
    old, new = thing(n=TEXT), thing("id", n=TEXT, id={**WHOLE, "readOnly": True})
    assert [] == found(old, new, Direction.REQUEST)
    assert [] == found(thing(n=TEXT, id={**TEXT, "readOnly": True}), new, Direction.REQUEST)


def test_write_only_properties_do_not_count_in_responses() -> None:
    """What is never answered may change."""
    old, new = thing(p={**TEXT, "writeOnly": True}), thing(p={**WHOLE, "writeOnly": True})
    assert [] == found(old, new, Direction.RESPONSE)
    assert ["request-property-type-changed"] == [finding.id for finding in found(old, new, Direction.REQUEST)]


def test_parameters_travel_as_text() -> None:
    """A parameter that takes any string takes what used to be a number; a body does not."""
    assert [] == found(WHOLE, TEXT, Direction.REQUEST, Surface.PARAMETER)
    (finding,) = found(WHOLE, TEXT, Direction.REQUEST)
    assert finding.id == "request-body-type-changed"
    (finding,) = found(TEXT, WHOLE, Direction.REQUEST, Surface.PARAMETER)
    assert finding.id == "request-parameter-type-changed"


def test_a_finding_says_where_and_shows_a_whole_instance() -> None:
    """The location leads to the place; the witness is a body a client would send."""
    old = thing("tags", tags={"type": "array", "items": thing("n", n=TEXT)})
    new = thing("tags", tags={"type": "array", "items": thing("n", n={**TEXT, "maxLength": 2})})
    (finding,) = found(old, new, Direction.REQUEST)
    assert ("POST /things $.tags[].n", {"tags": [{"n": "aaa"}]}) == (finding.location, finding.witness)


def test_a_break_that_its_surroundings_rule_out_is_none() -> None:
    """A property that cannot be there cannot break anybody."""
    old = {"type": "object", "properties": {"a": TEXT}, "maxProperties": 0}
    assert [] == found(old, thing(a=WHOLE), Direction.REQUEST)


def test_a_change_met_in_both_directions_is_told_once() -> None:
    """A schema sent both ways gives the findings of both, none twice."""
    ids = [finding.id for finding in found(thing(a=TEXT), thing("a", a=TEXT), Direction.BOTH)]
    assert ["request-property-became-required"] == ids


def test_every_concept_says_what_it_means() -> None:
    """No finding without words."""
    assert {*NARROWED, *WIDENED, *NOTED} <= set(SAYS)
