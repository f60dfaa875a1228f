"""The ``$id``, ``$anchor`` and ``$dynamicAnchor`` of a document, and what relative and dynamic references mean by them."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urldefrag, urljoin

from concordat_contracts.schema.model.dialect import Dialect


class Identifiers:
    """The ``$id``, ``$anchor`` and ``$dynamicAnchor`` of a document, gathered once and only when a reference needs them."""

    def __init__(self, root: Any, dialect: Dialect) -> None:
        self.resources: dict[str, Any] = {}
        self.anchors: dict[tuple[str, str], Any] = {}
        self._dynamic: dict[str, int] = {}
        self._bases: dict[int, str] = {}
        self._id = "id" if dialect is Dialect.DRAFT_4 else "$id"
        self._plain_name_ids = dialect.year < 2019
        self.base = ""
        own = root.get(self._id) if isinstance(root, dict) else None
        if isinstance(own, str):
            self.base = urldefrag(own)[0]
        self.resources[self.base] = root
        self.resources.setdefault("", root)
        for schema, base in self._walk(root, self.base):
            self._bases[id(schema)] = base
            for keyword in ("$anchor", "$dynamicAnchor"):
                anchor = schema.get(keyword)
                if isinstance(anchor, str):
                    self.anchors[(base, anchor)] = schema
                    if keyword == "$dynamicAnchor":
                        self._dynamic[anchor] = self._dynamic.get(anchor, 0) + 1
        self.nested = len({id(resource) for resource in self.resources.values()}) > 1

    def _walk(self, root: Any, base: str) -> Iterator[tuple[Mapping[str, Any], str]]:
        pending: list[tuple[Any, str]] = [(root, base)]
        while pending:
            value, around = pending.pop()
            if isinstance(value, list):
                pending.extend((part, around) for part in value)
                continue
            if not isinstance(value, dict):
                continue
            own = value.get(self._id)
            if isinstance(own, str):
                around = self._enter(own, around, value)
            yield value, around
            pending.extend((part, around) for keyword, part in value.items() if keyword not in ("enum", "const"))

    def _enter(self, own: str, around: str, schema: Any) -> str:
        if self._plain_name_ids and own.startswith("#"):
            self.anchors[(around, own[1:])] = schema
            return around
        address, fragment = urldefrag(urljoin(around, own))
        if fragment:
            self.anchors[(address, fragment)] = schema
            return around
        self.resources.setdefault(address, schema)
        return address

    def absolute(self, reference: str, schema: Mapping[str, Any]) -> str:
        base = self._bases.get(id(schema), self.base)
        if reference == "#" or reference.startswith("#/"):
            whole = self.resources.get(base) is self.resources.get("")
            return reference if whole else f"{base}{reference.removesuffix('#') if reference == '#' else reference}"
        return reference if reference in self.resources else urljoin(base, reference) if base else reference

    def dynamic(self, keyword: str, reference: str, schema: Mapping[str, Any]) -> str | None:
        """The one thing a dynamic reference can mean, or ``None`` where that depends on how one got there."""
        if self.nested:
            return None
        if keyword == "$recursiveRef":
            return "#"
        name = urldefrag(reference)[1]
        if not name.startswith("/") and self._dynamic.get(name, 0) > 1:
            return None
        return self.absolute(reference, schema)
