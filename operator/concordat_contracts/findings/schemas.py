"""The schema comparer as documents use it: one pair of documents, many pairs of schemas, findings told whom they touch."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from concordat_contracts.errors import InvalidDocument
from concordat_contracts.findings.guards import Guard
from concordat_contracts.findings.rules import known, undecided
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.reading.json_values import same
from concordat_contracts.schema import Dialect, Direction, Memo, SchemaDocument, Surface, Where, compare_schemas
from concordat_contracts.verdict import Finding

_RETYPED = ("-type-changed", "-type-generalized", "-type-specialized")
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
        self._compared_before: dict[Any, list[tuple[Finding, str]]] = {}
        self._unchanged = unchanged if old_dialect is new_dialect else frozenset()

    def compare(
        self, old: Any, new: Any, direction: Direction, where: Where, operations: frozenset[str] | None
    ) -> Iterator[ContractFinding]:
        """The findings of one pair of schemas."""
        if self._is_unchanged(old, new):
            return
        found = self._compared(old, new, direction, where)
        is_answer = direction is Direction.RESPONSE and where.surface is Surface.BODY
        guard = None
        if found and is_answer:
            guard = Guard(old=self.old, old_schema=old, new=self.new, new_schema=new, where=where, memo=self._memo)
        for each, inside in found:
            location = f"{where.location} {inside}".strip()
            field = _field(inside) if is_answer else None
            named = ContractFinding.of(each, location=location, operations=operations, field=field, guard=guard)
            yield known(named) if where.is_api else named

    def _compared(self, old: Any, new: Any, direction: Direction, where: Where) -> list[tuple[Finding, str]]:
        """The findings with their paths inside the schema; the same two schemas stand at many places of an API."""
        key = (_spelling(old), _spelling(new), direction, replace(where, location=""))
        if key[0] is None or key[1] is None:
            return self._freshly_compared(old, new, direction, where)
        if key not in self._compared_before:
            self._compared_before[key] = self._freshly_compared(old, new, direction, where)
        return self._compared_before[key]

    def _freshly_compared(self, old: Any, new: Any, direction: Direction, where: Where) -> list[tuple[Finding, str]]:
        try:
            found = compare_schemas(self.old, old, self.new, new, direction, where=where, memo=self._memo, strict=True)
        except InvalidDocument:
            raise
        except (TypeError, ValueError, AttributeError, KeyError) as flaw:
            # Keywords with values of the wrong kind (``required: {}``) reach this far; they must not stop a gate.
            found = [undecided(where.at(""), f"the schema is malformed ({flaw})")]
        return _without_echoes([(each, each.location.removeprefix(where.location).strip()) for each in found])

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


def _without_echoes(found: list[tuple[Finding, str]]) -> list[tuple[Finding, str]]:
    """
    Without what another finding has said better.

    What was an object and is a list has lost its properties, which needs no saying beside the finding that says why.
    Something breaking always stays.
    """
    retyped = {inside for each, inside in found if each.id.endswith(_RETYPED)}
    return [
        (each, inside)
        for each, inside in found
        if not (each.id.endswith("-property-removed") and inside.rpartition(".")[0] in retyped)
    ]


def _spelling(schema: Any) -> bytes | None:
    try:
        return orjson.dumps(schema)
    except TypeError:
        return None


def _field(path: str) -> tuple[str, ...] | None:
    """The properties of ``$.items[].sku``; ``None`` for a path that names more than plain properties."""
    if not path.startswith("$") or not _PLAIN_PATH.match(path[1:]):
        return None
    return tuple(part.replace("[]", "") for part in path[1:].split(".") if part.replace("[]", ""))
