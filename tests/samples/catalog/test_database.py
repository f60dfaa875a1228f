"""The adapter on a real PostgreSQL: migrations, races, outages."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from unittest import mock

import pytest
from sqlalchemy import text

from catalog import config
from catalog.adapters.database import POOL_SIZE, Database, DatabaseUnavailable
from catalog.domain.model import Money, Product, SkuTaken, StaleVersion
from tests.samples.postgres import postgres as running_postgres

NewDatabase = Callable[[], dict[str, str]]


def connect(environment: dict[str, str]) -> Database:
    with mock.patch.dict(os.environ, environment):
        return Database(config.read(config.DatabaseSettings).url)


def product(sku: str = "CHAIR-11") -> Product:
    return Product(sku=sku, name="Wobbly", description="three legs", price=Money(1299, "EUR"))


@pytest.fixture
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    """Migrated and empty."""
    database = connect(new_database())
    await database.migrate()
    yield database
    await database.close()


async def keep(database: Database, *products: Product) -> None:
    async with database.unit_of_work() as work:
        for one in products:
            work.products.add(one)
        await work.commit()


async def test_replicas_that_start_together_migrate_once(new_database: NewDatabase) -> None:
    """Five at the same moment: one makes the tables, four find them made."""
    environment = new_database()
    replicas = [connect(environment) for _ in range(5)]
    await asyncio.gather(*(replica.migrate() for replica in replicas))
    async with replicas[0].session() as session:
        assert ["0001"] == list(await session.scalars(text("SELECT version_num FROM alembic_version")))
    for replica in replicas:
        await replica.ping()
        await replica.close()


async def test_without_its_tables_a_database_is_not_ready(new_database: NewDatabase) -> None:
    """A replica that serves before the migration would answer with errors."""
    database = connect(new_database())
    with pytest.raises(DatabaseUnavailable, match="not migrated"):
        await database.ping()
    await database.close()


async def test_a_database_replaced_by_an_empty_one_is_told(database: Database) -> None:
    """Not ready, and asked to be migrated again: an error of nobody's request."""
    async with database.session() as session:
        await session.execute(text("DROP TABLE products, alembic_version"))
        await session.commit()
    with pytest.raises(DatabaseUnavailable):
        await keep(database, product())
    assert database.unmigrated.is_set()
    await database.migrate()
    await keep(database, product())
    await database.ping()


async def test_what_is_committed_is_read_back_as_it_was(database: Database) -> None:
    """Every field, through the mapping and back."""
    await keep(database, product())
    async with database.unit_of_work() as work:
        found = await work.products.get("CHAIR-11")
    assert found is not None
    assert vars_of(product()) == vars_of(found)


async def test_what_is_not_committed_has_not_happened(database: Database) -> None:
    """The end of a unit of work takes the rest back."""
    async with database.unit_of_work() as work:
        work.products.add(product())
    async with database.unit_of_work() as work:
        assert await work.products.get("CHAIR-11") is None


async def test_of_two_revisions_of_one_version_one_is_refused(database: Database) -> None:
    """Both read version 1; who commits second is told, and the first one's words stay."""
    await keep(database, product())
    async with database.unit_of_work() as first, database.unit_of_work() as second:
        for work, name in ((first, "Steady"), (second, "Shaky")):
            found = await work.products.get("CHAIR-11")
            assert found is not None
            found.revise(name=name, description="", price=Money(1, "EUR"))
        await first.commit()
        with pytest.raises(StaleVersion):
            await second.commit()
    async with database.unit_of_work() as work:
        kept = await work.products.get("CHAIR-11")
        assert kept is not None
        assert ("Steady", 2) == (kept.name, kept.version)


async def test_of_two_products_with_one_sku_one_is_refused(database: Database) -> None:
    """Even if neither had seen the other."""
    async with database.unit_of_work() as first, database.unit_of_work() as second:
        first.products.add(product())
        second.products.add(product())
        await first.commit()
        with pytest.raises(SkuTaken):
            await second.commit()


async def test_a_restart_of_the_database_costs_no_request() -> None:
    """Unavailable while it is down; the first statement afterwards succeeds although every pooled connection is dead."""
    with running_postgres() as own:
        own.create_database("catalog")
        database = connect(own.environment("catalog"))
        await database.migrate()
        await keep(database, product())
        await database.ping()

        await asyncio.to_thread(own.stop)
        with pytest.raises(DatabaseUnavailable):
            await database.ping()
        with pytest.raises(DatabaseUnavailable):
            await keep(database, product("CHAIR-12"))

        await asyncio.to_thread(own.start)
        await keep(database, product("CHAIR-13"))
        await database.ping()
        await database.close()


async def test_a_busy_pool_is_told_apart_from_a_dead_database(database: Database) -> None:
    """All connections taken: requests get a clear error, the probe is answered."""
    async with AsyncExitStack() as stack:
        for _ in range(POOL_SIZE):
            session = await stack.enter_async_context(database.session())
            await session.execute(text("SELECT 1"))
        await database.ping()
        with pytest.raises(DatabaseUnavailable, match="TimeoutError"):
            await keep(database, product())


def test_what_is_missing_in_the_environment_is_named() -> None:
    """Every variable at once, and no value."""
    with mock.patch.dict(os.environ, {"DATABASE_PORT": "secret"}, clear=True), pytest.raises(SystemExit) as error:
        config.read(config.DatabaseSettings)
    assert "DATABASE_HOST" in str(error.value)
    assert "DATABASE_PASSWORD" in str(error.value)
    assert "secret" not in str(error.value)


def vars_of(product: Product) -> dict[str, object]:
    return {name: getattr(product, name) for name in ("sku", "name", "description", "price", "state", "version")}
