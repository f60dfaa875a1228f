"""
What the engine makes of a pass that fails: without an API server.
"""

import logging
from collections.abc import AsyncIterator

import pytest

from concordat.cluster.connection.access import Access, StaticToken
from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.manifest import conventions
from concordat.reconcile.engine import Engine
from concordat.reconcile.microservice import Reconciler
from concordat.reconcile.outcome import Outcome
from concordat.reconcile.settings import Settings
from concordat.world.keys import Key

KEY = Key(conventions.MICROSERVICE, "shop", "orders")


class Failing(Reconciler):
    """Every pass ends with the same error."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.admitted: list[Exception] = []

    async def reconcile(self, key: Key) -> Outcome:
        raise self.error

    async def admit(self, key: Key, defect: Exception) -> None:
        self.admitted.append(defect)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Client(Access(server="http://127.0.0.1:1", tls=None, token=StaticToken(""))) as client:
        yield Engine(client, Settings())


async def test_a_defect_of_ours_is_admitted_and_tried_again(engine: Engine) -> None:
    """Else an old ``Ready=True`` would stand for ever."""
    defect = KeyError("spec")
    engine._reconciler = failing = Failing(defect)
    await engine._reconcile(KEY)
    assert (failing.admitted, engine.queue.delayed) == ([defect], 1)


async def test_an_outage_is_told_once_a_key(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """A thousand services that are tried again every minute would bury everything else."""
    engine._reconciler = Failing(ApiError(0, "nobody there"))
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            await engine._reconcile(KEY)
    assert [record.getMessage() for record in caplog.records] == ["shop/orders: 0: nobody there"]
