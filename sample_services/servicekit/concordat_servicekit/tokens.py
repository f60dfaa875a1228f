"""
Tokens: is this one good for that requirement, and what does it allow? Needs PyJWT: ``concordat-servicekit[auth]``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from jwt import PyJWK
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    MissingRequiredClaimError,
    PyJWTError,
)

from concordat_servicekit.keys import Fetch, Keys
from concordat_servicekit.requirement import Requirement

ALGORITHMS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", "")),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", ""),
}
"""
What may have signed, with the kind of its key and curve (RFC 7518, 3.1; RFC 8037). Never ``none``, and nothing with a shared
secret: its key could be the public one, which everybody has (RFC 8725, 2.1).
"""
LEEWAY_SECONDS = 10.0
"""Clocks differ."""
LONGEST_TOKEN = 16 * 1024
"""Characters; servers take headers of some 16 KiB at most."""

ACCESS_TOKEN = frozenset({"at+jwt", "application/at+jwt"})
"""What a token for APIs calls itself (RFC 9068, 2.1)."""
ANY_TOKEN = frozenset({"", "jwt", "application/jwt"})
"""What many issuers write instead; then the claims must not be those of another kind of token."""
OTHER_KINDS = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "events", "logout_token", "vp_token"})
"""Claims of ID tokens (OpenID Connect Core, 2 and 3.3.2.11) and of events and logouts (RFC 8417, Back-Channel Logout 2.4)."""
USES = {"typ": frozenset({"bearer", "jwt", "at+jwt"}), "token_use": frozenset({"access"})}
"""Claims by which Keycloak and Cognito tell their kinds of token apart, with the values for an API."""


class TokenRefused(Exception):
    """This token is not good; the message says why, and holds nothing the client sent."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token that was verified."""

    subject: str
    scopes: frozenset[str]
    claims: Mapping[str, Any] = field(repr=False)


class Verifier:
    """For one requirement."""

    def __init__(self, requirement: Requirement, *, fetch: Fetch | None = None) -> None:
        self.requirement = requirement
        self._keys = Keys(requirement.issuer, fetch=fetch)

    async def verify(self, text: str) -> Token:
        """Raises :exc:`TokenRefused`, or :exc:`concordat_servicekit.keys.KeysUnavailable` where nobody can tell."""
        if len(text) > LONGEST_TOKEN:
            raise TokenRefused("the token is too long")
        try:
            header = jwt.get_unverified_header(text)
        except (PyJWTError, ValueError, RecursionError):
            raise TokenRefused("the token is no signed JWT") from None
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise TokenRefused("the token's algorithm is not accepted")
        if "crit" in header:
            raise TokenRefused("the token wants extensions understood that are not")
        name = header.get("kid")
        key = await self._keys.find(name if isinstance(name, str) else None)
        if key is None or not _fits(key, algorithm):
            raise TokenRefused("the token's key is not among the issuer's")
        claims = self._claims(text, key, algorithm)
        if not _for_an_api(header, claims):
            raise TokenRefused("the token is no access token")
        return _token(claims)

    def _claims(self, text: str, key: PyJWK, algorithm: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                key.key,
                algorithms=[algorithm],
                audience=self.requirement.audience,
                issuer=self.requirement.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud"]},
            )
        except ExpiredSignatureError:
            raise TokenRefused("the token has expired") from None
        except ImmatureSignatureError:
            raise TokenRefused("the token is not valid yet") from None
        except InvalidAudienceError:
            raise TokenRefused("the token is for another audience") from None
        except InvalidIssuerError:
            raise TokenRefused("the token is of another issuer") from None
        except MissingRequiredClaimError as error:
            raise TokenRefused(f"the token lacks {error.claim}") from None
        except (PyJWTError, ValueError, TypeError, RecursionError):
            raise TokenRefused("the token's signature does not hold") from None
        return claims


def _fits(key: PyJWK, algorithm: str) -> bool:
    """A key is used with what it was made for."""
    described: Mapping[str, Any] = key._jwk_data
    kind, curve = ALGORITHMS[algorithm]
    said = described.get("alg")
    return key.key_type == kind and said in (None, algorithm) and curve in ("", described.get("crv"))


def _for_an_api(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """
    An ID token of the same issuer is for a client, not for us, even where the audience is the same.

    A token that calls itself an access token is one. Another one must not carry what only other kinds have.
    """
    said = header.get("typ", "")
    kind = said.lower() if isinstance(said, str) else None
    if kind in ACCESS_TOKEN:
        return True
    stated = {name: claims[name] for name in USES if name in claims}
    used = all(isinstance(value, str) and value.lower() in USES[name] for name, value in stated.items())
    return kind in ANY_TOKEN and used and not OTHER_KINDS.intersection(claims)


def _token(claims: dict[str, Any]) -> Token:
    """Scopes as RFC 9068 writes them, or in ``scp``, as some issuers do."""
    said = claims.get("scope", claims.get("scp", ""))
    scopes = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
    return Token(
        subject=str(claims.get("sub", "")),
        scopes=frozenset(one for one in scopes if isinstance(one, str)),
        claims=claims,
    )
