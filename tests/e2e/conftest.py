"""
One cluster for the whole story; the tests of a module come in the order they are written.
"""

from collections.abc import Iterator

import pytest

from tests.e2e.opening import install, opened, perform
from tests.e2e.stage import Stage


@pytest.fixture(scope="session")
def opened_stage() -> Iterator[Stage]:
    """A cluster with everything on it but the operator."""
    with opened() as stage:
        yield stage


@pytest.fixture(scope="session")
def stage(opened_stage: Stage) -> Stage:
    """The operator is installed for the whole cluster, and the story has been applied."""
    install(opened_stage)
    perform(opened_stage)
    return opened_stage
