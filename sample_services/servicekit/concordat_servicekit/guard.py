"""
In front of the application: nobody gets in without a token its contracts ask for. Needs PyJWT: ``concordat-servicekit[auth]``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from concordat_servicekit.keys import Fetch, KeysUnavailable
from concordat_servicekit.requirement import Operation, Requirement
from concordat_servicekit.tokens import Token, TokenRefused, Verifier

TOKEN = "concordat.token"
"""Key of the verified :class:`Token` in the ASGI scope: ``request.scope[TOKEN].subject``."""
RETRY_SECONDS = "2"
_POLICY_VIOLATION = 1008
"""How a WebSocket is turned away (RFC 6455, 7.4.1); before it is accepted, the client sees 403."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer of RFC 6750, section 3."""

    status: int
    title: str
    detail: str
    challenge: str = ""
    """Parameters of ``WWW-Authenticate: Bearer`` behind the realm."""


class Guard:
    """
    ``app``, for those who may.

    Every request needs a token, also one no contract describes: what is not said to be open is not. A token is good for an
    operation when the contract that describes it accepts it, and for anything else when one of the contracts does.
    """

    def __init__(
        self, app: ASGIApp, requirements: Iterable[Requirement], *, realm: str, fetch: Fetch | None = None
    ) -> None:
        self._app = app
        self._realm = realm
        self._verifiers = tuple(Verifier(one, fetch=fetch) for one in requirements)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asked = self._asked(scope)
        if not any(operation for _, operation in asked) and _is_preflight(scope):
            await self._app(scope, receive, send)
            return
        judged = await _judge(scope, asked)
        if isinstance(judged, Token):
            scope[TOKEN] = judged  # not in a copy: routers tell in this very scope which route it was
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": judged.title})
        else:
            await self._answer(judged)(scope, receive, send)

    def _asked(self, scope: Scope) -> Sequence[tuple[Verifier, Operation | None]]:
        """Whose demands count, and which."""
        method, path, root = scope.get("method", "GET"), scope["path"], scope.get("root_path", "")
        spellings = [path, *([path[len(root) :] or "/"] if root and path.startswith(root) else [])]
        described = [
            (verifier, operation)
            for verifier in self._verifiers
            for operation in [
                next(filter(None, (verifier.requirement.operation(method, one) for one in spellings)), None)
            ]
        ]
        return [each for each in described if each[1] is not None] or described

    def _answer(self, refusal: Refusal) -> JSONResponse:
        problem = {"type": "about:blank", "title": refusal.title, "status": refusal.status, "detail": refusal.detail}
        headers = {"cache-control": "no-store"}
        if refusal.status == 503:
            headers["retry-after"] = RETRY_SECONDS
        else:
            headers["www-authenticate"] = ", ".join(filter(None, (f'Bearer realm="{self._realm}"', refusal.challenge)))
        return JSONResponse(problem, refusal.status, headers, media_type="application/problem+json")


async def _judge(scope: Scope, asked: Sequence[tuple[Verifier, Operation | None]]) -> Token | Refusal:
    text = _bearer(scope)
    if isinstance(text, Refusal):
        return text
    refused: Refusal | None = None
    unavailable = False
    for verifier, operation in asked:
        try:
            token = await verifier.verify(text)
        except KeysUnavailable:
            unavailable = True
            continue
        except TokenRefused as error:
            refused = refused or _invalid(str(error))
            continue
        missing = (operation.scopes if operation else frozenset()) - token.scopes
        if not missing:
            return token
        refused = _insufficient(operation.scopes if operation else frozenset())
    if unavailable and (refused is None or refused.status == 401):
        return Refusal(
            status=503,
            title="Service Unavailable",
            detail="the issuer's keys are not known yet, so no token can be judged",
        )
    return refused or _invalid("no contract asks for tokens")


def _bearer(scope: Scope) -> str | Refusal:
    """RFC 6750, 2.1: in the header and nowhere else; tokens in addresses end up in logs."""
    said = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(said) > 1:
        return Refusal(
            status=400,
            title="Bad Request",
            detail="Authorization stands here more than once",
            challenge='error="invalid_request"',
        )
    scheme, _, text = (said[0].decode("latin-1") if said else "").strip().partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return Refusal(status=401, title="Unauthorized", detail="a bearer token is needed")
    return text.strip()


def _is_preflight(scope: Scope) -> bool:
    """Browsers ask with neither token nor body whether they may ask (Fetch standard, CORS preflight)."""
    names = {name for name, _ in scope["headers"]}
    return bool(scope.get("method") == "OPTIONS" and {b"origin", b"access-control-request-method"} <= names)


def _invalid(why: str) -> Refusal:
    return Refusal(
        status=401,
        title="Unauthorized",
        detail=why,
        challenge=f'error="invalid_token", error_description="{why}"',
    )


def _insufficient(scopes: frozenset[str]) -> Refusal:
    wanted = " ".join(sorted(scopes))
    return Refusal(
        status=403,
        title="Forbidden",
        detail=f"the token needs the scopes {wanted}",
        challenge=f'error="insufficient_scope", scope="{wanted}"',
    )
