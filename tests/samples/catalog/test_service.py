"""The catalog as a real process on a real PostgreSQL."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.samples.balancer import send_while_ready
from tests.samples.postgres import postgres as running_postgres
from tests.samples.process import Process, free_port, running

ROUTES = {"/openapi.json", "/products", "/products/{sku}", "/products/{sku}/discontinuation"}


def wait_until(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def ready(service: Process) -> bool:
    return httpx.get(f"{service.url}/readyz", timeout=5).status_code == 200


@pytest.fixture
def service(new_database: Callable[[], dict[str, str]], tmp_path: Path) -> Iterator[Process]:
    """Ready, its thresholds injected as the operator would."""
    with running("catalog", folder=tmp_path, SLO_BUCKETS="0.2", **new_database()) as process:
        wait_until(lambda: ready(process))
        yield process


def test_metrics_are_there_before_the_first_request(service: Process) -> None:
    """Every route's success and failure at 0, the injected bucket, the pool, the build."""
    lines = httpx.get(f"{service.url}/metrics").text.splitlines()
    counts = [line for line in lines if line.startswith("http_server_request_duration_seconds_count")]
    assert counts
    assert all(line.endswith(" 0.0") for line in counts)
    for route in ROUTES:
        assert any(f'http_route="{route}"' in line and '"500"' in line for line in counts), route
    assert any('le="0.2"' in line for line in lines)
    assert 'app_build_info{revision="unknown",version="1.0.0"} 1.0' in lines
    assert "db_client_connection_max 5.0" in lines


async def test_a_drain_under_load_loses_no_request(service: Process) -> None:
    """Requests with a transaction each, from eight clients that keep connections, until they learn of the drain."""
    async with httpx.AsyncClient(base_url=service.url) as http:
        body = {"sku": "CHAIR-11", "name": "Wobbly", "price": {"amount": 1299, "currency": "EUR"}}
        assert 201 == (await http.post("/products", json=body)).status_code
    load = asyncio.create_task(send_while_ready(service.url, path="/products", clients=8, probe_every=0.2))
    await asyncio.sleep(1.5)
    status, seconds = await asyncio.to_thread(service.terminate)
    outcomes = await load
    assert {200} == set(outcomes), outcomes
    assert outcomes[200] > 50
    assert (0, True) == (status, seconds < 10)


def test_readiness_follows_the_database(tmp_path: Path) -> None:
    """
    Started before its database: alive, not ready, 503 with a problem. Then ready; not ready while the database is away;
    ready again, without a restart, even if it came back empty.
    """
    with running_postgres() as database:
        database.create_database("catalog")
        environment = database.environment("catalog")
        database.stop()
        with running("catalog", folder=tmp_path, **environment) as service:
            assert 200 == httpx.get(f"{service.url}/healthz").status_code
            assert not ready(service)
            refused = httpx.get(f"{service.url}/products")
            assert (503, "2") == (refused.status_code, refused.headers["retry-after"])

            database.start()
            wait_until(lambda: ready(service))
            assert 200 == httpx.get(f"{service.url}/products").status_code

            database.stop()
            assert not ready(service)
            assert 503 == httpx.get(f"{service.url}/products").status_code
            assert 200 == httpx.get(f"{service.url}/healthz").status_code

            database.start()
            database.empty("catalog")
            wait_until(lambda: ready(service))
            assert 200 == httpx.get(f"{service.url}/products").status_code
            assert (0, True) == ((ended := service.terminate())[0], ended[1] < 10)


def test_a_bad_release_fails_as_often_as_it_is_told(new_database: Callable[[], dict[str, str]], tmp_path: Path) -> None:
    """Five of a hundred, counted under the route they hit; health and metrics are left alone."""
    with running("catalog", folder=tmp_path, FAULT_ERRORS="0.05", **new_database()) as service:
        wait_until(lambda: ready(service))
        with httpx.Client(base_url=service.url) as http:
            statuses = [http.get("/products").status_code for _ in range(100)]
            lines = http.get("/metrics").text.splitlines()
    assert (95, 5) == (statuses.count(200), statuses.count(500))
    labels = 'http_request_method="GET",http_response_status_code="500",http_route="/products"'
    assert f"http_server_request_duration_seconds_count{{{labels}}} 5.0" in lines


def test_a_missing_password_is_named(tmp_path: Path) -> None:
    """The process ends at once and says which variables to set."""
    ended = subprocess.run(
        [sys.executable, "-m", "catalog"],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(sys.path), "DATABASE_HOST": "db", "HTTP_PORT": str(free_port())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 1 == ended.returncode
    assert "DATABASE_PASSWORD: Field required" in ended.stderr
