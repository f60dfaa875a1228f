"""
A service on OpenTelemetry's SDK alone, ``python -m tests.live.native_service``: what its histograms are, its environment says.

``?outcome=error`` fails, ``?outcome=slow`` takes a quarter of a second.
"""

import asyncio
import os
import time

import uvicorn
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

SLOW = 0.25
provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
durations = provider.get_meter("http").create_histogram("http.server.request.duration", unit="s")


async def order(request: Request) -> PlainTextResponse:
    """One order."""
    began = time.perf_counter()
    outcome = request.query_params.get("outcome")
    if outcome == "slow":
        await asyncio.sleep(SLOW)
    status = 500 if outcome == "error" else 200
    labels = {"http.request.method": "GET", "http.route": "/orders/{id}", "http.response.status_code": status}
    durations.record(time.perf_counter() - began, labels)
    return PlainTextResponse("", status_code=status)


async def alive(_: Request) -> PlainTextResponse:
    """For whoever waits."""
    return PlainTextResponse("")


app = Starlette(routes=[Route("/orders/{id}", order), Route("/healthz", alive)])

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["HTTP_PORT"]), log_level="warning")
