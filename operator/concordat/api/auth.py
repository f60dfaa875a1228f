"""
Who may call an API: the tokens a contract demands of everybody who does.
"""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from concordat.api.schema.base import Check, Distinct, Schema, matching, without_nulls

_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_PORT = "(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
_PATH = "(/[A-Za-z0-9._~/-]*)?"

Issuer = Annotated[
    str,
    StringConstraints(max_length=512),
    matching(
        rf"(https://{_LABEL}(\.{_LABEL})*|http://{_LABEL}\.{_LABEL}\.svc(\.{_LABEL})*){_PORT}{_PATH}",
        "give the issuer as its tokens name it, e.g. https://id.example.com; http only inside the cluster:"
        " http://NAME.NAMESPACE.svc:PORT",
    ),
]
"""An OpenID provider: its keys are found from here (OpenID Connect Discovery 1.0)."""
Audience = Annotated[
    str,
    StringConstraints(max_length=256),
    matching("[!-~]+", "give what the tokens say in aud, without spaces, e.g. payments/payments-api"),
]
Scope = Annotated[
    str,
    StringConstraints(max_length=128),
    matching(r"[!#-\[\]-~]+", "a scope has no spaces, quotes and backslashes (RFC 6749, 3.3), e.g. payments:write"),
]
Scopes = Annotated[tuple[Scope, ...], Field(max_length=32), Distinct()]
"""What a consumer asks its tokens for."""

LONGEST_OPERATION = 256
LONGEST_PATH = 1024
MOST_PATHS = 16
MOST_OPERATIONS_WITH_SCOPES = 256


class Auth(Schema):
    """The tokens a contract demands."""

    scheme: Literal["jwt"] = "jwt"
    """How who calls is known: a signed token in the header Authorization (RFC 6750, RFC 9068)."""
    issuer: Issuer
    """Who signs the tokens: an OpenID provider. The provider's pods, and those of consumers that declare `scopes`, may reach it."""
    audience: Audience | None = None
    """What the tokens must say in `aud`; `NAMESPACE/NAME` of the contract if left out."""
    scopes: Annotated[
        dict[str, Annotated[tuple[Scope, ...], Field(min_length=1, max_length=8), Distinct()]],
        Field(max_length=64),
        Check(
            cel=f"self.all(key, size(key) > 0 && size(key) <= {LONGEST_OPERATION})",
            holds=lambda scopes: all(0 < len(key) <= LONGEST_OPERATION for key in scopes),
            message=f"name each operation, in at most {LONGEST_OPERATION} characters, e.g. createPayment",
        ),
        BeforeValidator(without_nulls),
    ] = Field(default_factory=dict)
    """Scopes by operation, its operationId or method and path. What is not named here wants a token and no scope."""


class OperationScopes(Schema):
    """An operation, and what a token must hold for it."""

    operation: Annotated[str, StringConstraints(max_length=LONGEST_OPERATION)]
    """Its operationId, or method and path where it has none."""
    method: Annotated[str, StringConstraints(max_length=16)] = ""
    paths: Annotated[
        tuple[Annotated[str, StringConstraints(max_length=LONGEST_PATH)], ...], Field(max_length=MOST_PATHS)
    ] = ()
    """Where requests for it come to: its path, and the same below the base path of each server the document lists."""
    scopes: Annotated[tuple[Annotated[str, StringConstraints(max_length=128)], ...], Field(max_length=8)] = ()
    """All of them; none where the token alone will do."""

    @property
    def names(self) -> frozenset[str]:
        """What consumers may call it, as :func:`plain` writes it."""
        where = {plain(f"{self.method} {path}") for path in self.paths[:1]}
        return frozenset({plain(self.operation), *where})


class AcceptedAuth(Schema):
    """The tokens a contract demands, as accepted."""

    issuer: Annotated[str, StringConstraints(max_length=512)]
    audience: Annotated[str, StringConstraints(max_length=256)]
    operations: Annotated[tuple[OperationScopes, ...], Field(max_length=MOST_OPERATIONS_WITH_SCOPES)] = ()
    """Those with scopes, and those that would be taken for one of them."""
    withdrawn: bool = False
    """No longer demanded; consumers go on asking for tokens until they leave `scopes` out, so that nobody restarts."""


_VARIABLE = re.compile(r"\{[^{}]*\}")
_METHOD = re.compile(r"[a-z]+(?= /)")


def plain(operation: str) -> str:
    """
    An operation's name without what may differ between those who mean the same, as ``concordat_contracts`` has it.

    >>> plain("get /pets/{id}")
    'GET /pets/{}'
    """
    return _METHOD.sub(lambda method: method[0].upper(), _VARIABLE.sub("{}", operation.strip()), count=1)
