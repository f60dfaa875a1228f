"""Servers of an AsyncAPI document: unlike an HTTP base address, the broker and its protocol are part of what a client is built for."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.asyncapi.model import Application
from concordat_contracts.findings.scope import Comparison, Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.reading.forms import mapping, sequence

Server = Mapping[str, Any]
_VARIABLE = re.compile(r"\{([^{}]*)\}")


def compare_servers(comparison: Comparison, old: Application, new: Application) -> Iterator[ContractFinding]:
    """A server that is gone, has moved or speaks otherwise."""
    for name, server in old.servers.items():
        scope = comparison.scope(f"server {name}", None)
        later = new.servers.get(name)
        if later is None or _shape(later) != _shape(server):
            later = next((each for each in new.servers.values() if _shape(each) == _shape(server)), later)
        if later is None:
            yield scope.finding("asyncapi-server-removed", f"the server {_address(server)} is gone")
            continue
        yield from _server(scope, server, later, old, new)


def _server(
    scope: Scope, old: Server, new: Server, old_app: Application, new_app: Application
) -> Iterator[ContractFinding]:
    if _shape(old) != _shape(new):
        yield scope.finding("asyncapi-server-address-changed", f"moved from {_address(old)} to {_address(new)}")
    if old.get("protocol") != new.get("protocol"):
        yield scope.finding(
            "asyncapi-server-protocol-changed", f"speaks {new.get('protocol')}, not {old.get('protocol')}"
        )
    elif old.get("protocolVersion") is not None and old.get("protocolVersion") != new.get("protocolVersion"):
        yield scope.finding(
            "asyncapi-server-protocol-changed",
            f"speaks {new.get('protocol')} {new.get('protocolVersion')}, not {old.get('protocolVersion')}",
        )
    renamed = dict(zip(_variables(old), _variables(new), strict=False))
    for name in _variables(old):
        before, after = _values(old, name, old_app), _values(new, renamed.get(name, name), new_app)
        if after and not before:
            yield scope.finding("asyncapi-server-variable-value-removed", f"{{{name}}} can only be one of {after} now")
        for gone in [each for each in before if after and each not in after]:
            yield scope.finding("asyncapi-server-variable-value-removed", f"{{{name}}} can no longer be {gone!r}")
    before, after = (sequence(each.get("security"), f"{scope.location} security") for each in (old, new))
    yield from compare_security(scope, before, after, old_app, new_app)


def _variables(server: Server) -> list[str]:
    """The names of the variables in its address, in order; the names themselves are never on the wire."""
    return _VARIABLE.findall(_address(server))


def _values(server: Server, name: str, app: Application) -> list[Any]:
    """What a variable can be; empty for anything."""
    place = f"variable {name}"
    variable = app.follow(mapping(server.get("variables"), "variables").get(name), place)
    return sequence(variable.get("enum"), f"{place} enum")


def _shape(server: Server) -> str:
    return _VARIABLE.sub("{}", _address(server))


def _address(server: Server) -> str:
    """2.x has one ``url``, 3.0 a host and a path."""
    if "url" in server:
        return str(server["url"]).rpartition("://")[2].rstrip("/")
    return f"{server.get('host', '')}{server.get('pathname', '')}".rstrip("/")


def compare_security(
    scope: Scope, old: list[Any], new: list[Any], old_app: Application, new_app: Application
) -> Iterator[ContractFinding]:
    """Each way to authenticate that sufficed must suffice still; none at all lets everybody in."""
    before = [_credentials(each, old_app) for each in old] or [frozenset()]
    after = [_credentials(each, new_app) for each in new] or [frozenset()]
    for way in before:
        if any(later <= way for later in after):
            continue
        if not way:
            yield scope.finding("asyncapi-security-added", "asks for credentials; it was open to everybody")
        elif any(way < later for later in after):
            yield scope.finding("asyncapi-security-added", "asks for more than the credentials that sufficed")
        else:
            kinds = ", ".join(sorted(each[0] for each in way))
            yield scope.finding("asyncapi-security-removed", f"{kinds} no longer suffices")


Credential = tuple[str, ...]


def _credentials(alternative: Any, app: Application) -> frozenset[Credential]:
    """What one alternative asks for: 2.x maps scheme names to scopes, 3.0 lists the schemes themselves."""
    raw = app.follow(alternative, "security")
    if "type" in raw:
        return _of_scheme(raw, sequence(raw.get("scopes"), "security scopes"))
    found: frozenset[Credential] = frozenset()
    for name, scopes in raw.items():
        scheme = app.follow(app.security_schemes.get(name), f"security scheme {name}")
        found |= _of_scheme(scheme or {"type": name}, sequence(scopes, f"security {name}"))
    return found


def _of_scheme(scheme: Mapping[str, Any], scopes: Any) -> frozenset[Credential]:
    kind = str(scheme.get("type"))
    own = (kind, *(str(scheme.get(key, "")).lower() for key in ("in", "name", "scheme")))
    return frozenset({own} | {(kind, "scope", str(scope)) for scope in scopes})
