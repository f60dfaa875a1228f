"""Whether every part of a schema can be read: what is no schema today cannot be compared tomorrow."""

from collections.abc import Iterator
from typing import Any

from concordat_contracts.schema.model.document import (
    SCHEMA_KEYWORDS,
    SCHEMA_LIST_KEYWORDS,
    SCHEMA_MAP_KEYWORDS,
    SchemaDocument,
    UnresolvableReference,
)
from concordat_contracts.schema.model.keywords import Malformed
from concordat_contracts.schema.model.paths import Path
from concordat_contracts.schema.model.space import Setting, Space

_MAPS = SCHEMA_MAP_KEYWORDS | {"$defs", "definitions", "dependencies"}
_LISTS = SCHEMA_LIST_KEYWORDS | {"items"}
_SINGLE = SCHEMA_KEYWORDS | {"items"}


class Reader:
    """Reads schemas of one document; parts that mean the same are read once."""

    def __init__(self, document: SchemaDocument) -> None:
        self._document = document
        self._space = Space(Setting(api=True, textual=False, hidden=None))

    def flaws(self, schema: Any, place: Path = ()) -> Iterator[tuple[Path, str]]:
        """
        The innermost parts that are no schemas, each with its place in the schema (``properties``, ``age``) and what is wrong there.

        References are not followed: what they lead to stands in the same document.
        """
        pending = [(place, schema)]
        while pending:
            here, part = pending.pop()
            try:
                _ = self._space.node(self._document, part).keywords
            except Malformed as flaw:
                yield here, str(flaw)
            except UnresolvableReference:
                continue  # said where references are checked
            else:
                pending.extend(((*here, *step), inner) for step, inner in _parts(part))


def _parts(schema: Any) -> Iterator[tuple[Path, Any]]:
    """The schemas inside one that has been read, so that its keywords hold what they may; null is nothing written."""
    for keyword, value in schema.items() if isinstance(schema, dict) else ():
        if keyword in _MAPS and isinstance(value, dict):
            yield from (((keyword, name), part) for name, part in value.items() if not isinstance(part, list | str))
        elif keyword in _LISTS and isinstance(value, list):
            yield from (((keyword, index), part) for index, part in enumerate(value))
        elif keyword in _SINGLE and value is not None:
            yield (keyword,), value
