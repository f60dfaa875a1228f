"""
The REST interface, and its OpenAPI document.
"""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from starlette.types import Lifespan

from catalog import views
from catalog.adapters.database import Database
from catalog.entrypoints import faults, problems
from catalog.entrypoints.representations import (
    IF_MATCH,
    NewProduct,
    ProductDescription,
    ProductPage,
    ProductQuery,
    ProductRepresentation,
    Sku,
    etag,
    version_in,
)
from catalog.service_layer import handlers

API_VERSION = "1.0.0"
"""Of the contract; the program's own version moves with every release."""


def database(request: Request) -> Database:
    """The one ``bootstrap`` has put into the application."""
    found: Database = request.app.state.database
    return found


Store = Annotated[Database, Depends(database)]

router = APIRouter(
    prefix="/products",
    tags=["products"],
    dependencies=[Depends(faults.strike)],
    responses=problems.responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
ETAG = {"headers": {"ETag": {"description": "The product's version.", "schema": {"type": "string"}}}}


@router.get("", operation_id="listProducts")
async def list_products(query: Annotated[ProductQuery, Query()], store: Store) -> ProductPage:
    """Products in the order of their SKU, those that match `search` and `state`."""
    page = await views.list_products(
        store, search=query.search, state=query.state, after=query.after, limit=query.limit
    )
    return ProductPage.of(page)


@router.post(
    "",
    operation_id="createProduct",
    status_code=HTTPStatus.CREATED,
    responses={
        201: {
            "headers": ETAG["headers"] | {"Location": {"schema": {"type": "string"}}},
            "links": {
                "GetProduct": {"operationId": "getProduct", "parameters": {"sku": "$response.body#/sku"}},
                "DiscontinueProduct": {
                    "operationId": "discontinueProduct",
                    "parameters": {"sku": "$response.body#/sku"},
                },
            },
        },
        **problems.responses(HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT),
    },
)
async def create_product(body: NewProduct, store: Store, response: Response) -> ProductRepresentation:
    """Begin to sell a product."""
    product = await handlers.create_product(
        handlers.CreateProduct(
            sku=body.sku, name=body.name, description=body.description, price=body.price.to_domain()
        ),
        store.unit_of_work(),
    )
    response.headers["Location"] = f"/products/{product.sku}"
    response.headers["ETag"] = etag(product)
    return ProductRepresentation.of(product)


@router.get(
    "/{sku}",
    operation_id="getProduct",
    response_model=ProductRepresentation,
    responses={
        200: ETAG,
        304: {"description": "Unchanged since the version in If-None-Match."},
        **problems.responses(HTTPStatus.NOT_FOUND),
    },
)
async def get_product(
    sku: Sku, store: Store, response: Response, if_none_match: Annotated[str | None, Header()] = None
) -> Any:
    """One product."""
    product = await views.get_product(sku, store)
    tag = etag(product)
    if if_none_match is not None and tag in (known.strip() for known in if_none_match.split(",")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return ProductRepresentation.of(product)


@router.put(
    "/{sku}",
    operation_id="reviseProduct",
    responses={
        200: ETAG,
        **problems.responses(
            HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED
        ),
    },
)
async def revise_product(
    sku: Sku,
    body: ProductDescription,
    if_match: Annotated[str, Header(pattern=IF_MATCH, description="ETag of the version read, or `*` to overwrite.")],
    store: Store,
    response: Response,
) -> ProductRepresentation:
    """Describe a product anew. Refused if somebody else changed it since it was read."""
    product = await handlers.revise_product(
        handlers.ReviseProduct(
            sku=sku,
            expected_version=version_in(if_match),
            name=body.name,
            description=body.description,
            price=body.price.to_domain(),
        ),
        store.unit_of_work(),
    )
    response.headers["ETag"] = etag(product)
    return ProductRepresentation.of(product)


@router.post(
    "/{sku}/discontinuation",
    operation_id="discontinueProduct",
    responses={200: ETAG, **problems.responses(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED)},
)
async def discontinue_product(sku: Sku, store: Store, response: Response) -> ProductRepresentation:
    """Take a product from sale, for good. It stays readable."""
    product = await handlers.discontinue_product(handlers.DiscontinueProduct(sku=sku), store.unit_of_work())
    response.headers["ETag"] = etag(product)
    return ProductRepresentation.of(product)


def application(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The application without its database: complete enough to be described, not to be asked."""
    app = FastAPI(
        title="Catalog",
        summary="Products one can look up, and change without stepping on each other.",
        version=API_VERSION,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        telemetry={"metrics": False, "logs": False, "operation_spans": False},
    )
    app.include_router(router)
    problems.install(app)
    described = app.openapi

    def openapi() -> dict[str, Any]:
        """FastAPI's document, with our problems in the place of its own validation errors."""
        if app.openapi_schema is None:
            schemas = described()["components"]["schemas"]
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for model in (problems.FieldProblem, problems.Problem):
                schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
                schemas[model.__name__].pop("$defs", None)
        return described()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
    return app
