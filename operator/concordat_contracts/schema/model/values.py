"""JSON values as sets see them: ``1`` equals ``1.0``, ``true`` does not equal ``1``; numbers are exact."""

import math
from fractions import Fraction
from typing import Any

TYPES = ("null", "boolean", "string", "number", "array", "object")
"""The six kinds of value; ``integer`` is the numbers without a fraction."""


def type_of(value: Any) -> str:
    """One of :data:`TYPES`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list | tuple) else "object"


def canonical(value: Any) -> Any:
    """A hashable stand-in, equal exactly when the values are equal as JSON Schema sees it."""
    kind = type_of(value)
    if kind == "number":
        return ("number", fraction(value))
    if kind == "array":
        return ("array", tuple(canonical(item) for item in value))
    if kind == "object":
        return ("object", frozenset((key, canonical(item)) for key, item in value.items()))
    return (kind, value)


def fraction(number: float) -> Fraction:
    """The number as it is written (``0.1`` is a tenth, not the nearest double)."""
    if isinstance(number, int):
        return Fraction(number)
    if not math.isfinite(number):
        return Fraction(10) ** 400 * (1 if number > 0 else -1)
    return Fraction(repr(number))


def plain_number(exact: Fraction) -> int | float:
    """
    The JSON number nearest to an exact one; whole numbers stay whole, also where they are the nearest to one beyond all floats.
    """
    if exact.denominator == 1:
        return exact.numerator
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return round(exact)
