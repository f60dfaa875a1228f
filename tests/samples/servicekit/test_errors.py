"""What a client and the log see when the application fails."""

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from tests.samples.servicekit.shop import application, client, samples, service


async def test_a_crash_before_the_answer_is_a_500_and_one_log_line() -> None:
    """Any ASGI application: the client gets a problem, the log one entry with the traceback."""

    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("three and a half legs")

    async with client(service().instrument(crash)) as http:
        with capture_logs() as lines:
            answer = await http.get("/chairs")
        assert {("GET", "unmatched", "500"): 1} == await samples(http, "http_server_request_duration_seconds_count")
    assert (500, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert "legs" not in answer.text
    assert ["request failed"] == [line["event"] for line in lines]


async def test_a_crash_in_the_midst_of_an_answer_counts_as_an_error() -> None:
    """The status line said 200, the user got half of it."""

    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    async with client(service().instrument(crash)) as http:
        with capture_logs(), pytest.raises(AssertionError):  # httpx misses the end of the answer
            await http.get("/chairs")
        assert {("GET", "unmatched", "500"): 1} == await samples(http, "http_server_request_duration_seconds_count")


async def test_an_error_the_application_answers_itself_is_logged_too() -> None:
    """Without a traceback, for there is none; on-call still finds the request."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with client(service().instrument(refuse)) as http:
        with capture_logs() as lines:
            await http.get("/chairs")
    assert [("answered with an error", 503, "/chairs")] == [
        (line["event"], line["status"], line["path"]) for line in lines
    ]


async def test_the_last_answers_close_their_connections() -> None:
    """While draining, a kept connection would carry the next request into a closing door."""
    shop = service()
    async with client(shop.instrument(application())) as http:
        assert "connection" not in (await http.get("/chairs/throne")).headers
        shop.health.draining = True
        assert "close" == (await http.get("/chairs/throne")).headers["connection"]
