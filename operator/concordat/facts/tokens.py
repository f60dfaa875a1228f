"""
Tokens: those a consumer asks for against those a contract demands.

What is demanded is accepted like a version: it comes into force once everybody who runs asks for it. So a consumer is told
beforehand where to ask, and what its pods were told stands on their Deployment.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from concordat.api import AcceptedAuth, Auth
from concordat.api.auth import OperationScopes, plain

Uses = Mapping[str, tuple[str, ...] | None] | None
"""Operations by name; ``None`` for everything."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a consumer's pods ask for."""

    issuer: str
    audience: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lack:
    """Something demanded that a consumer does not bring."""

    kind: str
    """``token``, ``issuer``, ``audience``: nothing can be called. ``scope``: one operation cannot."""
    operation: str = ""
    place: str = ""
    """Method and path of the operation, where they are known."""
    scope: str = ""

    @property
    def shuts_out(self) -> bool:
        """Of everything."""
        return self.kind != "scope"


def audience(auth: Auth, reference: str) -> str:
    """What tokens say in ``aud`` for the contract ``namespace/name``."""
    return auth.audience or reference


def announced(auth: Auth, reference: str) -> AcceptedAuth:
    """What is written and may not be accepted yet; nobody has held it against a document."""
    return AcceptedAuth(
        issuer=auth.issuer,
        audience=audience(auth, reference),
        operations=tuple(OperationScopes(operation=name, scopes=scopes) for name, scopes in auth.scopes.items()),
    )


def lacks(auth: AcceptedAuth | None, uses: Uses, token: Token | None) -> tuple[Lack, ...]:
    """What ``auth`` demands for ``uses`` beyond ``token``; nothing where nothing is demanded."""
    return () if auth is None or auth.withdrawn else tuple(_lacks(auth, uses, token))


def _lacks(auth: AcceptedAuth, uses: Uses, token: Token | None) -> Iterator[Lack]:
    if token is None:
        yield Lack(kind="token")
    elif token.issuer != auth.issuer:
        yield Lack(kind="issuer")
    elif token.audience != auth.audience:
        yield Lack(kind="audience")
    held = token.scopes if token else ()
    used = None if uses is None else {plain(name) for name in uses}
    for one in auth.operations:
        if used is None or used & one.names:
            for scope in one.scopes:
                if scope not in held:
                    place = f"{one.method} {one.paths[0]}" if one.paths else one.operation
                    yield Lack(kind="scope", operation=one.operation, place=place, scope=scope)
