"""SIGTERM to a real process: not ready at once, nothing lost, gone in time."""

import asyncio
import json
from pathlib import Path

import httpx

from tests.samples.balancer import send_while_ready
from tests.samples.process import free_port, running

SLOW = "tests.samples.servicekit.slow"


async def test_a_drain_under_load_loses_no_request(tmp_path: Path) -> None:
    """Sixteen clients send until they learn of the drain; every request is answered and the process exits with 0."""
    with running(SLOW, folder=tmp_path) as service:
        load = asyncio.create_task(send_while_ready(service.url, path="/quick", clients=16, probe_every=0.2))
        await asyncio.sleep(1.5)
        status, seconds = await asyncio.to_thread(service.terminate)
        outcomes = await load
    assert {200} == set(outcomes), outcomes
    assert outcomes[200] > 100
    assert 0 == status
    assert seconds < 10


async def test_a_request_in_flight_is_finished(tmp_path: Path) -> None:
    """What is asked before SIGTERM and needs longer than the drain is still answered."""
    with running(SLOW, folder=tmp_path, DRAIN_SECONDS="0.2") as service:
        async with httpx.AsyncClient(base_url=service.url, timeout=10) as http:
            slow = asyncio.create_task(http.get("/slow"))
            await asyncio.sleep(0.5)
            status, seconds = await asyncio.to_thread(service.terminate)
            assert {"slow": "answered"} == (await slow).json()
    assert 0 == status
    assert 1 < seconds < 5


async def test_a_request_that_never_ends_does_not_hold_us(tmp_path: Path) -> None:
    """Drain and grace together end the process, whatever it is doing: Kubernetes would kill it anyway."""
    with running(SLOW, folder=tmp_path, DRAIN_SECONDS="0.2", GRACE_SECONDS="1") as service:
        async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
            stuck = asyncio.create_task(http.get("/stuck"))
            await asyncio.sleep(0.5)
            _, seconds = await asyncio.to_thread(service.terminate)
            await asyncio.gather(stuck, return_exceptions=True)
    assert seconds < 5


def test_metrics_have_a_port_of_their_own(tmp_path: Path) -> None:
    """METRICS_PORT takes them off the port that consumers reach, and its output is JSON lines."""
    port = free_port()
    with running(SLOW, folder=tmp_path, METRICS_PORT=str(port)) as service:
        assert 404 == httpx.get(f"{service.url}/metrics").status_code
        assert 'http_route="/quick"' in httpx.get(f"http://127.0.0.1:{port}/metrics").text
        service.terminate()
        lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert "starting" == lines[0]["event"]
    assert "ended" == lines[-1]["event"]
