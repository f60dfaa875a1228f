"""
Connections, transactions, migrations.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm.exc import StaleDataError

from catalog.adapters import orm
from catalog.domain.model import Product, SkuTaken, StaleVersion

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 5_062_001
"""Key of the advisory lock: of several replicas that start together, one migrates and the others find it done."""

STATEMENT_SECONDS = 3
CONNECT_SECONDS = 2
POOL_SIZE = 5

NOT_OUR_FAULT = ("08", "53", "57")
"""SQLSTATE classes: connection exception, insufficient resources, operator intervention (shutdown, time-out)."""

UNDEFINED_TABLE = "42P01"
"""SQLSTATE: somebody has put an empty database in the place of ours."""


class DatabaseUnavailable(Exception):
    """The database cannot answer now; the same request may succeed later."""


class Database:
    """One PostgreSQL database."""

    def __init__(self, url: URL) -> None:
        orm.map_classes()
        self.engine = _engine(url, size=POOL_SIZE)
        # A busy pool is no reason to be taken out of service, so the probe has a connection of its own.
        self._probe = _engine(url, size=1)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.unmigrated = asyncio.Event()
        """Set while our tables are not there: at the beginning, and when the database was replaced by an empty one."""
        self.unmigrated.set()

    async def ping(self) -> None:
        """Raises unless the database answers and has our tables."""
        if self.unmigrated.is_set():
            raise DatabaseUnavailable("not migrated yet")
        async with self._translated(), self._probe.connect() as connection:
            await connection.execute(text("SELECT FROM products LIMIT 0"))

    async def migrate(self) -> None:
        """
        Bring the tables up to date, in one transaction.

        The pods of the release before still run on them: add in one release, remove in the next.
        """
        async with self._translated(), self.engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            await connection.run_sync(_upgrade)
        self.unmigrated.clear()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session whose end rolls back what was not committed. Raises :exc:`DatabaseUnavailable`."""
        async with self._translated(), self._sessions() as session:
            yield session

    def unit_of_work(self) -> "SqlUnitOfWork":
        """A transaction for one use case."""
        return SqlUnitOfWork(self)

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()
        await self._probe.dispose()

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        """
        Errors that are the database's state become :exc:`DatabaseUnavailable`; those that are our bugs stay what they are.

        What asyncpg raises while connecting arrives as it is, what it raises later arrives wrapped by SQLAlchemy.
        """
        try:
            yield
        except (OSError, TimeoutError, PoolExhausted, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnavailable(type(error).__name__) from error
        except DBAPIError as error:
            state: str = getattr(error.orig, "sqlstate", None) or ""
            if state == UNDEFINED_TABLE:
                self.unmigrated.set()
            elif not error.connection_invalidated and state[:2] not in NOT_OUR_FAULT:
                raise
            raise DatabaseUnavailable(type(error.orig).__name__) from error


class SqlProducts:
    """The products table as a collection."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, sku: str) -> Product | None:
        return await self._session.get(Product, sku)

    def add(self, product: Product) -> None:
        self._session.add(product)


class SqlUnitOfWork:
    """A database transaction."""

    products: SqlProducts

    def __init__(self, database: Database) -> None:
        self._context = database.session()

    async def __aenter__(self) -> Self:
        self._session = await self._context.__aenter__()
        self.products = SqlProducts(self._session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._context.__aexit__(kind, error, trace)

    async def commit(self) -> None:
        """Raises SkuTaken, StaleVersion: somebody was quicker."""
        try:
            await self._session.commit()
        except IntegrityError as error:
            raise SkuTaken("another product has this SKU since a moment") from error
        except StaleDataError as error:
            raise StaleVersion("the product was changed a moment ago: read it again and decide anew") from error


def _engine(url: URL, *, size: int) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,  # a restart of the database costs no request
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": STATEMENT_SECONDS + 1,
            "server_settings": {
                "application_name": "catalog",
                "statement_timeout": str(STATEMENT_SECONDS * 1000),
                "jit": "off",
            },
        },
    )


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
