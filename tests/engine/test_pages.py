"""
A LIST is read in pages that fit what is in them, and the event loop has its turn while one is taken.
"""

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from concordat.cluster.connection.client import LARGEST_PAGE, PAGE, PAGE_BYTES, Client
from concordat.resources.kinds import SERVICE


class _Pages:
    """Objects of so many bytes each, as an API server would give them."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes
        self.asked: list[int] = []

    async def page(self, path: str, *, accept: str) -> tuple[dict[str, Any], int]:
        query = parse_qs(urlsplit(path).query)
        limit, start = int(query["limit"][0]), int(query.get("continue", ["0"])[0])
        self.asked.append(limit)
        items = self._sizes[start : start + limit]
        proceed = str(start + limit) if start + limit < len(self._sizes) else ""
        return {"items": items, "metadata": {"continue": proceed, "resourceVersion": "7"}}, sum(items)


def _client(pages: _Pages) -> Client:
    client = object.__new__(Client)
    client._page = pages.page  # type: ignore[method-assign]
    return client


async def test_pages_grow_while_they_are_small_and_shrink_when_they_are_large() -> None:
    """What is parsed at a time stays about a megabyte, whatever somebody stores."""
    small = _Pages([100] * 1000)
    assert len((await _client(small).list(SERVICE, lambda item: item)).items) == 1000
    assert small.asked[:4] == [PAGE, 2 * PAGE, LARGEST_PAGE, LARGEST_PAGE]

    large = _Pages([PAGE_BYTES] * 60)
    assert len((await _client(large).list(SERVICE, lambda item: item)).items) == 60
    assert large.asked[:5] == [25, 12, 6, 3, 1]
    assert max(large.asked[5:]) <= 2


async def test_whoever_waits_has_a_turn_between_two_objects() -> None:
    """A page that takes half a second to understand holds the loop for a fiftieth of it at a time."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    await _client(_Pages([1] * 20)).list(SERVICE, lambda item: time.sleep(0.011))
    waiting.cancel()
    assert turns >= 15
