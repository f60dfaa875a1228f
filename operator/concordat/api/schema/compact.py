"""
What a resource costs in memory once it is kept.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from concordat.api.schema.base import Schema

_STATED: dict[frozenset[str], set[str]] = {}
"""As many as there are ways to fill in a type; names of fields only."""

_Kept = TypeVar("_Kept", bound=Schema)


def compact(kept: _Kept) -> _Kept:
    """
    The same object, for a cache: everything in it that states the same fields shares one set of their names.

    pydantic gives each of the fifty parts of a service and its status a set of its own, 216 bytes: a sixth of all we remember.
    Sharing is safe because a :class:`Schema` is frozen, and ``model_copy`` copies the set before it adds to it.
    """
    _share(kept)
    return kept


def _share(value: Any) -> None:
    if isinstance(value, Schema):
        stated = value.__pydantic_fields_set__
        object.__setattr__(value, "__pydantic_fields_set__", _STATED.setdefault(frozenset(stated), stated))
        for part in value.__dict__.values():
            _share(part)
    elif isinstance(value, tuple):
        for part in value:
            _share(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            _share(part)
