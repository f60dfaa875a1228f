"""
In front of the application: nobody gets in without a token its contracts ask for. Needs PyJWT: ``concordat-servicekit[auth]``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from concordat_servicekit.keys import Fetch, KeysUnavailable
from concordat_servicekit.reached import Reached, ambiguity, knows_its_routes, reached
from concordat_servicekit.requirement import Requirement
from concordat_servicekit.tokens import Token, TokenRefused, Verifier

TOKEN = "concordat.token"
"""Key of the verified :class:`Token` in the ASGI scope: ``request.scope[TOKEN].subject``."""
RETRY_SECONDS = "2"
_POLICY_VIOLATION = 1008
"""How a WebSocket is turned away (RFC 6455, 7.4.1); before it is accepted, the client sees 403."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"})
"""What a document can describe (OpenAPI 3.2, Path Item Object)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer of RFC 6750, section 3."""

    status: int
    title: str
    detail: str
    challenge: str = ""
    """Parameters of ``WWW-Authenticate: Bearer`` behind the realm."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a token must hold to be good for a request in the eyes of one contract."""

    verifier: Verifier
    scopes: frozenset[str]
    described: bool
    """Whether an operation of the contract says so."""


class Guard:
    """
    ``app``, for those who may.

    A request with two readings is refused with 400. Every other one needs a token, also one that no contract describes:

    - where an operation describes the path, or shares paths with the route that answers, the scopes of that operation count,
      and a token of its contract;
    - where a route answers that no operation describes, any valid token will do;
    - where no route answers, or the routes are unknown, the token needs every scope of a contract.

    ``routes`` is the application that knows the routes, where ``app`` is something around it. Nothing between this guard and
    the router may change the path.
    """

    def __init__(
        self,
        app: ASGIApp,
        requirements: Iterable[Requirement],
        *,
        realm: str,
        fetch: Fetch | None = None,
        routes: Any = None,
    ) -> None:
        self._app = app
        self._realm = realm
        self._verifiers = tuple(Verifier(one, fetch=fetch) for one in requirements)
        self._routes = app if routes is None else routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        judged = await self._judge(scope)
        if judged is None:
            await self._app(scope, receive, send)
        elif isinstance(judged, Token):
            scope[TOKEN] = judged  # not in a copy: routers tell in this very scope which route it was
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": judged.title})
        else:
            await self._answer(judged)(scope, receive, send)

    async def _judge(self, scope: Scope) -> Token | Refusal | None:
        """None for a browser's question whether it may ask, which no route of the application answers."""
        why = ambiguity(scope)
        if why is not None:
            return Refusal(status=400, title="Bad Request", detail=why)
        known = knows_its_routes(self._routes)
        route = reached(self._routes, scope) if known else None
        if known and route is None and _is_preflight(scope):
            return None
        return await _judge(scope, self._demands(scope, route))

    def _demands(self, scope: Scope, route: Reached | None) -> Sequence[Demand]:
        method = str(scope.get("method", "GET")).upper()  # class-based endpoints of Starlette take `post` for POST
        found = [_demand(verifier, method, scope, route) for verifier in self._verifiers]
        return [one for one in found if one.described] or found

    def _answer(self, refusal: Refusal) -> JSONResponse:
        problem = {"type": "about:blank", "title": refusal.title, "status": refusal.status, "detail": refusal.detail}
        headers = {"cache-control": "no-store"}
        if refusal.status == 503:
            headers["retry-after"] = RETRY_SECONDS
        elif refusal.status != 400 or refusal.challenge:
            headers["www-authenticate"] = ", ".join(filter(None, (f'Bearer realm="{self._realm}"', refusal.challenge)))
        return JSONResponse(problem, refusal.status, headers, media_type="application/problem+json")


def _demand(verifier: Verifier, method: str, scope: Scope, route: Reached | None) -> Demand:
    requirement = verifier.requirement
    exact = [one for path in _spellings(scope) if (one := requirement.operation(method, path)) is not None]
    shared = () if route is None else [one for t in route.templates for one in requirement.operations_of(method, t)]
    meant = exact or shared
    if meant:
        scopes = frozenset(wanted for one in meant for wanted in one.scopes)
        return Demand(verifier=verifier, scopes=scopes, described=True)
    foreseen = route is not None and method in METHODS
    return Demand(verifier=verifier, scopes=frozenset() if foreseen else requirement.scopes, described=False)


def _spellings(scope: Scope) -> tuple[str, ...]:
    """The path as it was asked for, and without the prefix the server stands below."""
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    return (path, path[len(root) :] or "/") if root and f"{path}/".startswith(f"{root}/") else (path,)


async def _judge(scope: Scope, demands: Sequence[Demand]) -> Token | Refusal:
    text = _bearer(scope)
    if isinstance(text, Refusal):
        return text
    refused: Refusal | None = None
    unavailable = False
    for demand in demands:
        try:
            token = await demand.verifier.verify(text)
        except KeysUnavailable:
            unavailable = True
            continue
        except TokenRefused as error:
            refused = refused or _invalid(str(error))
            continue
        if demand.scopes <= token.scopes:
            return token
        refused = _insufficient(demand.scopes)
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
