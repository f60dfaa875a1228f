"""
What a Prometheus knows, asked as a dashboard asks.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

PATIENCE = 90
"""Seconds after which a condition will not come true any more, on a machine however busy."""


@dataclass(kw_only=True)
class Watched:
    """Something that runs, and the Prometheus that looks at it."""

    prometheus: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The answer to an instant query."""
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=30)
        assert answer.status_code == 200, answer.text
        result = answer.json()["data"]["result"]
        assert isinstance(result, list)
        return result

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()


def wait(until: Callable[[], bool], complaint: Callable[[], str], *, seconds: float = PATIENCE) -> None:
    """Look again and again, once at least."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, f"after {seconds:g} s: {complaint()}"
        time.sleep(0.1)
