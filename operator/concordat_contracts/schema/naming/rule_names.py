"""
The names of differences between schemas: oasdiff's rule ids where it has the rule, and in one clause what each says.

An id is ``<direction>-<place>-<concept>``: ``request-property-became-required``. The place is ``body`` or ``property`` (below the
root), ``parameter`` or ``parameter-property``, ``header`` or ``header-property``.
"""

from collections.abc import Mapping

from concordat_contracts.schema.model.dialect import Direction
from concordat_contracts.schema.naming.where import Surface

_PLACES: Mapping[Surface, tuple[str, str]] = {
    Surface.BODY: ("body", "property"),
    Surface.DOCUMENT: ("body", "property"),
    Surface.PARAMETER: ("parameter", "parameter-property"),
    Surface.REQUEST_HEADER: ("parameter", "header-property"),
    Surface.RESPONSE_HEADER: ("header", "header-property"),
}

NARROWED: Mapping[str, str] = {
    "all-of-added": "one more schema must hold",
    "any-of-removed": "an alternative is gone",
    "became-enum": "only listed values are accepted",
    "became-not-nullable": "null is no longer accepted",
    "became-required": "must now be sent",
    "became-required-with-default": "must now be sent, whatever its default",
    "const-added": "only one value is accepted",
    "const-changed": "another value than before is accepted",
    "contains-added": "certain items must be there",
    "contains-changed": "other items must be there",
    "dependent-required-added": "a property now asks for another",
    "dependent-required-changed": "a property asks for others than before",
    "dependent-schema-added": "a property now asks for a schema",
    "dependent-schema-changed": "a property asks for another schema",
    "else-added": "a condition asks for more",
    "else-changed": "a condition asks for something else",
    "enum-value-removed": "a listed value is gone",
    "exclusive-max-decreased": "the exclusive upper limit fell",
    "exclusive-max-set": "there is an exclusive upper limit",
    "exclusive-min-increased": "the exclusive lower limit rose",
    "exclusive-min-set": "there is an exclusive lower limit",
    "if-added": "there is a condition",
    "if-changed": "the condition is another",
    "items-restricted": "items must be of another shape",
    "list-of-types-narrowed": "fewer types are accepted",
    "max-contains-set": "the number of certain items is limited",
    "max-contains-decreased": "fewer of certain items are accepted",
    "max-decreased": "the upper limit fell",
    "max-items-decreased": "fewer items are accepted",
    "max-items-set": "there is a highest number of items",
    "max-length-decreased": "shorter strings only are accepted",
    "max-length-set": "there is a highest length",
    "max-properties-decreased": "fewer properties are accepted",
    "max-properties-set": "there is a highest number of properties",
    "max-set": "there is an upper limit",
    "min-contains-set": "certain items must be there a number of times",
    "min-contains-increased": "more of certain items must be there",
    "min-increased": "the lower limit rose",
    "min-items-increased": "more items must be there",
    "min-items-set": "there is a least number of items",
    "min-length-set": "there is a least length",
    "min-length-increased": "longer strings only are accepted",
    "min-properties-set": "there is a least number of properties",
    "min-properties-increased": "more properties must be there",
    "min-set": "there is a lower limit",
    "multiple-of-set": "only multiples are accepted",
    "multiple-of-changed": "other multiples are accepted",
    "narrowed": "values that used to be accepted are refused",
    "not-added": "a schema must not hold",
    "not-changed": "another schema must not hold",
    "one-of-removed": "an alternative is gone",
    "pattern-added": "strings must match a pattern",
    "pattern-changed": "strings must match another pattern",
    "pattern-property-added": "properties of certain names must follow a schema",
    "pattern-property-changed": "properties of certain names must follow another schema",
    "prefix-items-added": "the first items must follow a schema each",
    "prefix-items-removed": "a position of a tuple is gone",
    "property-names-added": "names of properties are restricted",
    "property-names-changed": "names of properties are restricted otherwise",
    "schema-became-false": "nothing is accepted any more",
    "refused": "is sent, and no longer accepted as it was",
    "additional-properties-restricted": "undeclared properties are refused or restricted",
    "then-added": "a condition asks for more",
    "then-changed": "a condition asks for something else",
    "type-changed": "the type or format is another",
    "type-specialized": "the type is narrower",
    "unevaluated-items-added": "further items are refused or restricted",
    "unevaluated-items-changed": "further items are restricted otherwise",
    "unevaluated-properties-added": "further properties are refused or restricted",
    "unevaluated-properties-changed": "further properties are restricted otherwise",
    "unique-items-set": "items must differ",
    "wrapped-in-one-of": "the schema is one alternative among others",
}
"""What a request (or anything received) may say against what used to be sent."""

WIDENED: Mapping[str, str] = {
    "added": "is sent where it was refused",
    "additional-properties-allowed": "undeclared properties may come where they were refused or restricted",
    "all-of-removed": "one schema less holds",
    "any-of-added": "there is one more alternative",
    "became-not-enum": "values are no longer from a list",
    "became-nullable": "may be null",
    "became-optional": "may be missing",
    "const-changed": "another value than before comes",
    "const-removed": "no longer the one value",
    "contains-changed": "other items are there",
    "contains-removed": "certain items may be missing",
    "dependent-required-changed": "a property brings others than before",
    "dependent-required-removed": "a property no longer brings another",
    "dependent-schema-changed": "a property brings another schema",
    "dependent-schema-removed": "a property no longer brings a schema",
    "else-changed": "a condition promises something else",
    "else-removed": "a condition promises less",
    "enum-value-added": "a value may come that was not listed",
    "exclusive-max-increased": "the exclusive upper limit rose",
    "exclusive-max-unset": "there is no exclusive upper limit any more",
    "exclusive-min-decreased": "the exclusive lower limit fell",
    "exclusive-min-unset": "there is no exclusive lower limit any more",
    "if-changed": "the condition is another",
    "if-removed": "a condition is gone",
    "items-generalized": "items may be of another shape",
    "list-of-types-widened": "more types may come",
    "max-contains-unset": "any number of certain items may come",
    "max-contains-increased": "more of certain items may come",
    "max-increased": "the upper limit rose",
    "max-items-increased": "more items may come",
    "max-items-unset": "any number of items may come",
    "max-length-increased": "longer strings may come",
    "max-length-unset": "strings of any length may come",
    "max-properties-increased": "more properties may come",
    "max-properties-unset": "any number of properties may come",
    "max-unset": "there is no upper limit any more",
    "min-contains-unset": "one of certain items may be enough",
    "min-contains-decreased": "fewer of certain items may come",
    "min-decreased": "the lower limit fell",
    "min-items-decreased": "fewer items may come",
    "min-items-unset": "there may be no items",
    "min-length-unset": "strings of any length may come",
    "min-length-decreased": "shorter strings may come",
    "min-properties-unset": "any number of properties may come",
    "min-properties-decreased": "fewer properties may come",
    "min-unset": "there is no lower limit any more",
    "multiple-of-changed": "other multiples may come",
    "multiple-of-unset": "any number may come",
    "not-changed": "another schema does not hold",
    "not-removed": "a schema that never held may hold",
    "one-of-added": "there is one more alternative",
    "pattern-changed": "strings match another pattern",
    "pattern-property-changed": "properties of certain names follow another schema",
    "pattern-property-removed": "properties of certain names no longer follow a schema",
    "pattern-removed": "strings no longer match a pattern",
    "prefix-items-added": "a position of a tuple is new",
    "prefix-items-removed": "the first items no longer follow a schema each",
    "property-names-changed": "properties have other names",
    "property-names-removed": "properties may have any name",
    "schema-became-not-false": "values may come where none could",
    "then-changed": "a condition promises something else",
    "then-removed": "a condition promises less",
    "type-changed": "the type or format is another",
    "type-generalized": "the type is wider",
    "unevaluated-items-changed": "further items follow another schema",
    "unevaluated-items-removed": "further items may come",
    "unevaluated-properties-changed": "further properties follow another schema",
    "unevaluated-properties-removed": "further properties may come",
    "unique-items-unset": "items may repeat",
    "widened": "values may come that never came",
    "wrapped-in-one-of": "the schema is one alternative among others",
}
"""What a response (or anything sent) may say against what used to be received."""

NOTED: Mapping[str, str] = {
    "content-media-type-changed": "the string holds another media type",
    "content-encoding-changed": "the string is encoded otherwise",
    "content-schema-added": "what the string holds must follow a schema",
    "content-schema-removed": "what the string holds no longer follows a schema",
    "removed": "is gone: whoever sends it is no longer heard",
    "optional-removed": "is gone: whoever reads it gets nothing",
    "optional-became-write-only": "is no longer answered: whoever reads it gets nothing",
    "became-not-write-only": "a property that was never sent may come",
}
"""What no instance proves: about annotations, and about what is declared rather than what is accepted."""


def rule_id(direction: Direction, surface: Surface, depth: int, concept: str) -> str:
    """
    The id of a concept at a place; ``depth`` is zero at the root.

    >>> rule_id(Direction.REQUEST, Surface.BODY, 1, "became-required")
    'request-property-became-required'
    """
    if concept in ("type-changed", "type-specialized"):
        is_part_of_parameter = surface is Surface.PARAMETER and depth > 0
        concept = "type-specialized" if is_part_of_parameter else "type-changed"
    if surface is Surface.BODY and depth == 0 and (direction, concept) in _WHOLE_ANSWERS:
        return f"response-mediatype-{concept}"
    special = _SPECIAL.get((direction, concept))
    if special is not None:
        return special[surface is Surface.REQUEST_HEADER]
    return f"{direction.value}-{_PLACES[surface][depth > 0]}-{concept}"


_WHOLE_ANSWERS = {(Direction.RESPONSE, "enum-value-added"), (Direction.RESPONSE, "became-not-enum")}
"""Differences of a whole answer that oasdiff names after its media type."""
_SPECIAL = {
    (Direction.REQUEST, "new-required"): ("new-required-request-property", "new-required-request-header-property"),
    (Direction.REQUEST, "new-required-with-default"): (
        "new-required-request-property-with-default", "new-required-request-header-property",
    ),
    (Direction.REQUEST, "refused"): ("request-property-removed", "request-property-removed"),
    (Direction.REQUEST, "became-not-read-only"): (
        "request-required-property-became-not-read-only", "request-header-property-became-required",
    ),
    (Direction.RESPONSE, "became-write-only"): ("response-required-property-became-write-only",) * 2,
    (Direction.RESPONSE, "optional-became-write-only"): ("response-optional-property-became-write-only",) * 2,
    (Direction.RESPONSE, "required-removed"): ("response-required-property-removed",) * 2,
    (Direction.RESPONSE, "optional-removed"): ("response-optional-property-removed",) * 2,
    (Direction.RESPONSE, "became-not-write-only"): ("response-required-property-became-not-write-only",) * 2,
}  # fmt: skip

SAYS: Mapping[str, str] = {
    **WIDENED, **NARROWED, **NOTED,
    "new-required": "is new and must be sent",
    "new-required-with-default": "is new and must be sent, whatever its default",
    "required-removed": "was always there and is gone",
    "became-not-read-only": "was never sent and must be sent now",
    "became-write-only": "was always there and is no longer answered",
}  # fmt: skip
"""What each concept says, whichever the direction."""
