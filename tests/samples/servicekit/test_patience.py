"""The deadline and the retries of ``spec.consumes``, kept by the client, against a real server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from concordat.api import Consumption as Declared
from concordat.api import injected_variable
from concordat_servicekit.consumption import Consumption
from concordat_servicekit.patience import PatientTransport
from concordat_servicekit.settings import WrongSetting
from tests.samples.servicekit import shop

Answer = Callable[[int, str], Awaitable[bytes]]
WELL = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
FAILED = b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Provider:
    """What it was asked, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""


@asynccontextmanager
async def served(answer: Answer) -> AsyncIterator[Provider]:
    """A server on a socket of its own; ``answer`` gets the number of the request and its first line."""
    provider = Provider()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.decode().splitlines()[0]
        provider.asked.append(line)
        try:
            writer.write(await answer(len(provider.asked), line))
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.close()


def calls(provider: Provider, **how: str) -> httpx.AsyncClient:
    environment = {"PAYMENTS_URL": provider.url} | {f"PAYMENTS_{name.upper()}": value for name, value in how.items()}
    return shop.service().dependency("payments", environment=environment)


async def busy_twice(number: int, line: str) -> bytes:
    return BUSY if number < 3 else WELL


async def test_what_may_be_repeated_is_tried_again_until_it_goes_well() -> None:
    """As often as ``retries`` says, and no more."""
    async with served(busy_twice) as provider, calls(provider, retries="2") as http:
        assert 200 == (await http.get("/")).status_code
    assert 3 == len(provider.asked)

    async with served(busy_twice) as provider, calls(provider, retries="1") as http:
        assert 503 == (await http.get("/")).status_code
    assert 2 == len(provider.asked)


async def test_without_retries_nothing_is_repeated() -> None:
    """Neither where nothing is said, nor where it says 0."""
    for how in ({}, {"retries": "0"}):
        async with served(busy_twice) as provider, calls(provider, **how) as http:
            assert 503 == (await http.get("/")).status_code
        assert 1 == len(provider.asked)


async def test_an_order_is_never_placed_twice() -> None:
    """A POST may have been done although nobody said so."""
    async with served(busy_twice) as provider, calls(provider, retries="5") as http:
        assert 503 == (await http.post("/orders", json={})).status_code
    assert ["POST /orders HTTP/1.1"] == provider.asked


async def test_an_answer_that_a_repetition_would_not_change_is_an_answer() -> None:
    """500 is the service's own mistake."""

    async def failed(number: int, line: str) -> bytes:
        return FAILED

    async with served(failed) as provider, calls(provider, retries="5") as http:
        assert 500 == (await http.get("/")).status_code
    assert 1 == len(provider.asked)


async def test_the_deadline_ends_every_attempt() -> None:
    """Two attempts of 0.2 s: done well before the two seconds the provider wants."""

    async def slow(number: int, line: str) -> bytes:
        await asyncio.sleep(2)
        return WELL

    started = time.perf_counter()
    async with served(slow) as provider, calls(provider, timeout_seconds="0.2", retries="1") as http:
        with pytest.raises(httpx.ReadTimeout, match=r"no answer within 0\.2 s"):
            await http.get("/")
    assert 0.4 <= time.perf_counter() - started < 1.5
    assert 2 == len(provider.asked)


async def test_nobody_there_is_tried_again_as_well() -> None:
    """A refused connection is what a restart looks like."""
    async with served(busy_twice) as provider:
        pass  # gone

    attempts = 0

    class Counted(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal attempts
            attempts += 1
            return await super().handle_async_request(request)

    transport = PatientTransport(Counted(), timeout=1, retries=3, chance=lambda: 0.0)
    async with httpx.AsyncClient(base_url=provider.url, transport=transport) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("/")
    assert 4 == attempts


async def test_every_attempt_is_counted() -> None:
    """A retry that nobody sees is how retry storms begin."""
    service = shop.service()
    async with served(busy_twice) as provider:
        environment = {"PAYMENTS_URL": provider.url, "PAYMENTS_RETRIES": "2"}
        async with service.dependency("payments", environment=environment) as http:
            await http.get("/")

    counted = {
        sample.labels["http_response_status_code"]: sample.value
        for family in service.registry.collect()
        for sample in family.samples
        if sample.name == "http_client_request_duration_seconds_count"
    }
    assert (2, 1) == (counted["503"], counted["200"])


def test_the_environment_is_read_by_the_operator_s_names() -> None:
    """As ``spec.consumes`` names the contract, without its namespace."""
    use = Declared(contract="payments/payments-api", timeout="800ms", retries=1)
    environment = use.settings | {injected_variable(use.reference): "http://x"}

    assert Consumption(url="http://x", timeout=0.8, retries=1) == Consumption.from_environment(
        "payments-api", environment
    )
    assert Consumption(url="y", timeout=5.0, retries=0) == Consumption.from_environment("2fa", {"_2FA_URL": "y"})


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "PAYMENTS_URL is not set: name payments in spec.consumes"),
        ({"PAYMENTS_URL": "x", "PAYMENTS_RETRIES": "11"}, "PAYMENTS_RETRIES='11': give a number from 0 to 10"),
        ({"PAYMENTS_URL": "x", "PAYMENTS_TIMEOUT_SECONDS": "soon"}, "PAYMENTS_TIMEOUT_SECONDS='soon': give seconds"),
        ({"PAYMENTS_URL": "x", "PAYMENTS_TIMEOUT_SECONDS": "0"}, "PAYMENTS_TIMEOUT_SECONDS='0': give a time above 0"),
    ],
)
def test_what_cannot_be_used_is_named(environment: dict[str, str], message: str) -> None:
    """The variable, and what would do."""
    with pytest.raises(WrongSetting, match=message):
        Consumption.from_environment("payments", environment)
