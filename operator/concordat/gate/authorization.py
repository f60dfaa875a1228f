"""
Tokens as a part of a contract: what a version demands, and whom that shuts out.

The demands belong to the contract and not to its document: they may change without a new version, and are held against
those in force.
"""

from collections.abc import Iterable, Iterator, Mapping

from concordat.api import AcceptedAuth, OperationScopes, ServiceContract
from concordat.api.auth import MOST_OPERATIONS_WITH_SCOPES
from concordat.facts.tokens import Lack, Token, audience, lacks
from concordat.gate.question import Change, Usage

Tokens = Mapping[str, tuple[Token | None, ...]]
"""By consumer: what each of its revisions that runs asks for; ``None`` for no token."""


def demanded(contract: ServiceContract, operations: tuple[OperationScopes, ...] | None) -> AcceptedAuth | None:
    """What the spec demands, its operations as they were found in the document."""
    auth = contract.spec.auth
    if auth is None:
        return None
    return AcceptedAuth(
        issuer=auth.issuer,
        audience=audience(auth, contract.reference),
        operations=(operations or ())[:MOST_OPERATIONS_WITH_SCOPES],  # more are refused
    )


def tokens_of_external(contract: ServiceContract, in_force: AcceptedAuth | None) -> dict[str, tuple[Token | None, ...]]:
    """Of consumers this cluster does not see: as their provider says. They ask whom they were told to ask."""
    asked = in_force or demanded(contract, None)
    return {
        external.name: (
            None
            if external.scopes is None or asked is None
            else Token(issuer=asked.issuer, audience=asked.audience, scopes=external.scopes),
        )
        for external in contract.spec.external_consumers
    }


def shut_out(
    before: AcceptedAuth | None,
    after: AcceptedAuth | None,
    *,
    users: Iterable[str],
    usages: Mapping[str, Usage],
    tokens: Tokens,
) -> tuple[Change, ...]:
    """What ``after`` demands that ``before`` did not, of those who do not bring it; each with whom it touches."""
    if after is None or after == before:
        return ()
    found: dict[tuple[str, str, str], list[str]] = {}
    for name in sorted(users):
        for lack in _new(before, after, usages.get(name), tokens.get(name) or (None,)):
            touched = found.setdefault(_told(lack, before, after), [])
            if name not in touched:
                touched.append(name)
    return tuple(
        Change(id=rule, severity="error", location=location, message=message, consumers=tuple(names))
        for (rule, location, message), names in sorted(
            found.items(), key=lambda item: item[0][0] != "auth-token-required"
        )
    )


def _new(
    before: AcceptedAuth | None, after: AcceptedAuth, uses: Usage, tokens: Iterable[Token | None]
) -> Iterator[Lack]:
    for token in tokens:
        known = lacks(before, uses, token)
        if any(lack.shuts_out for lack in known):
            continue  # let through by a broken glass: nothing is left to break for it
        yield from (lack for lack in lacks(after, uses, token) if lack not in known)


def _told(lack: Lack, before: AcceptedAuth | None, after: AcceptedAuth) -> tuple[str, str, str]:
    match lack.kind:
        case "token":
            return "auth-token-required", "every operation", f"wants a token of {after.issuer} for {after.audience}"
        case "scope":
            return "auth-scope-required", f"{lack.place} {lack.scope}", "is a scope tokens must hold from now on"
        case "issuer":
            old = before.issuer if before else "another issuer"
            return "auth-issuer-changed", "every operation", f"wants tokens of {after.issuer}, not of {old}"
    old = before.audience if before else "another audience"
    return "auth-audience-changed", "every operation", f"wants tokens for {after.audience}, not for {old}"
