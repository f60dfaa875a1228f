"""
What the services' library costs: ``python -m tests.figures observability``.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.samples.servicekit.overhead import cpu_ratio

GOALS = {"raw": 1.7, "fastapi": 1.35}
"""As the test holds them."""


def overhead() -> Iterator[dict[str, Any]]:
    """CPU time of the server process with the library over the same server without it, for each request."""
    for application, goal in GOALS.items():
        with tempfile.TemporaryDirectory() as folder:
            ratio, microseconds = cpu_ratio(application, Path(folder))
        yield {
            "figure": f"servicekit_cpu_ratio_{application}",
            "value": round(ratio, 2),
            "unit": "of the bare server",
            "goal": f"<= {goal:g}",
            "holds": ratio <= goal,
            "microseconds_a_request": round(microseconds),
        }


FIGURES = (overhead,)
