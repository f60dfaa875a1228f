"""
What is called of an OpenAPI document, and what is checked there.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from concordat_contracts.conformance.profile import Profile

READING = frozenset({"get", "head", "options"})
METHODS = READING | {"put", "post", "delete", "patch", "trace"}
"""The keys of a path that are operations."""

CORE_CHECKS = frozenset(
    {
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    }
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


def base_url(url: str, document: Mapping[str, Any]) -> str:
    """``url``, below the path of the document's first server unless it has one itself."""
    if urlsplit(url).path.strip("/"):
        return url.rstrip("/")
    servers = document.get("servers") or [{}]
    first = str(servers[0].get("url") or "") if isinstance(servers[0], Mapping) else ""
    path = document.get("basePath") or urlsplit(first).path
    return url.rstrip("/") + ("" if "{" in path else path.rstrip("/"))


def _reading(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {key: value for key, value in item.items() if key not in METHODS or key in READING}
