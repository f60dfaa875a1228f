"""
Servers: an address taken off the list is a warning, since what a client calls is settled by deployment, not by the document.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.findings.scope import Scope
from concordat_contracts.findings.touching import ContractFinding

Server = Mapping[str, Any]


def compare_servers(scope: Scope, old: list[Server], new: list[Server]) -> Iterator[ContractFinding]:
    """Servers in force for the same operations."""
    later = {_address(each): each for each in new}
    for server in old:
        after = later.get(_address(server))
        if after is None:
            yield scope.finding("server-removed", f"the server {server.get('url')} is no longer listed")
            continue
        variables = after.get("variables") or {}
        for name, before in (server.get("variables") or {}).items():
            yield from _variable(scope, f"{server.get('url')} {{{name}}}", before or {}, variables.get(name) or {})


def _variable(scope: Scope, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ContractFinding]:
    values = new.get("enum")
    if values:
        for gone in [each for each in old.get("enum") or [old.get("default")] if each not in values]:
            yield scope.finding("server-variable-value-removed", f"{name} can no longer be {gone!r}")
    if old.get("default") != new.get("default"):
        yield scope.finding("server-variable-default-changed", f"{name} is {new.get('default')!r} unless given")


def _address(server: Server) -> str:
    return str(server.get("url", "/")).rstrip("/") or "/"
