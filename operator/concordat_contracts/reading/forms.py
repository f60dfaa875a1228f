"""What a value must be for a comparison to go on; ``InvalidDocument`` with the place where it is not."""

from collections.abc import Mapping
from typing import Any

from concordat_contracts.errors import InvalidDocument


def mapping(node: Any, location: str) -> Mapping[str, Any]:
    """A mapping; nothing is an empty one."""
    if node.__class__ is dict:
        return node
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        raise InvalidDocument(
            f"must be a mapping, not {_kind(node)}", location=location, remedy="write names with their values below it"
        )
    return node


def sequence(node: Any, location: str) -> list[Any]:
    """A list; nothing is an empty one."""
    if node is None:
        return []
    if not isinstance(node, list):
        raise InvalidDocument(
            f"must be a list, not {_kind(node)}", location=location, remedy="begin each entry with a dash"
        )
    return node


def mappings(node: Any, location: str) -> list[Mapping[str, Any]]:
    """A list of mappings."""
    return [mapping(each, f"{location}[{index}]") for index, each in enumerate(sequence(node, location))]


def words(node: Any, location: str) -> list[str]:
    """A list of texts."""
    found = sequence(node, location)
    for each in found:
        if not isinstance(each, str):
            raise InvalidDocument(
                f"must be a list of texts, not of {_kind(each)}", location=location, remedy="name each by a text"
            )
    return found


def schema(node: Any, location: str) -> None:
    """A schema, or none."""
    if node.__class__ is not dict and node is not None and not isinstance(node, Mapping | bool):
        raise InvalidDocument(
            f"a schema must be a mapping, not {_kind(node)}", location=location, remedy="write `type: ...` below it"
        )


def _kind(node: Any) -> str:
    return "a list" if isinstance(node, list) else type(node).__name__
