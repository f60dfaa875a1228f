"""
Which operations are called and what is checked.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

READING = frozenset({"get", "head", "options"})
METHODS = READING | {"put", "post", "delete", "patch", "trace"}
"""The keys of a path that are operations."""


class Profile(StrEnum):
    """How far a trial goes."""

    CORE = "core"
    """Reads alone, with valid requests: what comes back is what the contract says."""
    STRICT = "strict"
    """Reads alone, with invalid requests as well, and every check there is."""
    FULL = "full"
    """Every operation, writing and deleting ones as well: not for data anybody needs."""

    @property
    def writes(self) -> bool:
        return self is Profile.FULL


CORE_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
"""About what is answered; the other ones of schemathesis depend on habits of frameworks as well."""


def limited(document: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """
    ``document`` with the operations that may be called: of the others nothing is known to whoever makes requests, so that none
    can be made by accident.
    """
    if profile.writes:
        return dict(document)
    paths = {path: _reading(item) for path, item in (document.get("paths") or {}).items()}
    return {**document, "paths": paths}


def operations(document: Mapping[str, Any]) -> list[str]:
    """``GET /orders/{id}``, in the order of the document."""
    return [
        f"{method.upper()} {path}"
        for path, item in (document.get("paths") or {}).items()
        if isinstance(item, Mapping)
        for method in item
        if method in METHODS
    ]


def _reading(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {key: value for key, value in item.items() if key not in METHODS or key in READING}
