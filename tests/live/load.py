"""
People who use the shop: a bounded stream of requests, on loopback, for as long as the samples run.
"""

import asyncio
import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

PER_SECOND = 12
"""Of the clock: enough for five failures in a hundred to show within seconds, little enough for a busy machine."""
SECONDS_EACH = 5.0
KNOWN = "CHAIR-11"


@contextmanager
def load(*, catalog: Callable[[], str], storefront: str) -> Iterator[None]:
    """Until the block ends; ``catalog`` tells the address of the release that serves, anew for each request."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_send(stop, catalog, storefront)))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def _send(stop: threading.Event, catalog: Callable[[], str], storefront: str) -> None:
    numbers = itertools.count(13)
    async with httpx.AsyncClient(timeout=SECONDS_EACH) as http:
        running: set[asyncio.Task[None]] = set()
        clock = asyncio.get_running_loop()
        due = clock.time()
        while not stop.is_set():
            task = asyncio.create_task(_one(http, next(numbers), catalog(), storefront))
            running.add(task)
            task.add_done_callback(running.discard)
            due = max(due + 1 / PER_SECOND, clock.time())  # what a pause of the machine delayed is not sent at once
            await asyncio.sleep(due - clock.time())
        await asyncio.gather(*running)


async def _one(http: httpx.AsyncClient, number: int, catalog: str, storefront: str) -> None:
    headers = {"traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"}
    try:
        match number % 10:
            case 0:
                await http.post(f"{catalog}/products", json=product(f"TABLE-{number}"), headers=headers)
            case 1 | 2:
                await http.get(f"{storefront}/shelf", headers=headers)
            case 3 | 4 | 5 | 6:
                await http.get(f"{catalog}/products/{KNOWN}", headers=headers)
            case _:
                await http.get(f"{catalog}/products?limit=3", headers=headers)
    except httpx.TransportError:
        pass  # the services count; a client that gave up is what they see of it


def product(sku: str) -> dict[str, object]:
    return {"sku": sku, "name": "Wobbly", "price": {"amount": 1299, "currency": "EUR"}}
