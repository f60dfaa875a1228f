"""
Which route answers a request, by the application's own routes, and which paths nobody should have to interpret.

A guard that compares paths in its own way disagrees with the router behind it sooner or later: Starlette's patterns end in
``$``, which also matches before a final newline, and ``{p:path}`` takes slashes that ``{p}`` does not. So a path with two
readings is refused, and for what is left the routes themselves are asked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.routing import Match
from starlette.types import Scope

from concordat_servicekit.routes import iter_route_contexts

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd\ud800-\udfff]")
"""Controls and line ends; U+FFFD stands for bytes that were not UTF-8."""
_ENCODED_SEPARATOR = re.compile(rb"%(?:2f|5c)", re.IGNORECASE)
_OVERRIDES = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})
"""Headers by which some middleware takes one method for another."""
REST = "{rest:path}"
"""The template of an application whose routes are unknown: anything below its mount."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """The route that answers a request."""

    templates: tuple[str, ...]
    """Its path as an operation may call it: with the server's root path, without, and without the mounts around it."""


def ambiguity(scope: Scope) -> str | None:
    """Why the request can be read in two ways; None where it cannot."""
    path: str = scope["path"]
    if not path.startswith("/"):
        return "the path does not begin with a slash"
    if _CONTROL.search(path):
        return "the path holds control characters, or bytes that are not UTF-8"
    if "\\" in path or _ENCODED_SEPARATOR.search(scope.get("raw_path") or b""):
        return "the path holds a backslash or an encoded separator"
    if "//" in path:
        return "the path holds an empty segment"
    segments = path.split("/")
    if {".", ".."}.intersection(segments):
        return "the path holds a dot segment"
    if any(segment != segment.strip() for segment in segments):
        return "a segment of the path begins or ends with white space"
    method = str(scope.get("method", "GET")).encode("latin-1", "replace")
    if any(name in _OVERRIDES and value.strip() != method for name, value in scope["headers"]):
        return "a header names another method than the request"
    return None


def knows_its_routes(app: Any) -> bool:
    """True for FastAPI, Starlette and their routers."""
    return isinstance(getattr(app, "routes", None), list)


def reached(app: Any, scope: Scope) -> Reached | None:
    """The route of ``app`` that answers ``scope``; None where none does: it will say 404 or 405, or redirect."""
    copy = dict(scope)  # matching leaves notes in the scope
    copy["fastapi"] = dict(scope.get("fastapi", {}))
    found = _reached(app.routes, copy)
    if found is None:
        return None
    prefix, leaf = found
    root = str(scope.get("root_path", "")).rstrip("/")
    return Reached(templates=tuple(dict.fromkeys((root + prefix + leaf, prefix + leaf, leaf))))


def _reached(routes: Iterable[Any], scope: dict[str, Any]) -> tuple[str, str] | None:
    """The path of the mounts and that of the route. The first full match counts, as in Starlette's router."""
    route: Any
    for route in iter_route_contexts(tuple(routes)):
        match, child = route.matches(scope)
        if match is not Match.FULL:
            continue
        inner = getattr(route, "routes", None)
        path = str(getattr(route, "path", None) or "")
        if inner is None:
            return "", path or f"/{REST}"
        if not inner:
            return path, f"/{REST}"
        below = _reached(inner, scope | child)
        return None if below is None else (path + below[0], below[1])
    return None
