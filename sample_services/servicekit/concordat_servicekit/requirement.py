"""
Which tokens a service demands, as the operator injects it: ``AUTH_REQUIREMENTS``, from ``spec.auth`` of the contracts it provides.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

VARIABLE = "AUTH_REQUIREMENTS"

_PARAMETER = re.compile(r"\{[^{}]*\}")
_REST_OF_PATH = re.compile(r"\{[^{}]*:path\}")
"""A parameter of Starlette's that takes slashes."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path, and the scopes a token must hold for it; none at all where the token alone will do."""

    method: str
    path: str
    """A template: ``/products/{sku}``."""
    scopes: frozenset[str]
    pattern: re.Pattern[str]

    @property
    def rank(self) -> tuple[bool, ...]:
        """Lower is more concrete: of ``/products/new`` and ``/products/{sku}`` the first is meant."""
        return tuple(_PARAMETER.search(part) is not None for part in self.path.split("/"))


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What one contract demands."""

    contract: str
    """``namespace/name``."""
    issuer: str
    audience: str
    operations: tuple[Operation, ...] = ()
    """Those with demands of their own; for all others any valid token will do."""

    @property
    def scopes(self) -> frozenset[str]:
        """All scopes of the contract together."""
        return frozenset(scope for one in self.operations for scope in one.scopes)

    def operation(self, method: str, path: str) -> Operation | None:
        """The most concrete operation that describes ``path``, segment by segment; None if there is none."""
        path = _tidy(path)
        found = [one for one in self.operations if one.method == method and one.pattern.fullmatch(path)]
        if not found and method == "HEAD":  # answered by what answers GET
            return self.operation("GET", path)
        return min(found, key=lambda one: one.rank, default=None)

    def operations_of(self, method: str, template: str) -> tuple[Operation, ...]:
        """Operations that share at least one path with the route ``template``, in Starlette's spelling."""
        found = tuple(one for one in self.operations if one.method == method and _overlap(one.path, template))
        if not found and method == "HEAD":
            return self.operations_of("GET", template)
        return found


def requirements(text: str) -> tuple[Requirement, ...]:
    """What ``AUTH_REQUIREMENTS`` says. Raises :exc:`ValueError`, so that nothing is served that nobody guards."""
    try:
        found = json.loads(text)
        return tuple(
            Requirement(
                contract=_text(one["contract"]),
                issuer=_text(one["issuer"]),
                audience=_text(one["audience"]),
                operations=tuple(_operations(one.get("operations", []))),
            )
            for one in _list(found)
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            'give a list of {"contract", "issuer", "audience", "operations": [{"method", "paths", "scopes"}]}'
            f" as JSON ({error!r})"
        ) from None


def _operations(found: Any) -> Iterator[Operation]:
    for one in _list(found):
        for path in _texts(one["paths"]):
            yield Operation(
                method=_text(one["method"]).upper(),
                path=path,
                scopes=frozenset(_texts(one["scopes"])),
                pattern=_pattern(path),
            )


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(_tidy(template))
    return re.compile("[^/]+".join(map(re.escape, parts)))


def _tidy(path: str) -> str:
    """Without the slash at the end, which frameworks overlook."""
    return path.rstrip("/") or "/"


def _overlap(operation: str, route: str) -> bool:
    """Segment by segment; a segment with a parameter may be any other."""
    described, served = _tidy(operation).split("/"), _tidy(route).split("/")
    for mine, theirs in zip(described, served, strict=False):
        if _REST_OF_PATH.search(theirs):
            return True
        if mine != theirs and not (_PARAMETER.search(mine) or _PARAMETER.search(theirs)):
            return False
    return len(described) == len(served)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(values: Any) -> list[str]:
    return [_text(value) for value in _list(values)]


def _list(values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is no list")
    return values
