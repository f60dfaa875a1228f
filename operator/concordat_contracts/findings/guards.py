"""
What a reader of some properties may still rely on, proven anew for just these properties.

The findings of a comparison explain; they do not list every consequence, so that "no finding at ``$.id``" proves nothing. What proves it is
that every instance the new schema sends satisfies what the old one said *of the properties read*. Only plain objects, lists of
them and their ``allOf`` are cut down to that; of anything else all is taken to be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from concordat_contracts.schema import Direction, Memo, SchemaDocument, Where, compare_schemas

_DEEPEST = 12
_CUT = frozenset({"type", "properties", "required", "additionalProperties", "allOf", "items", "nullable", "$ref"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Guard:
    """The two schemas of one body that is received."""

    old: SchemaDocument
    old_schema: Any
    new: SchemaDocument
    new_schema: Any
    where: Where
    memo: Memo
    _known: dict[frozenset[str], bool] = field(default_factory=dict, repr=False)

    def keeps(self, reads: frozenset[str]) -> bool:
        """Whether it is proven that readers of these paths (``id``, ``items[].sku``) notice nothing."""
        names = frozenset(_first(path) for path in reads)
        if names not in self._known:
            self._known[names] = self._proves(names)
        return self._known[names]

    def _proves(self, names: frozenset[str]) -> bool:
        promised: set[str] = set()
        cut = self._cut(self.old_schema, names, promised, 0)
        if cut is None or names - promised:
            return False
        found = compare_schemas(
            self.old, cut, self.new, self.new_schema, Direction.RESPONSE, where=self.where, memo=self.memo
        )
        return not found

    def _cut(self, schema: Any, names: frozenset[str], promised: set[str], depth: int) -> Any:
        """What ``schema`` says of the properties called so; ``None`` where that cannot be told apart."""
        plain = self.old.plain(schema)
        if not isinstance(plain, Mapping) or depth > _DEEPEST:
            return None
        if "$ref" in plain:
            return self._cut(self.old.resolve(plain["$ref"]), names, promised, depth + 1) if len(plain) == 1 else None
        if not plain.keys() <= _CUT:
            return None
        cut: dict[str, Any] = {key: plain[key] for key in ("type", "nullable") if key in plain}
        if "items" in plain:
            items = self._cut(plain["items"], names, promised, depth + 1)
            return None if items is None or "properties" in plain or "allOf" in plain else cut | {"items": items}
        if "allOf" in plain:
            parts = [self._cut(part, names, promised, depth + 1) for part in plain["allOf"]]
            if None in parts:
                return None
            cut["allOf"] = parts
        properties = plain.get("properties", {})
        if not isinstance(properties, Mapping):
            return None
        promised |= names & properties.keys()
        cut["properties"] = {name: properties[name] for name in properties if name in names}
        cut["required"] = [name for name in plain.get("required", ()) if name in names]
        return cut


def _first(path: str) -> str:
    """The property of the body a path begins with: ``[].items[].sku`` -> ``items``."""
    parts = [part.replace("[]", "") for part in path.removeprefix("$").split(".")]
    return next((part for part in parts if part), "")
