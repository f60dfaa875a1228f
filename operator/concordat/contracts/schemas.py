"""The schema comparer as documents use it: one pair of documents, many pairs of schemas, findings told whom they touch."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .guards import Guard
from .references import same
from .rules import known, undecided
from .schema import Dialect, Direction, Memo, SchemaDocument, Surface, Where, compare_schemas
from .touching import ContractFinding

_PLAIN_PATH = re.compile(r"(?:\.[A-Za-z_][\w-]*|\[\])*\Z")


class SchemaPair:
    """Both documents' schemas, and what has been found out about them so far."""

    def __init__(
        self,
        old: Mapping[str, Any] | bool,
        new: Mapping[str, Any] | bool,
        old_dialect: Dialect,
        new_dialect: Dialect,
        unchanged: frozenset[str] = frozenset(),
    ) -> None:
        self.old = SchemaDocument(old, old_dialect)
        self.new = SchemaDocument(new, new_dialect)
        self._memo = Memo()
        self._unchanged = unchanged if old_dialect is new_dialect else frozenset()

    def compare(
        self, old: Any, new: Any, direction: Direction, where: Where, operations: frozenset[str] | None
    ) -> Iterator[ContractFinding]:
        """The findings of one pair of schemas."""
        if self._is_unchanged(old, new):
            return
        try:
            found = compare_schemas(self.old, old, self.new, new, direction, where=where, memo=self._memo)
        except (TypeError, ValueError, AttributeError, KeyError) as flaw:
            # Keywords with values of the wrong kind (``required: {}``) reach this far; they must not stop a gate.
            yield undecided(where.at(""), f"the schema is malformed ({flaw})", operations=operations)
            return
        is_answer = direction is Direction.RESPONSE and where.surface is Surface.BODY
        guard = None
        if found and is_answer:
            guard = Guard(old=self.old, old_schema=old, new=self.new, new_schema=new, where=where, memo=self._memo)
        for each in found:
            field = _field(each.location.removeprefix(where.location).strip()) if is_answer else None
            named = ContractFinding.of(each, operations=operations, field=field, guard=guard)
            yield known(named) if where.is_api else named

    def _is_unchanged(self, old: Any, new: Any) -> bool:
        """Whether both are written alike and refer only to what is; asked first, since most schemas are."""
        if self.old.dialect is not self.new.dialect or not same(old, new):
            return False
        pending = [old]
        while pending:
            node = pending.pop()
            if isinstance(node, dict):
                if ("$ref" in node and node["$ref"] not in self._unchanged) or "$dynamicRef" in node:
                    return False
                pending.extend(value for value in node.values() if isinstance(value, dict | list))
            elif isinstance(node, list):
                pending.extend(node)
        return True


def _field(path: str) -> tuple[str, ...] | None:
    """The properties of ``$.items[].sku``; ``None`` for a path that names more than plain properties."""
    if not path.startswith("$") or not _PLAIN_PATH.match(path[1:]):
        return None
    return tuple(part.replace("[]", "") for part in path[1:].split(".") if part.replace("[]", ""))
