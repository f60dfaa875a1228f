"""
People who use the shop: a bounded stream of requests, on loopback, for as long as the samples run.
"""

import asyncio
import itertools
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import httpx

PER_SECOND = 12
"""Of the clock: enough for five failures in a hundred to show within seconds, little enough for a busy machine."""
SECONDS_EACH = 5.0
KNOWN = "CHAIR-11"


Send = Callable[[httpx.AsyncClient, int], Awaitable[None]]
"""One request, by its number; told as soon as it is due, answered or not what went before."""


@contextmanager
def load(*, catalog: Callable[[], str], storefront: str) -> Iterator[None]:
    """Until the block ends; ``catalog`` tells the address of the release that serves, anew for each request."""
    with stream(lambda http, number: _one(http, number, catalog(), storefront), first=13):
        yield


@contextmanager
def stream(send: Send, *, first: int = 0) -> Iterator[None]:
    """``PER_SECOND`` requests a second, evenly, until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_stream(stop, send, first)))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def _stream(stop: threading.Event, send: Send, first: int) -> None:
    numbers = itertools.count(first)
    async with httpx.AsyncClient(timeout=SECONDS_EACH) as http:
        running: set[asyncio.Task[None]] = set()
        clock = asyncio.get_running_loop()
        due = clock.time()
        while not stop.is_set():
            task = asyncio.create_task(_quietly(send, http, next(numbers)))
            running.add(task)
            task.add_done_callback(running.discard)
            due = max(due + 1 / PER_SECOND, clock.time())  # what a pause of the machine delayed is not sent at once
            await asyncio.sleep(due - clock.time())
        await asyncio.gather(*running)


async def _quietly(send: Send, http: httpx.AsyncClient, number: int) -> None:
    with suppress(httpx.TransportError):  # the services count; a client that gave up is what they see of it
        await send(http, number)


async def _one(http: httpx.AsyncClient, number: int, catalog: str, storefront: str) -> None:
    headers = {"traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"}
    match number % 10:
        case 0:
            await http.post(f"{catalog}/products", json=product(f"TABLE-{number}"), headers=headers)
        case 1 | 2:
            await http.get(f"{storefront}/shelf", headers=headers)
        case 3 | 4 | 5 | 6:
            await http.get(f"{catalog}/products/{KNOWN}", headers=headers)
        case _:
            await http.get(f"{catalog}/products?limit=3", headers=headers)


def product(sku: str) -> dict[str, object]:
    return {"sku": sku, "name": "Wobbly", "price": {"amount": 1299, "currency": "EUR"}}
