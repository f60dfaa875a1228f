"""
Credentials: whoever got in before must still get in.

A requirement is a list of alternatives; each alternative is a set of schemes that must all be met. An old alternative is kept
when some new one asks for no more than it gives. Tightening is an error (oasdiff lists it for information only).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.findings.scope import Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.openapi.model import Api

Alternative = Mapping[str, Any]
_GRANTING_FLOWS = ("implicit", "password", "clientCredentials", "authorizationCode", "deviceAuthorization")


def compare_security(
    scope: Scope, old: list[Alternative], new: list[Alternative], old_api: Api, new_api: Api
) -> Iterator[ContractFinding]:
    """Each way in that was open must stay open; no requirement at all is a way in for everybody."""
    later = new or [{}]
    place = scope.at("security")
    for alternative in old or [{}]:
        if any(not list(_lacking(alternative, each, old_api, new_api)) for each in later):
            continue
        yield from _closed(place, alternative, later, old_api, new_api)


def _closed(
    scope: Scope, alternative: Alternative, later: list[Alternative], old_api: Api, new_api: Api
) -> Iterator[ContractFinding]:
    """Why the nearest new alternative does not take these credentials."""
    nearest = min(later, key=lambda each: len(list(_lacking(alternative, each, old_api, new_api))))
    lacking = list(_lacking(alternative, nearest, old_api, new_api))
    rules = {rule for rule, _ in lacking}
    if not alternative:
        yield scope.finding(
            "api-security-anonymous-access-removed", f"asks for {_name(later)}; it was open to everybody"
        )
    elif rules == {"api-security-added"} and _has(nearest, alternative, old_api, new_api):
        yield scope.finding("api-security-added", f"asks for {_text(lacking)} as well as {_name([alternative])}")
    elif rules == {"api-security-added"}:
        yield scope.finding(
            "api-security-removed", f"{_name([alternative])} no longer suffices; asks for {_name(later)}"
        )
    else:
        for rule, message in lacking:
            yield scope.finding(rule, message)


def _has(later: Alternative, alternative: Alternative, old_api: Api, new_api: Api) -> bool:
    """Whether everything the client has is still among what is asked for."""
    return all(_counterpart(name, later, old_api, new_api, back=True) for name in alternative)


def _lacking(had: Alternative, asked: Alternative, old_api: Api, new_api: Api) -> Iterator[tuple[str, str]]:
    """What ``asked`` wants beyond ``had``."""
    for name, scopes in asked.items():
        before = _counterpart(name, had, old_api, new_api)
        if before is None:
            yield "api-security-added", name
            continue
        old_scheme, new_scheme = old_api.security_schemes.get(before, {}), new_api.security_schemes.get(name, {})
        if not _same_kind(old_scheme, new_scheme):
            yield _difference(old_scheme, new_scheme), f"the scheme {name} now means other credentials"
            continue
        gone = _flows(old_scheme) - _flows(new_scheme)
        if gone:
            yield "api-security-component-oauth-flow-removed", f"{name} no longer grants by {', '.join(sorted(gone))}"
        extra = sorted(set(map(str, scopes or ())) - set(map(str, had[before] or ())))
        if extra:
            yield "api-security-scope-added", f"{name} asks for the scope {', '.join(extra)}"


def _counterpart(name: str, among: Alternative, old_api: Api, new_api: Api, *, back: bool = False) -> str | None:
    """The scheme on the other side: the one of the same name, else one that means the same."""
    if name in among:
        return name
    own, other = (old_api, new_api) if back else (new_api, old_api)
    scheme = own.security_schemes.get(name)
    if scheme is None:
        return None
    return next((each for each in among if _same_kind(scheme, other.security_schemes.get(each, {}))), None)


def _same_kind(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if not old or not new:
        return old == new
    return _kind(old) == _kind(new)


def _kind(scheme: Mapping[str, Any]) -> tuple[str, ...]:
    kind = str(scheme.get("type"))
    if kind == "apiKey":
        name = str(scheme.get("name", ""))
        return kind, str(scheme.get("in")), name.lower() if scheme.get("in") == "header" else name
    if kind == "http":
        return kind, str(scheme.get("scheme", "")).lower()
    if kind == "openIdConnect":
        return kind, str(scheme.get("openIdConnectUrl"))
    return (kind,)


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The rule that says how two schemes differ."""
    if old.get("type") != new.get("type"):
        return "api-security-component-type-changed"
    if old.get("type") == "apiKey":
        moved = old.get("in") != new.get("in")
        return f"api-security-component-api-key-{'in' if moved else 'name'}-changed"
    if old.get("type") == "http":
        return "api-security-component-http-scheme-changed"
    return "api-security-component-openid-connect-url-changed"


def _flows(scheme: Mapping[str, Any]) -> set[str]:
    flows = scheme.get("flows")
    return {flow for flow in _GRANTING_FLOWS if isinstance(flows, Mapping) and flow in flows}


def _name(alternatives: list[Alternative]) -> str:
    return " or ".join(" with ".join(each) or "nothing" for each in alternatives)


def _text(lacking: list[tuple[str, str]]) -> str:
    return ", ".join(message for _, message in lacking)
