"""A service whose answers take a while: ``python -m tests.samples.servicekit.slow``."""

import asyncio

from fastapi import FastAPI

from concordat_servicekit import Service

app = FastAPI(openapi_url=None)


@app.get("/quick")
async def quick() -> dict[str, str]:
    await asyncio.sleep(0.02)
    return {}


@app.get("/slow")
async def slow() -> dict[str, str]:
    await asyncio.sleep(2)
    return {"slow": "answered"}


@app.get("/stuck")
async def stuck() -> None:
    await asyncio.sleep(3600)


@app.get("/broken")
async def broken() -> None:
    raise RuntimeError("the chair has three legs and a half")


if __name__ == "__main__":
    Service(name="slow", version="1").run(app)
