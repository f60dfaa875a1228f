"""What it is called when a limit appears, moves or goes: set or tightened in requests, loosened or unset in responses."""

from collections.abc import Callable
from typing import Any

from concordat_contracts.schema.model.dialect import Direction
from concordat_contracts.schema.model.values import plain_number
from concordat_contracts.schema.naming.view import View

Name = Callable[[Direction, View, View], tuple[str, str]]
"""``(direction, before, after)`` to concept and detail; a detail of several lines is as many findings."""

_EXCLUSIVE = {"min": "exclusiveMinimum", "max": "exclusiveMaximum"}


def of_sizes(field: str, word: str) -> Name:
    """How many there may be of characters, items or properties; that there are at least none says nothing."""

    def name(direction: Direction, before: View, after: View) -> tuple[str, str]:
        old, new = before.first(field), after.first(field)
        if word.startswith("min-"):
            old, new = old or None, new or None
        return named(word, direction, old, new)

    return name


def of_numbers(field: str, word: str) -> Name:
    """The interval numbers lie in; a limit that is itself excluded goes by a name of its own."""

    def name(direction: Direction, before: View, after: View) -> tuple[str, str]:
        old, new = before.first(field), after.first(field)
        by_flag = any(side.raw(_EXCLUSIVE[word]) is True for side in (before, after))  # as OpenAPI 3.0 and draft 4 do
        asked, other = (new, old) if direction is Direction.REQUEST else (old, new)
        if _is_excluded(asked) is _is_excluded(other) or (by_flag and not _is_excluded(asked)):
            concept, detail = named(word, direction, old, new)
            return (f"exclusive-{concept}" if _is_excluded(asked) and not by_flag else concept), detail
        concept = f"{word}-{'set' if direction is Direction.REQUEST else 'unset'}"
        return (f"exclusive-{concept}" if _is_excluded(asked) else concept), _change(old, new)

    return name


def named(word: str, direction: Direction, old: Any, new: Any) -> tuple[str, str]:
    """``min-length-increased`` and the like, with both values; ``None`` for no limit."""
    is_lower = word.startswith("min")
    if direction is Direction.REQUEST:
        how = "set" if old is None else ("increased" if is_lower else "decreased")
    else:
        how = "unset" if new is None else ("decreased" if is_lower else "increased")
    return f"{word}-{how}", _change(old, new)


def _change(old: Any, new: Any) -> str:
    return f"{_written(old)} -> {_written(new)}"


def _is_excluded(limit: Any) -> bool:
    return isinstance(limit, tuple) and limit[1] is True


def _written(value: Any) -> str:
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], bool):
        value = value[0]
    if value is None:
        return "none"
    if hasattr(value, "denominator"):
        value = plain_number(value)
    return f"{value}"
