"""
The same application twice, ``python -m tests.samples.servicekit.echo APPLICATION (bare | instrumented)``: on the server
alone, and with everything around it that a service gets.
"""

import os
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from concordat_servicekit import Service, Settings

HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    """As little as an ASGI application can do."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"{}"})


fastapi = FastAPI(openapi_url=None)


@fastapi.get("/things/{thing}")
async def thing(thing: str) -> dict[str, str]:
    return {}


APPLICATIONS: dict[str, Any] = {"raw": raw, "fastapi": fastapi}

if __name__ == "__main__":
    application = APPLICATIONS[sys.argv[1]]
    if sys.argv[2] == "instrumented":
        application = Service(name="echo", version="1", settings=Settings()).instrument(application)
    port = int(os.environ["HTTP_PORT"])
    uvicorn.run(application, port=port, access_log=False, log_config=None, lifespan="off", server_header=False)
