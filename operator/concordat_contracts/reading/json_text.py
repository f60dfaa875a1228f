"""
JSON read strictly where it matters to a contract, and leniently where generators are careless.

A key given twice is refused: readers take one or the other, so that two of them would see two contracts.
"""

import json
import re
from typing import Any

from concordat_contracts.errors import InvalidDocument

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"(?P<key>\s*:)?|[{}\[\]]', re.DOTALL)


_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def read_json(text: str, *, deepest: int, most: int) -> Any:
    """
    The document in ``text``.

    Half a surrogate pair, bare control characters and whole numbers beyond 64 bits are read as they stand.

    :raises InvalidDocument: a key is given twice in one object, or it is nested deeper than ``deepest`` at the least, or holds more than ``most`` values
    :raises json.JSONDecodeError: it is no JSON
    """
    if text.count(",") + text.count("[") + text.count("{") > most and _values_in(text) > most:
        raise InvalidDocument(
            f"more than {most:,} values", remedy="split the API into several contracts", kind="bounds"
        )
    try:
        return json.loads(text, strict=False, parse_constant=_refuse_constant, object_pairs_hook=_distinct)
    except RecursionError:
        raise InvalidDocument(f"nested deeper than {deepest} levels", kind="bounds") from None
    except _GivenTwice:
        raise _first_given_twice(text) from None


def _values_in(text: str) -> int:
    """A count of the values, also of those below extensions, from above: before any of them takes memory."""
    bare = _STRING.sub("", text)
    return bare.count(",") + bare.count("[") + bare.count("{")


class _GivenTwice(Exception):
    """Some object has a key twice; where, is looked for only then."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _GivenTwice
    return made


def _refuse_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is no JSON", name, 0)


def _first_given_twice(text: str) -> InvalidDocument:
    open_objects: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "["):
            open_objects.append(set())
        elif token[0] in ("}", "]"):
            open_objects.pop()
        elif token["key"] is not None:
            key = json.loads(token[0].removesuffix(token["key"]), strict=False)
            if key in open_objects[-1]:
                line = text.count("\n", 0, token.start()) + 1
                column = token.start() - text.rfind("\n", 0, token.start())
                return InvalidDocument(
                    f"the key {key!r} is given twice",
                    location=f"line {line}, column {column}",
                    remedy="remove one of the two",
                )
            open_objects[-1].add(key)
    return InvalidDocument("a key is given twice", remedy="remove one of the two")
