"""Calls to other services, as their caller counts them."""

import httpx
import pytest

from concordat_servicekit import tracing
from tests.samples.servicekit import shop

CALLER = tracing.TraceContext(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7", sampled=True)


async def counted(service: object) -> dict[str, float]:
    registry = service.registry  # type: ignore[attr-defined]
    return {
        sample.labels["http_response_status_code"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "http_client_request_duration_seconds_count"
        and sample.labels["server_address"] == "payments.shop"
    }


async def test_answers_and_silence_are_counted_by_whom_was_called() -> None:
    """A status where there was one, an empty one where nobody answered; all there from the start."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/gone":
            raise httpx.ConnectError("refused")
        return httpx.Response(503 if request.url.path == "/busy" else 200)

    service = shop.service()
    async with service.client("http://payments.shop", transport=httpx.MockTransport(answer)) as http:
        assert {"200": 0, "500": 0, "": 0} == await counted(service)
        await http.get("/well")
        await http.get("/busy")
        with pytest.raises(httpx.ConnectError):
            await http.get("/gone")

    assert {"200": 1, "503": 1, "500": 0, "": 1} == await counted(service)


async def test_the_trace_goes_along() -> None:
    """Our span, or the caller's where we have none."""
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("traceparent"))
        return httpx.Response(200)

    service = shop.service()
    token = tracing.incoming.set(CALLER)
    try:
        async with service.client("http://payments.shop", transport=httpx.MockTransport(answer)) as http:
            await http.get("/")
    finally:
        tracing.incoming.reset(token)

    assert ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"] == seen
