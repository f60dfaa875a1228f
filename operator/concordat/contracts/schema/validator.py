"""The arbiter: an independent validator that confirms every witness before it is shown."""

from typing import Any

import jsonschema_rs

from concordat.contracts.schema import paths
from concordat.contracts.schema.dialect import Dialect
from concordat.contracts.schema.document import SchemaDocument, UnresolvableReference
from concordat.contracts.schema.export import exported, names_in
from concordat.contracts.schema.keywords import Malformed
from concordat.contracts.schema.node import Node

META_SCHEMAS = {
    Dialect.DRAFT_4: "http://json-schema.org/draft-04/schema#",
    Dialect.DRAFT_6: "http://json-schema.org/draft-06/schema#",
    Dialect.DRAFT_7: "http://json-schema.org/draft-07/schema#",
    Dialect.DRAFT_2019_09: "https://json-schema.org/draft/2019-09/schema",
    Dialect.DRAFT_2020_12: "https://json-schema.org/draft/2020-12/schema",
}


class Arbiter:
    """
    Compiles each schema in 2020-12, whatever dialect it was written in, as far as it concerns the values it is asked about.

    Compiling is dear: whoever is going to ask about several values names all the properties in them beforehand.
    """

    def __init__(self) -> None:
        self._compiled: dict[tuple[int, bool], tuple[frozenset[str], jsonschema_rs.Draft202012Validator | None]] = {}

    def accepts(self, node: Node, value: Any, *, receives: bool, expected: frozenset[str] = frozenset()) -> bool | None:
        """Whether a validator accepts the value; ``None`` where it cannot be asked."""
        names = names_in(value)
        key = (node.uid, receives)
        known = self._compiled.get(key)
        if known is None or not names <= known[0]:
            names = names | expected | (known[0] if known is not None else frozenset())
            known = self._compiled[key] = (names, _compile(node, names, receives))
        validator = known[1]
        if validator is None:
            return None
        try:
            return validator.is_valid(value)
        except ValueError:
            return None

    def confirms(
        self, sender: Node, receiver: Node, value: Any, *, expected: frozenset[str] = frozenset()
    ) -> bool | None:
        """Whether the value really is sent by one side and refused by the other."""
        sent = self.accepts(sender, value, receives=False, expected=expected)
        received = self.accepts(receiver, value, receives=True, expected=expected)
        if sent is None or received is None:
            return None
        return sent and not received


def problem_of(document: SchemaDocument) -> tuple[str, str] | None:
    """
    Why a whole document is no schema of its dialect: the place (``$.properties.a.type``) and what is wrong there.

    OpenAPI's schemas are not judged here: what holds them has its own validator.
    """
    identity = META_SCHEMAS.get(document.dialect)
    if identity is None:
        return None
    if not isinstance(document.root, dict):
        return None if isinstance(document.root, bool) else ("$", "a schema is an object or a boolean")
    try:
        jsonschema_rs.meta.validate({**document.root, "$schema": identity})
    except jsonschema_rs.ValidationError as wrong:
        return f"${paths.written(tuple(wrong.instance_path))}", wrong.message
    except (TypeError, ValueError) as wrong:  # names that are no text, half a surrogate pair: no JSON at all
        return "$", f"not JSON: {wrong}"
    dangling = document.dangling()
    return ("$", f"the reference {dangling[0]!r} leads to nothing in this document") if dangling else None


def _compile(node: Node, names: frozenset[str], receives: bool) -> jsonschema_rs.Draft202012Validator | None:
    try:
        schema = exported(node, names=names, receives=receives)
        return None if schema is None else jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    except (ValueError, UnresolvableReference, Malformed, RecursionError):
        return None
