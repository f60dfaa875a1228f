"""
The one place where things are put together.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import FastAPI
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import AsyncAdaptedQueuePool

from catalog import __version__, config
from catalog.adapters.database import Database
from catalog.entrypoints import rest
from catalog.entrypoints.faults import Saboteur
from concordat_servicekit import Service

SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

log = structlog.get_logger(__name__)


def run() -> None:
    """Serve until we are asked to go."""
    database = Database(config.read(config.DatabaseSettings).url)
    service = Service(name="catalog", version=__version__, checks={"database": database.ping})
    service.registry.register(PoolMetrics(database))
    service.run(application(database, faults=config.read(config.FaultSettings)))


def application(database: Database, *, faults: config.FaultSettings) -> FastAPI:
    """The application with its database; it starts without it as well and becomes ready once the tables are there."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        migration = asyncio.create_task(keep_migrated(database))
        yield
        migration.cancel()
        with suppress(asyncio.CancelledError):
            await migration
        await database.close()

    app = rest.application(lifespan)
    app.state.database = database
    app.state.saboteur = Saboteur(faults)
    return app


async def keep_migrated(database: Database) -> None:
    """Try until it works: pods start in any order, and a crash loop would only be slower. Again if the tables go."""
    pause = SHORTEST_PAUSE_SECONDS
    while True:
        await database.unmigrated.wait()
        try:
            await database.migrate()
        except Exception as error:
            log.warning("cannot migrate yet", error=repr(error.__cause__ or error), again_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        else:
            log.info("migrated")
            pause = SHORTEST_PAUSE_SECONDS


class PoolMetrics(Collector):
    """Connections to the database, with OpenTelemetry's names: the saturation of a service that mostly waits for one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[GaugeMetricFamily]:
        pool = self._database.engine.pool
        assert isinstance(pool, AsyncAdaptedQueuePool)
        count = GaugeMetricFamily(
            "db_client_connection_count", "Connections of the pool.", labels=["db_client_connection_state"]
        )
        count.add_metric(["used"], pool.checkedout())
        count.add_metric(["idle"], pool.checkedin())
        yield count
        yield GaugeMetricFamily("db_client_connection_max", "Connections the pool may open.", value=pool.size())
