"""
What one field manager said of an object: an apply that does not repeat it takes it back.

Server-side apply keeps in ``metadata.managedFields`` who set which field, as a tree of ``f:name`` for fields, ``k:{...}`` for entries of
a list with keys, ``v:...`` for entries of a set, and ``.`` for the thing itself (https://kubernetes.io/docs/reference/using-api/server-side-apply/).
"""

import json
from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, Any]


def said_before(found: Mapping[str, Any] | None, *, manager: str) -> dict[str, dict[str, Any]]:
    """The part of ``found`` that ``manager`` applied: ``metadata`` and ``spec`` alone, each as far as it is theirs."""
    entries = (found or {"metadata": {}})["metadata"].get("managedFields") or ()
    ours = (each for each in entries if each.get("manager") == manager and each.get("operation") == "Apply")
    entry: Mapping[str, Any] = next(ours, {})
    fields: Fields = entry.get("fieldsV1", {})
    said = owned(found, fields) if fields else {}
    return {name: said.get(name, {}) for name in ("metadata", "spec")}


def owned(value: Any, fields: Fields) -> Any:
    """The part of ``value`` that ``fields`` names; all of it where they name nothing at all."""
    inside = {name: deeper for name, deeper in fields.items() if name != "."}
    if not fields:
        return value
    if isinstance(value, Mapping):
        return {
            name[2:]: owned(value[name[2:]], deeper)
            for name, deeper in inside.items()
            if name.startswith("f:") and name[2:] in value
        }
    if isinstance(value, list):
        return [owned(entry, inside[name]) for entry in value if (name := _named(entry, inside)) is not None]
    return value


def _named(entry: Any, inside: Fields) -> str | None:
    for name in inside:
        kind, _, said = name.partition(":")
        wanted = json.loads(said)
        if kind == "k" and all(entry.get(key) == value for key, value in wanted.items()):
            return name
        if kind == "v" and entry == wanted:
            return name
    return None
