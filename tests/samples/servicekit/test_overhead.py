"""What the library may cost; ``make figures GROUP=observability`` prints what it does cost."""

from pathlib import Path

import pytest

from tests.samples.servicekit.figures import GOALS
from tests.samples.servicekit.overhead import cpu_ratio


@pytest.mark.parametrize(("application", "limit"), GOALS.items())
def test_observing_a_request_costs_a_fraction_of_serving_it(application: str, limit: float, tmp_path: Path) -> None:
    """CPU time of the server process, both servers asked in turn; the limits leave room for a noisy machine."""
    ratio, microseconds = cpu_ratio(application, tmp_path)
    assert ratio <= limit, f"{microseconds:.0f} µs a request"
