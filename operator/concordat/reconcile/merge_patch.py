"""From one status to the next."""

from typing import Any

from concordat.api.schema.base import Schema


def merge_patch(before: Schema, after: Schema) -> dict[str, Any]:
    """JSON merge patch (RFC 7386): the fields that differ."""
    old = before.model_dump(by_alias=True, exclude_unset=True)
    new = after.model_dump(by_alias=True, exclude_unset=True)
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    return changed | dict.fromkeys(old.keys() - new.keys())
