"""One world for all: it needs half a minute to come up, and a minute of history."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.world import World, world


@pytest.fixture(scope="session")
def live() -> Iterator[World]:
    """Samples, users, operator, Prometheus and Alertmanager."""
    with tempfile.TemporaryDirectory(prefix="concordat-live-") as folder, world(Path(folder)) as found:
        yield found
