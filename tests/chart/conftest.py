"""
A real helm for the tests of the chart.
"""

import shutil
from pathlib import Path

import pytest

from tests.chart.helm import Helm


@pytest.fixture(scope="session")
def helm() -> Helm:
    """A real helm."""
    program = shutil.which("helm")
    assert program, "helm is not on the PATH"
    return Helm(program=Path(program))
