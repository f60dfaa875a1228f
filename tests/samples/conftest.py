"""A PostgreSQL for the session, a fresh database for each test."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.samples.postgres import Postgres
from tests.samples.postgres import postgres as running_postgres

NUMBERS = itertools.count(11)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real server, of the version Debian has."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def new_database(postgres: Postgres) -> Callable[[], dict[str, str]]:
    """Makes an empty database; returns the environment that leads a service to it."""

    def create() -> dict[str, str]:
        name = f"catalog_{next(NUMBERS)}"
        postgres.create_database(name)
        return postgres.environment(name)

    return create
