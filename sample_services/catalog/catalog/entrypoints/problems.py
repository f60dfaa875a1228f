"""
Errors as RFC 9457 problems: every one of them, also those the framework finds.
"""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from catalog.adapters.database import DatabaseUnavailable
from catalog.domain.model import CatalogError, ProductDiscontinued, ProductUnknown, SkuTaken, StaleVersion
from concordat_servicekit import routes

MEDIA_TYPE = "application/problem+json"

STATUS = {
    ProductUnknown: HTTPStatus.NOT_FOUND,
    SkuTaken: HTTPStatus.CONFLICT,
    ProductDiscontinued: HTTPStatus.CONFLICT,
    StaleVersion: HTTPStatus.PRECONDITION_FAILED,
}

RETRY_SECONDS = "2"


class FieldProblem(BaseModel):
    """One field and what is wrong with it."""

    field: str = Field(description="Where it is, e.g. `body.price.currency`.")
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] | None = None


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The entries of an operation's errors in the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status.value: {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every error with a problem."""

    @app.exception_handler(CatalogError)
    async def refused(_: Request, error: CatalogError) -> JSONResponse:
        return _answer(STATUS[type(error)], detail=str(error))

    @app.exception_handler(DatabaseUnavailable)
    async def unavailable(_: Request, error: DatabaseUnavailable) -> JSONResponse:
        return _answer(
            HTTPStatus.SERVICE_UNAVAILABLE,
            detail="the database is not available",
            headers={"Retry-After": RETRY_SECONDS},
        )

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # Without the input: it may hold what no JSON can, and is the client's own anyway.
        errors = [
            FieldProblem(field=".".join(map(_printable, detail["loc"])), message=_printable(detail["msg"]))
            for detail in error.errors()
        ]
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, errors=errors)

    @app.exception_handler(HTTPException)
    async def refused_by_framework(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = _allowed(request)
        return _answer(HTTPStatus(error.status_code), headers=headers)


def _allowed(request: Request) -> str:
    """Every method of the path: the framework names those of its first route alone."""
    path = routes.matched(request.scope, root_path="")
    return ", ".join(
        sorted({m for route in routes.templates(request.app) if route.path == path for m in route.methods})
    )


def _printable(part: Any) -> str:
    return str(part).encode("utf-8", "replace").decode()


def _answer(
    status: HTTPStatus,
    *,
    detail: str | None = None,
    errors: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    problem = Problem(title=status.phrase, status=status, detail=detail, errors=errors)
    return JSONResponse(problem.model_dump(exclude_none=True), status, headers, media_type=MEDIA_TYPE)
