"""A small application with every kind of route, and ways to ask it and its metrics."""

import httpx
from fastapi import APIRouter, FastAPI
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from concordat_servicekit import Service, Settings

LABELS = ("version", "revision", "http_request_method", "http_route", "http_response_status_code", "le")
OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}


def application() -> FastAPI:
    app = FastAPI(openapi_url=None, telemetry={"metrics": False, "logs": False, "operation_spans": False})

    @app.get("/chairs/{chair}")
    async def read_chair(chair: str) -> dict[str, str]:
        return {"chair": chair}

    @app.post("/chairs", status_code=201)
    async def create_chair() -> dict[str, str]:
        return {}

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the chair has three legs and a half")

    included = APIRouter(prefix="/tables")

    @included.get("/{table}/legs")
    async def legs(table: str) -> dict[str, str]:
        return {"table": table}

    async def lamp(_: object) -> PlainTextResponse:
        return PlainTextResponse("bright")

    app.include_router(included, prefix="/v1")
    app.mount("/lamps", Starlette(routes=[Route("/{lamp}", lamp)]))
    return app


def service(**settings: object) -> Service:
    return Service(name="shop", version="11.12.13", settings=Settings(**settings))  # type: ignore[arg-type]


def client(app: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://shop")


async def samples(http: httpx.AsyncClient, name: str) -> dict[tuple[str, ...], float]:
    """Label values of each sample called ``name``, in the order of :data:`LABELS`, and its value."""
    answer = await http.get("/metrics", headers=OPENMETRICS)
    return {
        tuple(sample.labels[label] for label in LABELS if label in sample.labels): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == name
    }
