"""Which JSON Schema an OpenAPI document speaks; another dialect is refused."""

from collections.abc import Mapping
from typing import Any

from concordat_contracts.errors import InvalidDocument

_BASE = "https://spec.openapis.org/oas/3.1/dialect/base"
_DRAFT_2020_12 = "https://json-schema.org/draft/2020-12/schema"
_UNDERSTOOD = frozenset({_BASE, _DRAFT_2020_12, "https://spec.openapis.org/oas/3.1/dialect/2024-11-10"})


def check_dialect(root: Mapping[str, Any], version: str) -> None:
    """Refuse a ``jsonSchemaDialect`` whose keywords would be misread."""
    dialect = root.get("jsonSchemaDialect")
    if dialect is None:
        return
    if version.startswith("3.0"):
        raise InvalidDocument(
            "OpenAPI 3.0 knows no jsonSchemaDialect", location="jsonSchemaDialect", remedy="remove it"
        )
    if not isinstance(dialect, str) or dialect.rstrip("#") not in _UNDERSTOOD:
        raise InvalidDocument(
            f"the schema dialect {dialect!r} is not supported",
            location="jsonSchemaDialect",
            remedy=f"use {_BASE} or {_DRAFT_2020_12}",
        )
