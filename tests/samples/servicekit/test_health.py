"""What the probes are told."""

import asyncio

import pytest
from structlog.testing import capture_logs

from concordat_servicekit import Check, Service, Settings
from tests.samples.servicekit.shop import application, client


async def well() -> None:
    pass


async def broken() -> None:
    raise ConnectionRefusedError("10.1.2.3:5432")


async def stuck() -> None:
    await asyncio.sleep(60)


def service(checks: dict[str, Check]) -> Service:
    return Service(name="shop", version="1", checks=checks, settings=Settings())


@pytest.mark.parametrize(
    ("check", "status", "outcome"),
    [(well, 200, "ok"), (broken, 503, "ConnectionRefusedError"), (stuck, 503, "TimeoutError")],
)
async def test_readiness_is_the_outcome_of_the_checks(check: Check, status: int, outcome: str) -> None:
    """One check that fails or hangs makes us not ready; the answer names the error's class and nothing secret."""
    async with client(service({"database": check, "other": well}).instrument(application())) as http:
        answer = await http.get("/readyz")
    assert (status, {"database": outcome, "other": "ok"}) == (answer.status_code, answer.json()["checks"])


async def test_a_failing_check_leaves_us_alive() -> None:
    """Restarting us mends no database."""
    async with client(service({"database": broken}).instrument(application())) as http:
        assert 200 == (await http.get("/healthz")).status_code


async def test_draining_is_not_ready_whatever_the_checks_say() -> None:
    """After SIGTERM no new traffic is wanted; checks are not even asked."""
    shop = service({"database": well})
    shop.health.draining = True
    async with client(shop.instrument(application())) as http:
        answer = await http.get("/readyz")
    assert (503, {"status": "draining"}) == (answer.status_code, answer.json())


async def test_only_a_change_of_readiness_is_logged() -> None:
    """Probes come every few seconds; one line says it broke, one that it is back."""
    checks: list[Check] = [broken, broken, well, well]

    async def database() -> None:
        await checks.pop(0)()

    async with client(service({"database": database}).instrument(application())) as http:
        with capture_logs() as lines:
            for _ in range(4):
                await http.get("/readyz")
    assert [("warning", "ConnectionRefusedError"), ("info", "ok")] == [
        (line["log_level"], line["outcome"]) for line in lines if line["event"] == "readiness changed"
    ]
