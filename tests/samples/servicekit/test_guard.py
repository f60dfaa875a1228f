"""Nobody gets in without a token the contracts ask for; the issuer is a real one on loopback, the keys are real."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import FastAPI, Request, WebSocket

from concordat_servicekit import Settings, WrongSetting
from concordat_servicekit.guard import TOKEN
from concordat_servicekit.keys import FIRST_PAUSE_SECONDS, LIFETIME_SECONDS, PAUSE_SECONDS, Keys, KeysUnavailable, _get
from concordat_servicekit.requirement import requirements
from tests.samples.servicekit.issuer import Issuer, issuing
from tests.samples.servicekit.shop import client, samples, service

AUDIENCE = "shop/chairs-api"
OPERATIONS = [
    {"method": "POST", "paths": ["/chairs"], "scopes": ["chairs:write"]},
    {"method": "GET", "paths": ["/chairs/{chair}", "/v1/chairs/{chair}"], "scopes": ["chairs:read"]},
    {"method": "GET", "paths": ["/chairs/new"], "scopes": []},
]


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        found.add("rsa")
        found.add("ec", ec.generate_private_key(ec.SECP256R1()))
        found.add("ed", ed25519.Ed25519PrivateKey.generate())
        yield found


def demanded(issuer: str, **changes: Any) -> dict[str, Any]:
    return {"contract": "shop/chairs-api", "issuer": issuer, "audience": AUDIENCE, "operations": OPERATIONS} | changes


def shop(*demands: dict[str, Any]) -> Any:
    app = FastAPI(telemetry={"metrics": False, "logs": False, "operation_spans": False})

    @app.api_route("/chairs/{chair}", methods=["GET", "HEAD"])
    async def read_chair(chair: str, request: Request) -> dict[str, Any]:
        return {"chair": chair, "subject": request.scope[TOKEN].subject}

    @app.post("/chairs", status_code=201)
    async def create_chair() -> dict[str, str]:
        return {}

    @app.get("/tables")
    async def tables() -> dict[str, str]:
        return {}

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()

    return service(auth=requirements(json.dumps(demands))).instrument(app)


@pytest.fixture
def http(issuer: Issuer) -> httpx.AsyncClient:
    return client(shop(demanded(issuer.url)))


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def good(issuer: Issuer, key: str = "rsa", **changes: Any) -> str:
    return issuer.token(key, **{"aud": AUDIENCE, "scope": "chairs:read chairs:write", **changes})


async def test_without_a_token_only_health_and_metrics_answer(http: httpx.AsyncClient) -> None:
    """RFC 6750, 3: who sent none is asked for one, and is told of no error."""
    answer = await http.get("/chairs/11")
    assert (401, 'Bearer realm="shop"') == (answer.status_code, answer.headers["www-authenticate"])
    assert "application/problem+json" == answer.headers["content-type"]
    for path in ("/tables", "/openapi.json", "/nothing/there"):
        assert 401 == (await http.get(path)).status_code, path
    for path in ("/healthz", "/readyz", "/metrics"):
        assert 200 == (await http.get(path)).status_code, path


@pytest.mark.parametrize(("key", "algorithm"), [("rsa", "RS256"), ("rsa", "PS512"), ("ec", "ES256"), ("ed", "EdDSA")])
async def test_a_good_token_gets_in_whatever_signed_it(
    http: httpx.AsyncClient, issuer: Issuer, key: str, algorithm: str
) -> None:
    """And the application is told whose it is."""
    answer = await http.get("/chairs/11", headers=bearer(good(issuer, key, algorithm=algorithm)))
    assert {"chair": "11", "subject": "shop/orders"} == answer.json()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "shop/tables-api"}, "the token is for another audience"),
        ({"exp": int(time.time()) - 3600}, "the token has expired"),
        ({"nbf": int(time.time()) + 36_000, "exp": int(time.time()) + 72_000}, "the token is not valid yet"),
        ({"iss": "https://elsewhere.example.com"}, "the token is of another issuer"),
        ({"without": ("exp",)}, "the token lacks exp"),
        ({"without": ("aud",)}, "the token lacks aud"),
        ({"algorithm": "ES256"}, "the token is no signed JWT"),
    ],
)
async def test_a_token_that_is_not_good_is_refused_with_the_reason(
    http: httpx.AsyncClient, issuer: Issuer, changes: dict[str, Any], why: str
) -> None:
    """401 ``invalid_token``, in the words of the rule and none of the client's."""
    token = "not.a.token" if "algorithm" in changes else good(issuer, **changes)
    answer = await http.get("/chairs/11", headers=bearer(token))
    assert (401, why) == (answer.status_code, answer.json()["detail"])
    assert (
        f'Bearer realm="shop", error="invalid_token", error_description="{why}"' == answer.headers["www-authenticate"]
    )


async def test_nothing_but_a_signature_of_the_issuer_counts(http: httpx.AsyncClient, issuer: Issuer) -> None:
    """``none``, the public key as a shared secret, a stranger's key under a known id, a changed claim."""
    right = good(issuer)
    header, claims, signature = right.split(".")
    stranger = Issuer(issuer.url)
    stranger.private["rsa"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = issuer.private["rsa"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    shared = f"{_encoded({'alg': 'HS256', 'kid': 'rsa'})}.{claims}"
    forged = {
        "no signature": f"{_encoded({'alg': 'none', 'kid': 'rsa'})}.{claims}.",
        "no signature, in capitals": f"{_encoded({'alg': 'NONE', 'kid': 'rsa'})}.{claims}.",
        "a shared secret": f"{shared}.{_text(hmac.new(pem, shared.encode(), hashlib.sha256).digest())}",
        "a stranger": good(stranger),
        "another claim": f"{header}.{_encoded({'iss': issuer.url, 'aud': AUDIENCE, 'exp': 2**40})}.{signature}",
        "a key of another kind": f"{_encoded({'alg': 'RS256', 'kid': 'ec'})}.{claims}.{signature}",
        "an extension": f"{_encoded({'alg': 'RS256', 'kid': 'rsa', 'crit': ['exp']})}.{claims}.{signature}",
        "too much": "a" * 20_000,
    }
    assert 200 == (await http.get("/chairs/11", headers=bearer(right))).status_code
    answers = {
        what: (await http.get("/chairs/11", headers=bearer(token))).status_code for what, token in forged.items()
    }
    assert dict.fromkeys(forged, 401) == answers


def _encoded(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("method", "path", "scopes", "status"),
    [
        ("POST", "/chairs", "chairs:read", 403),
        ("POST", "/chairs", "chairs:write", 201),
        ("POST", "/chairs/", "chairs:read", 403),
        ("POST", "http://shop//chairs", "chairs:write", 400),
        ("GET", "/chairs/11", "chairs:write", 403),
        ("HEAD", "/chairs/11", "chairs:write", 403),
        ("HEAD", "/chairs/11", "chairs:read", 200),
        ("GET", "/v1/chairs/11", "chairs:write", 403),
        ("GET", "/chairs/new", "", 200),
        ("GET", "/tables", "", 200),
    ],
)
async def test_an_operation_wants_its_scopes(
    http: httpx.AsyncClient, issuer: Issuer, method: str, path: str, scopes: str, status: int
) -> None:
    """What has no scopes of its own wants the token alone; a path with two readings is refused whatever the token holds."""
    answer = await http.request(method, path, headers=bearer(good(issuer, scope=scopes)))
    assert status == answer.status_code
    if status == 403:
        wanted = "chairs:write" if method == "POST" else "chairs:read"
        challenge = f'Bearer realm="shop", error="insufficient_scope", scope="{wanted}"'
        assert challenge == answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("kind", "claims", "status"),
    [
        ("JWT", {}, 200),
        (None, {}, 200),
        ("at+jwt", {"nonce": "eleven"}, 200),
        ("application/AT+JWT", {}, 200),
        ("JWT", {"typ": "Bearer"}, 200),
        ("JWT", {"token_use": "access"}, 200),
        ("JWT", {"nonce": "eleven"}, 401),
        ("JWT", {"at_hash": "eleven"}, 401),
        (None, {"c_hash": "eleven"}, 401),
        ("JWT", {"typ": "ID"}, 401),
        ("JWT", {"typ": "Refresh"}, 401),
        ("JWT", {"typ": ["Bearer"]}, 401),
        ("JWT", {"token_use": "id"}, 401),
        ("JWT", {"events": {}}, 401),
        ("logout+jwt", {}, 401),
        ("dpop+jwt", {}, 401),
        ("secevent+jwt", {}, 401),
    ],
)
async def test_only_an_access_token_gets_in(
    http: httpx.AsyncClient, issuer: Issuer, kind: str | None, claims: dict[str, Any], status: int
) -> None:
    """An ID token of the same issuer for the same audience is none; RFC 9068, 2.1 and 4."""
    token = good(issuer, kind=kind, **claims)
    answer = await http.get("/chairs/11", headers=bearer(token))
    assert status == answer.status_code
    assert status == 200 or "the token is no access token" == answer.json()["detail"]


@pytest.mark.parametrize("said", [{"scp": ["chairs:read"]}, {"scp": "chairs:read"}, {"scope": ["chairs:read", 11]}])
async def test_scopes_are_read_as_issuers_write_them(
    http: httpx.AsyncClient, issuer: Issuer, said: dict[str, Any]
) -> None:
    """``scope`` with spaces is the standard; some write ``scp``, some a list."""
    token = issuer.token("rsa", aud=AUDIENCE, **said)
    assert 200 == (await http.get("/chairs/11", headers=bearer(token))).status_code


async def test_two_contracts_each_keep_their_own_doors(issuer: Issuer) -> None:
    """A token for one of them opens what it describes and what nobody describes, not what the other one does."""
    tables = [{"method": "GET", "paths": ["/tables"], "scopes": ["tables:read"]}]
    http = client(shop(demanded(issuer.url), demanded(issuer.url, audience="shop/tables-api", operations=tables)))
    chairs = bearer(good(issuer))
    others = bearer(good(issuer, aud="shop/tables-api", scope="tables:read"))
    asked = [("/chairs/11", chairs), ("/chairs/11", others), ("/tables", chairs), ("/tables", others)]
    assert [200, 401, 401, 200] == [(await http.get(path, headers=headers)).status_code for path, headers in asked]
    assert 404 == (await http.get("/nothing/there", headers=others)).status_code


async def test_what_is_no_request_for_something_is_told_apart(http: httpx.AsyncClient, issuer: Issuer) -> None:
    """Two tokens are one too many; a browser's question whether it may ask carries none."""
    token = good(issuer)
    twice = [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")]
    assert 400 == (await http.get("/chairs/11", headers=twice)).status_code
    assert 401 == (await http.get("/chairs/11", headers={"authorization": "Basic dXNlcjpwYXNz"})).status_code
    preflight = {"origin": "https://shop.example.com", "access-control-request-method": "GET"}
    assert 405 == (await http.options("/chairs", headers=preflight)).status_code
    assert 401 == (await http.options("/chairs")).status_code


async def test_a_websocket_needs_a_token_as_well(issuer: Issuer) -> None:
    """It is closed before it is accepted."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/live", "headers": [], "query_string": b"", "subprotocols": []}
    await shop(demanded(issuer.url))(scope, receive, send)
    assert [("websocket.close", 1008)] == [(one["type"], one["code"]) for one in sent]


async def test_who_is_let_in_is_counted_under_the_route(http: httpx.AsyncClient, issuer: Issuer) -> None:
    """The guard hides from nobody which route it was."""
    await http.get("/chairs/11", headers=bearer(good(issuer)))
    found = await samples(http, "http_server_request_duration_seconds_count")
    assert 1 == found["GET", "/chairs/{chair}", "200"]


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1100.0

    def __call__(self) -> float:
        return self.now


async def test_a_rotated_key_is_seen_at_once_and_invented_ones_cost_little() -> None:
    """An id nobody knows asks the issuer once in ten seconds, however often it comes."""
    clock = Clock()
    with issuing() as issuer:
        issuer.add("first")
        keys = Keys(issuer.url, clock=clock)
        assert await keys.find("first") is not None
        issuer.rotate("second")
        assert await keys.find("second") is not None
        assert await keys.find("first") is None, "it was withdrawn"

        before = len(issuer.asked)
        assert [None] * 11 == [await keys.find(f"invented-{number}") for number in range(11)]
        assert before == len(issuer.asked)
        clock.now += PAUSE_SECONDS
        assert await keys.find("invented") is None
        assert before + 2 == len(issuer.asked), "the two documents, once"


async def test_known_keys_outlive_their_issuer() -> None:
    """Down for hours, it changes nothing for tokens it signed before; back again, what it withdrew is withdrawn."""
    clock = Clock()
    with issuing() as issuer:
        issuer.add("first")
        keys = Keys(issuer.url, clock=clock)
        assert await keys.find("first") is not None
        issuer.down = True
        clock.now += LIFETIME_SECONDS + 11
        before = len(issuer.asked)
        for _ in range(11):
            assert await keys.find("first") is not None
        await keys.refreshed()
        assert before + 1 == len(issuer.asked), "it is left in peace for a while"

        issuer.down = False
        issuer.rotate("second")
        clock.now += PAUSE_SECONDS
        assert await keys.find("first") is not None, "nobody waits for the issuer"
        await keys.refreshed()
        assert await keys.find("first") is None, "it was withdrawn"


async def test_before_a_key_is_known_nothing_is_decided() -> None:
    """503 and not 401: the token may be good. Once the issuer is there, it gets in."""
    clock = Clock()
    with issuing() as issuer:
        issuer.add("first")
        issuer.down = True
        keys = Keys(issuer.url, clock=clock)
        with pytest.raises(KeysUnavailable):
            await keys.find("first")
        issuer.down = False
        clock.now += FIRST_PAUSE_SECONDS
        assert await keys.find("first") is not None


@pytest.mark.parametrize("silent_after", [b"", b"HTTP/1.1 200 OK\r\nX-Drip: ", b'HTTP/1.1 200 OK\r\n\r\n{"issuer": "'])
def test_an_issuer_that_drips_is_cut_off(silent_after: bytes) -> None:
    """A byte now and then, in the status, a header or the body, does not hold a thread for longer than its time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(silent_after)
                while not ended.wait(0.02):
                    connection.sendall(b"H")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises((OSError, HTTPException)):
                _get(f"http://127.0.0.1:{server.getsockname()[1]}/", patience=0.3)
        finally:
            ended.set()
            thread.join()


async def test_an_issuer_that_is_down_from_the_start_is_told_as_unavailable() -> None:
    """RFC 9110: come again."""
    with issuing() as issuer:
        issuer.add("rsa")
        issuer.down = True
        answer = await client(shop(demanded(issuer.url))).get("/chairs/11", headers=bearer(good(issuer)))
    assert (503, "2") == (answer.status_code, answer.headers["retry-after"])


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://elsewhere.example.com", "jwks_uri": "https://elsewhere.example.com/keys"},
        {"issuer": "https://id.example.com", "jwks_uri": "http://id.example.com/keys"},
        {"issuer": "https://id.example.com", "jwks_uri": "file:///etc/passwd"},
        {"issuer": "https://id.example.com"},
    ],
)
async def test_an_issuer_leads_nobody_astray(described: dict[str, Any]) -> None:
    """One that calls itself something else, or keeps its keys where anybody could change them."""
    asked = []

    async def fetch(address: str) -> dict[str, Any]:
        asked.append(address)
        return described

    with pytest.raises(KeysUnavailable):
        await Keys("https://id.example.com", fetch=fetch).find("first")
    assert ["https://id.example.com/.well-known/openid-configuration"] == asked


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", "11", "[11]", '[{"issuer": "https://id.example.com"}]']
    + [
        json.dumps([demanded("https://id.example.com") | {"operations": wrong}])
        for wrong in ([{}], "x", [{"method": "GET"}])
    ],
)
def test_a_setting_that_is_not_understood_opens_no_door(text: str) -> None:
    """The service does not start; an empty setting is none."""
    if not text:
        assert () == Settings.from_environment({"AUTH_REQUIREMENTS": text}).auth
        return
    with pytest.raises(WrongSetting, match=r"AUTH_REQUIREMENTS=.*give a list of"):
        Settings.from_environment({"AUTH_REQUIREMENTS": text})
