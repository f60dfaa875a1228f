"""
Route templates: ``/products/{sku}``, never ``/products/CHAIR-1``.

A raw path in a label makes a series per product and lets any client fill Prometheus. So a label is a template the
application declared, known at start-up, or :data:`UNMATCHED`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from starlette.routing import Mount

try:
    from fastapi.routing import iter_route_contexts as iter_route_contexts
except ImportError:  # FastAPI is absent, or of the versions that flatten included routers themselves

    def iter_route_contexts(routes: Iterable[Any]) -> Iterator[Any]:  # type: ignore[misc]
        """Starlette's routes are what they seem."""
        yield from routes


UNMATCHED = "unmatched"
"""The route of a request no declared template matches."""

IMPLIED_METHODS = frozenset({"HEAD", "OPTIONS"})
"""Added by frameworks to every route; their series are made when somebody uses them."""


@dataclass(frozen=True, kw_only=True)
class RouteTemplate:
    """One path of the application, as it declares it."""

    path: str
    methods: tuple[str, ...]
    success: int
    """Status of an ordinary answer, e.g. 201 for a route that creates."""


def templates(app: Any) -> tuple[RouteTemplate, ...]:
    """What ``app`` declares; nothing for an ASGI application that is no Starlette."""
    return tuple(_templates(getattr(app, "routes", ()), prefix=""))


def _templates(routes: Iterable[Any], *, prefix: str) -> Iterator[RouteTemplate]:
    route: Any
    for route in iter_route_contexts(tuple(routes)):
        original = getattr(route, "original_route", route)
        if isinstance(original, Mount):
            inner = tuple(_templates(original.routes, prefix=prefix + original.path))
            yield from inner or (RouteTemplate(path=prefix + original.path, methods=("GET",), success=200),)
            continue
        methods = getattr(route, "methods", None)
        if methods:
            yield RouteTemplate(
                path=prefix + route.path_format,
                methods=tuple(sorted(set(methods) - IMPLIED_METHODS)),
                success=getattr(route, "status_code", None) or 200,
            )


def matched(scope: Any, *, root_path: str) -> str | None:
    """
    The template that answered, read from the scope routers have filled in; None if none did.

    ``root_path`` is the prefix the request arrived with. What mounts have added to it since belongs to the template, and
    is a raw path where a mount has parameters: look the result up among :func:`templates` before using it.
    """
    included = scope.get("fastapi", {}).get("effective_route_context")  # knows the prefix of an included router
    route = included or scope.get("route")
    if route is None:
        return None
    path: str = "" if isinstance(route, Mount) else getattr(route, "path_format", "")
    return str(scope.get("root_path", ""))[len(root_path) :] + path
