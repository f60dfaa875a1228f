"""The catalog with tokens demanded: a process on a real PostgreSQL, an issuer with real keys on loopback."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.samples.catalog.test_service import ready, wait_until
from tests.samples.process import Process, running
from tests.samples.servicekit.issuer import Issuer, issuing

AUDIENCE = "shop/catalog-api"
CHAIR = {"sku": "CHAIR-11", "name": "Wobbly", "price": {"amount": 1299, "currency": "EUR"}}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        found.add("first")
        yield found


@pytest.fixture
def catalog(issuer: Issuer, new_database: Callable[[], dict[str, str]], tmp_path: Path) -> Iterator[Process]:
    """It demands ``products:write`` of whoever creates one, and a token of everybody."""
    operations = [{"method": "POST", "paths": ["/products"], "scopes": ["products:write"]}]
    demanded = {"contract": AUDIENCE, "issuer": issuer.url, "audience": AUDIENCE, "operations": operations}
    with running("catalog", folder=tmp_path, AUTH_REQUIREMENTS=json.dumps([demanded]), **new_database()) as process:
        wait_until(lambda: ready(process))
        yield process


def ask(catalog: Process, token: str | None, *, creates: bool = False) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    address = f"{catalog.url}/products"
    return httpx.post(address, headers=headers, json=CHAIR) if creates else httpx.get(address, headers=headers)


def unsigned(token: str) -> str:
    """The same claims under ``alg: none``."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def test_who_gets_in_and_who_does_not(catalog: Process, issuer: Issuer) -> None:
    """Without a token, for another audience, expired, unsigned: 401. Without the scope: 403. In order: done."""

    def token(**claims: Any) -> str:
        return issuer.token("first", **{"aud": AUDIENCE, "scope": "products:write"} | claims)

    answers = {
        "no token": ask(catalog, None),
        "another audience": ask(catalog, token(aud="shop/orders-api")),
        "expired": ask(catalog, token(exp=int(time.time()) - 3600)),
        "unsigned": ask(catalog, unsigned(token())),
        "no scope, reading": ask(catalog, token(scope="")),
        "no scope, writing": ask(catalog, token(scope="products:read"), creates=True),
        "in order": ask(catalog, token(), creates=True),
    }
    assert {what: answer.status_code for what, answer in answers.items()} == {
        "no token": 401,
        "another audience": 401,
        "expired": 401,
        "unsigned": 401,
        "no scope, reading": 200,
        "no scope, writing": 403,
        "in order": 201,
    }
    assert 'error="invalid_token"' in answers["expired"].headers["www-authenticate"]
    assert (
        'error="insufficient_scope", scope="products:write"' in answers["no scope, writing"].headers["www-authenticate"]
    )
    for path in ("/healthz", "/readyz", "/metrics"):
        assert 200 == httpx.get(f"{catalog.url}{path}").status_code, path


def test_a_rotated_key_gets_in_and_known_keys_outlive_their_issuer(catalog: Process, issuer: Issuer) -> None:
    """Without a restart, and without the issuer."""
    assert 200 == ask(catalog, issuer.token("first", aud=AUDIENCE)).status_code
    issuer.rotate("second")
    assert 200 == ask(catalog, issuer.token("second", aud=AUDIENCE)).status_code
    assert 401 == ask(catalog, issuer.token("first", aud=AUDIENCE)).status_code, "its key was withdrawn"

    issuer.down = True
    issuer.add("third")
    assert 200 == ask(catalog, issuer.token("second", aud=AUDIENCE)).status_code
    assert 401 == ask(catalog, issuer.token("third", aud=AUDIENCE)).status_code
