"""The interface, on a real PostgreSQL."""

import os
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest import mock

import httpx
import pytest

from catalog import bootstrap, config
from catalog.adapters.database import Database

PROBLEM = "application/problem+json"


@pytest.fixture
async def http(new_database: Callable[[], dict[str, str]]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a catalog without products."""
    with mock.patch.dict(os.environ, new_database()):
        database = Database(config.read(config.DatabaseSettings).url)
    await database.migrate()
    transport = httpx.ASGITransport(app=bootstrap.application(database, faults=config.FaultSettings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://catalog") as client:
        yield client
    await database.close()


def chair(sku: str = "CHAIR-11", **changes: Any) -> dict[str, Any]:
    return {
        "sku": sku,
        "name": "Wobbly",
        "description": "three legs",
        "price": {"amount": 1299, "currency": "EUR"},
    } | changes


def revision(name: str) -> dict[str, Any]:
    return {"name": name, "price": {"amount": 1399, "currency": "EUR"}}


async def test_a_created_product_can_be_read(http: httpx.AsyncClient) -> None:
    """201 says where it is and which version; there it is, in full."""
    created = await http.post("/products", json=chair())
    assert (201, "/products/CHAIR-11", '"1"') == (
        created.status_code,
        created.headers["location"],
        created.headers["etag"],
    )
    read = await http.get(created.headers["location"])
    assert created.json() == read.json() == {**chair(), "state": "active", "version": 1}


async def test_an_unchanged_product_is_not_sent_again(http: httpx.AsyncClient) -> None:
    """If-None-Match with the version of now: 304 and no body."""
    await http.post("/products", json=chair())
    known = await http.get("/products/CHAIR-11", headers={"if-none-match": '"7", "1"'})
    assert (304, b"", '"1"') == (known.status_code, known.content, known.headers["etag"])
    assert 200 == (await http.get("/products/CHAIR-11", headers={"if-none-match": '"7"'})).status_code


async def test_a_revision_needs_the_version_that_was_read(http: httpx.AsyncClient) -> None:
    """Without If-Match it is refused, with a stale one too; with the right one the version moves on."""
    await http.post("/products", json=chair())
    without = await http.put("/products/CHAIR-11", json=revision("Steady"))
    assert (422, "header.if-match") == (without.status_code, without.json()["errors"][0]["field"])

    accepted = await http.put("/products/CHAIR-11", json=revision("Steady"), headers={"if-match": '"1"'})
    assert (200, '"2"', "Steady") == (accepted.status_code, accepted.headers["etag"], accepted.json()["name"])

    stale = await http.put("/products/CHAIR-11", json=revision("Shaky"), headers={"if-match": '"1"'})
    assert (412, PROBLEM) == (stale.status_code, stale.headers["content-type"])
    assert "version 2" in stale.json()["detail"]

    assert 200 == (await http.put("/products/CHAIR-11", json=revision("Any"), headers={"if-match": "*"})).status_code


async def test_a_discontinued_product_stays_readable_and_unchangeable(http: httpx.AsyncClient) -> None:
    """Once or twice is the same."""
    await http.post("/products", json=chair())
    for _ in range(2):
        answer = await http.post("/products/CHAIR-11/discontinuation")
        assert (200, "discontinued", 2) == (answer.status_code, answer.json()["state"], answer.json()["version"])
    assert 200 == (await http.get("/products/CHAIR-11")).status_code
    refused = await http.put("/products/CHAIR-11", json=revision("Antique"), headers={"if-match": "*"})
    assert (409, PROBLEM) == (refused.status_code, refused.headers["content-type"])


async def test_pages_hold_every_product_once(http: httpx.AsyncClient) -> None:
    """13 products in pages of 5, although one is added behind us meanwhile."""
    for number in range(11, 24):
        await http.post("/products", json=chair(f"CHAIR-{number}"))
    seen, after = [], None
    while True:
        page = (await http.get("/products", params={"limit": 5} | ({"after": after} if after else {}))).json()
        seen += [product["sku"] for product in page["items"]]
        after = page["next"]
        await http.post("/products", json=chair("CHAIR-00"))
        if after is None:
            break
    assert [f"CHAIR-{number}" for number in range(11, 24)] == seen


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "legs"}, ["CHAIR-11", "TABLE-12"]),
        ({"search": "three legs"}, ["CHAIR-11"]),
        ({"search": "legs -three"}, ["TABLE-12"]),
        ({"search": "wobbly or bright"}, ["CHAIR-11", "LAMP-13"]),
        ({"search": "lamp-13"}, ["LAMP-13"]),
        ({"search": "'; DROP TABLE products; --"}, []),
        ({"state": "discontinued"}, ["LAMP-13"]),
        ({"state": "active", "after": "CHAIR-11"}, ["TABLE-12"]),
    ],
)
async def test_a_search_finds_what_it_says(http: httpx.AsyncClient, query: dict[str, str], found: list[str]) -> None:
    """Words in SKU, name and description; state; position. SQL is just words."""
    await http.post("/products", json=chair())
    await http.post("/products", json=chair("TABLE-12", name="Round", description="four legs"))
    await http.post("/products", json=chair("LAMP-13", name="Bright", description=""))
    await http.post("/products/LAMP-13/discontinuation")
    answer = await http.get("/products", params=query)
    assert found == [product["sku"] for product in answer.json()["items"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("GET", "/products/UNKNOWN-1", None, 404, None),
        ("GET", "/products/chair", None, 422, "path.sku"),
        ("GET", "/products?limit=0", None, 422, "query.limit"),
        ("GET", "/products?serach=legs", None, 422, "query.serach"),
        ("GET", "/products?search=%00", None, 422, "query.search"),
        ("POST", "/products", chair(colour="red"), 422, "body.colour"),
        ("POST", "/products", chair(name="\x00"), 422, "body.name"),
        ("POST", "/products", chair(price={"amount": "12", "currency": "EUR"}), 422, "body.price.amount"),
        ("POST", "/products", chair(price={"amount": -1, "currency": "EUR"}), 422, "body.price.amount"),
        ("POST", "/products", chair(price={"amount": 1, "currency": "euro"}), 422, "body.price.currency"),
        ("POST", "/products/UNKNOWN-1/discontinuation", None, 404, None),
        ("DELETE", "/products/CHAIR-11", None, 405, None),
        ("GET", "/sofas", None, 404, None),
    ],
)
async def test_bad_input_gets_a_problem_that_names_the_field(
    http: httpx.AsyncClient, method: str, path: str, body: Any, status: int, field: str | None
) -> None:
    """RFC 9457 for everything, the framework's own refusals too."""
    answer = await http.request(method, path, json=body)
    problem = answer.json()
    assert (status, PROBLEM, status) == (answer.status_code, answer.headers["content-type"], problem["status"])
    assert field is None or field in [error["field"] for error in problem["errors"]]


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"sku": "\\ud800"}', b"[" * 100_000])
async def test_bytes_that_are_no_product_are_the_clients_error(http: httpx.AsyncClient, content: bytes) -> None:
    """Broken JSON, broken UTF-8, half a surrogate pair, a tower of brackets: never a 500."""
    answer = await http.post("/products", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert PROBLEM == answer.headers["content-type"]


async def test_a_refused_method_is_told_the_others(http: httpx.AsyncClient) -> None:
    """All methods of the path, whichever route declares them."""
    assert "GET, POST" == (await http.options("/products")).headers["allow"]
    assert "GET, PUT" == (await http.delete("/products/CHAIR-11")).headers["allow"]


async def test_a_whole_number_is_whole_however_it_is_written(http: httpx.AsyncClient) -> None:
    """JSON has one kind of number: 12.0 is 12, and 12.5 is not."""
    assert 201 == (await http.post("/products", json=chair(price={"amount": 12.0, "currency": "EUR"}))).status_code
    refused = await http.post("/products", json=chair("TABLE-12", price={"amount": 12.5, "currency": "EUR"}))
    assert 422 == refused.status_code


async def test_the_second_of_one_sku_is_a_conflict(http: httpx.AsyncClient) -> None:
    """409 and its name."""
    await http.post("/products", json=chair())
    answer = await http.post("/products", json=chair(name="Other"))
    assert (409, "CHAIR-11 is another product's SKU") == (answer.status_code, answer.json()["detail"])
