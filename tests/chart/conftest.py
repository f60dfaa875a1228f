"""
A real helm and a real API server for the tests of the chart.
"""

from collections.abc import Iterator

import pytest

from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.programs import binaries
from concordat_lab.testing import control_plane
from tests.chart.helm import Helm


@pytest.fixture(scope="session")
def helm() -> Helm:
    """A real helm."""
    return Helm(program=binaries.locate(["helm"])["helm"])


@pytest.fixture(scope="session")
def cluster() -> Iterator[ControlPlane]:
    """A real API server."""
    with control_plane() as cluster:
        yield cluster
