"""Clients as a cluster has them: they send while the service is ready, and learn of its going with a delay."""

import asyncio
from collections import Counter

import httpx


async def send_while_ready(url: str, *, path: str, clients: int, probe_every: float) -> Counter[int | str]:
    """
    Ask for ``path`` without a pause until readiness is gone; returns how often each status or error came.

    ``probe_every`` seconds may pass between the end of readiness and the last request sent, as between a kubelet's probe and
    the last kube-proxy. Connections are kept, as a client library would.
    """
    outcomes: Counter[int | str] = Counter()
    ready = True

    async def probe(http: httpx.AsyncClient) -> None:
        nonlocal ready
        while ready:
            await asyncio.sleep(probe_every)
            ready = (await http.get("/readyz")).status_code == 200

    async def ask(http: httpx.AsyncClient) -> None:
        while ready:
            try:
                outcomes[(await http.get(path)).status_code] += 1
            except httpx.TransportError as error:
                outcomes[type(error).__name__] += 1

    limits = httpx.Limits(max_connections=clients)
    async with (
        httpx.AsyncClient(base_url=url, timeout=15, limits=limits) as http,
        httpx.AsyncClient(base_url=url, timeout=15) as prober,
    ):
        await asyncio.gather(probe(prober), *(ask(http) for _ in range(clients)))
    return outcomes
