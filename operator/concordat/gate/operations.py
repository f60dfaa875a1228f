"""
Where requests for an operation come to, so that whoever demands scopes of them knows them again.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import concordat_contracts
from concordat.api import OperationScopes
from concordat.api.auth import LONGEST_OPERATION, LONGEST_PATH, MOST_PATHS, plain
from concordat.gate.question import UnknownUse
from concordat_contracts import Document
from concordat_contracts.openapi.model import Api, Operation

_ORIGIN = re.compile("^[^/]*//[^/]*")
MOST_SCOPES = 8
"""Of one operation."""

Scopes = Mapping[str, tuple[str, ...]]


def operations_with_scopes(document: Document, scopes: Scopes) -> tuple[OperationScopes, ...]:
    """
    What is demanded of which requests: the operations with scopes, and those without that a path of the former also fits.

    An operation named twice, by its id and by its place, wants the scopes of both.
    """
    model = document.model
    if not isinstance(model, Api):
        return ()
    demanded = {id(one): _scopes_of(one, scopes) for one in model.operations.values()}
    having = [one for one in model.operations.values() if demanded[id(one)]]
    beside = [
        one
        for one in model.operations.values()
        if not demanded[id(one)] and any(_may_be_taken_for(one, other) for other in having)
    ]
    return tuple(
        OperationScopes(
            operation=(one.id or one.location)[:LONGEST_OPERATION],
            method=one.method.upper(),
            paths=tuple(dict.fromkeys(_paths(model, one))),
            scopes=demanded[id(one)],
        )
        for one in (*having, *beside)
        if not _too_long(model, one, demanded[id(one)])
    )


def unknown_operations(document: Document, scopes: Scopes) -> tuple[UnknownUse, ...]:
    """Names that are no operation of the document, each with the nearest one that is."""
    usage = concordat_contracts.Usage(consumer="", operations=dict.fromkeys(scopes))
    messages = {one.operation: one.message for one in concordat_contracts.unknown_uses(document, usage)}
    webhooks = document.model.webhooks.values() if isinstance(document.model, Api) else ()
    theirs = {plain(name) for one in webhooks for name in one.names}
    messages |= {
        name: f"{name} is a webhook, which the service itself calls: leave it out"
        for name in scopes
        if plain(name) in theirs
    }
    messages |= dict(_unguarded(document.model, scopes) if isinstance(document.model, Api) else ())
    return tuple(UnknownUse(operation=name, field=None, message=messages[name]) for name in scopes if name in messages)


def _unguarded(model: Api, scopes: Scopes) -> Iterator[tuple[str, str]]:
    for one in model.operations.values():
        wanted = _scopes_of(one, scopes)
        if wanted and _too_long(model, one, wanted):
            for name in scopes:
                if plain(name) in map(plain, one.names):
                    yield (
                        name,
                        f"{name} has paths or scopes that are too many or too long to be demanded: take some away",
                    )


def _too_long(model: Api, one: Operation, wanted: tuple[str, ...]) -> bool:
    paths = dict.fromkeys(_paths(model, one))
    return len(paths) > MOST_PATHS or max(map(len, paths)) > LONGEST_PATH or len(wanted) > MOST_SCOPES


def _scopes_of(operation: Operation, scopes: Scopes) -> tuple[str, ...]:
    names = {plain(name) for name in operation.names}
    found = [scope for name, wanted in scopes.items() if plain(name) in names for scope in wanted]
    return tuple(dict.fromkeys(found))


def _paths(model: Api, operation: Operation) -> Iterator[str]:
    """Its own first; then below the base path of each server, because nobody here knows what a gateway takes off."""
    yield operation.path
    for server in model.servers_of(operation):
        for address in (str(server.get("url") or ""), _as_usual(server)):
            base = _ORIGIN.sub("", address).strip("/")
            if base:
                yield f"/{base}{operation.path}"


def _as_usual(server: Mapping[str, Any]) -> str:
    """Its address with what its variables are unless given; what one of them may be besides, its template matches."""
    address = str(server.get("url") or "")
    for name, variable in (server.get("variables") or {}).items():
        address = address.replace(f"{{{name}}}", str((variable or {}).get("default", f"{{{name}}}")))
    return address


def _may_be_taken_for(one: Operation, other: Operation) -> bool:
    """A request for the one has a path the other fits as well."""
    if one.method != other.method:
        return False
    mine, theirs = one.shape.split("/"), other.shape.split("/")
    return len(mine) == len(theirs) and all(a == b or "{}" in a or "{}" in b for a, b in zip(mine, theirs, strict=True))
