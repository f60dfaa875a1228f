"""
A consumer of the catalog, ``python -m tests.live.storefront``: one page, one call, one circuit breaker.

``CATALOG_ADDRESS`` names a file with the address of the release that serves: what a Service's endpoints are in a cluster.
"""

import os
from pathlib import Path

import httpx
import pybreaker
from fastapi import FastAPI
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from concordat_servicekit import Service

CATALOG = "http://catalog.shop"
STATES = {pybreaker.STATE_CLOSED: 0, pybreaker.STATE_OPEN: 1, pybreaker.STATE_HALF_OPEN: 2}

app = FastAPI(openapi_url=None)
breaker = pybreaker.CircuitBreaker(fail_max=50, name="catalog")
service = Service(name="storefront", version="1.0.0")


def serving() -> str:
    """The address of the release that serves now."""
    return Path(os.environ["CATALOG_ADDRESS"]).read_text()


class Endpoints(httpx.AsyncHTTPTransport):
    """Resolves the catalog's name as a cluster would: to whatever serves at the moment."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = httpx.URL(serving()).join(request.url.raw_path.decode())
        return await super().handle_async_request(request)


class Breakers(Collector):
    """The state of the breaker, as the dashboards read it."""

    def collect(self) -> list[GaugeMetricFamily]:
        found = GaugeMetricFamily("circuit_breaker_state", "0 closed, 1 open, 2 half-open.", labels=["dependency"])
        found.add_metric([str(breaker.name)], STATES[breaker.current_state])
        return [found]


service.registry.register(Breakers())
catalog = service.client(CATALOG, transport=Endpoints())


@app.get("/shelf")
async def shelf() -> dict[str, int]:
    """How many products there are on the first page."""
    with breaker.calling():
        answer = await catalog.get("/products")
        answer.raise_for_status()
    return {"products": len(answer.json()["items"])}


if __name__ == "__main__":
    service.run(app)
