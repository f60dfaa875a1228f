"""
A service that keeps its contract, or breaks it in one of many ways: ``python -m tests.conformance.orders PORT BUG``.

Orders exist before anybody asks; ids are not to be guessed, so that whoever does not learn them from the list finds nothing.
"""

import itertools
import sys
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import jsonschema
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

BUGS: dict[str, str] = {
    "crashes-on-an-empty-order": "500 for an order without items",
    "list-crashes-on-a-limit": "500 when the list is asked for a page of one",
    "total-is-a-string": "a number that is sent as text",
    "state-is-not-in-the-enum": "a state the contract does not know",
    "required-property-is-missing": "no total",
    "null-where-none-is-allowed": "customer is null",
    "answers-in-another-media-type": "text/plain for an order",
    "undocumented-status": "202 for an order",
    "nothing-found-is-undocumented": "410 for an unknown order",
    "list-is-an-object": "a page where a list is promised",
    "header-is-no-number": "X-Total is a word",
    "header-is-missing": "no X-Total",
    "item-quantity-is-negative": "a bound that does not hold, two levels down",
    "date-is-no-date": "a format that does not hold",
    "error-has-another-shape": "a 404 without its detail",
}
"""Name -> what is wrong; every one can be found by reading alone."""

WRITING_BUGS: dict[str, str] = {
    "crashes-on-creation": "500 for an order with many items",
    "lives-after-deletion": "an order that was deleted is still there",
    "created-order-is-not-found": "an order that was just created is not there",
}
"""Found only by whoever may write."""

ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "state", "total", "customer", "placed", "items"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "state": {"enum": ["open", "paid", "shipped"]},
        "total": {"type": "number"},
        "customer": {"type": "string"},
        "placed": {"type": "string", "format": "date"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["sku", "quantity"],
                "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}},
            },
        },
    },
}
PROBLEM = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
NEW_ORDER = {
    "type": "object",
    "required": ["customer", "items"],
    "additionalProperties": False,
    "properties": {
        "customer": {"type": "string", "minLength": 1, "maxLength": 20},
        "items": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["sku", "quantity"],
                "additionalProperties": False,
                "properties": {
                    "sku": {"type": "string", "minLength": 1, "maxLength": 20},
                    "quantity": {"type": "integer", "minimum": 1, "maximum": 100},
                },
            },
        },
    },
}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_NOT_FOUND = {"description": "unknown", "content": _json(_ref("Problem"))}
_ID = {"name": "orderId", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 64}}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "orders", "version": "1.0.0"},
    "paths": {
        "/orders": {
            "get": {
                "operationId": "listOrders",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}}
                ],
                "responses": {
                    "200": {
                        "description": "orders",
                        "headers": {"X-Total": {"required": True, "schema": {"type": "integer"}}},
                        "content": _json({"type": "array", "items": _ref("Order")}),
                    },
                    "422": {"description": "not understood", "content": _json(_ref("Problem"))},
                },
            },
            "post": {
                "operationId": "createOrder",
                "requestBody": {"required": True, "content": _json(_ref("NewOrder"))},
                "responses": {
                    "201": {"description": "created", "content": _json(_ref("Order"))},
                    "422": {"description": "not understood", "content": _json(_ref("Problem"))},
                },
            },
        },
        "/orders/{orderId}": {
            "parameters": [_ID],
            "get": {
                "operationId": "getOrder",
                "responses": {"200": {"description": "one", "content": _json(_ref("Order"))}, "404": _NOT_FOUND},
            },
            "delete": {
                "operationId": "deleteOrder",
                "responses": {"204": {"description": "gone"}, "404": _NOT_FOUND},
            },
        },
    },
    "components": {"schemas": {"Order": ORDER, "NewOrder": NEW_ORDER, "Problem": PROBLEM}},
}


def _route(path: str, **methods: Callable[[Request], Awaitable[Response]]) -> Route:
    """One route a path, so that ``Allow`` names all of its methods."""

    async def answer(request: Request) -> Response:
        return await methods[request.method](request)

    route = Route(path, answer, methods=list(methods))
    route.methods = set(methods)  # without the HEAD that Starlette adds and the contract does not know
    return route


class Orders:
    """The service, with one bug or none."""

    def __init__(self, bug: str = "") -> None:
        self.bug = bug
        self.writes = 0
        self._orders: dict[str, dict[str, Any]] = {}
        for state, items in itertools.product(("open", "paid"), (0, 2)):
            self._add("somebody", [{"sku": f"sku-{n}", "quantity": n + 1} for n in range(items)], state=state)

    def app(self) -> Starlette:
        """To serve."""
        return Starlette(
            routes=[
                _route("/orders", GET=self._list, POST=self._create),
                _route("/orders/{order_id:path}", GET=self._get, DELETE=self._delete),
                Route("/writes", lambda _: JSONResponse(self.writes)),
            ]
        )

    def _add(self, customer: str, items: list[Any], *, state: str = "open") -> dict[str, Any]:
        order = {
            "id": str(uuid.uuid4()),
            "state": state,
            "total": sum(item["quantity"] for item in items) * 1.5,
            "customer": customer,
            "placed": "2026-11-28",
            "items": items,
        }
        self._orders[str(order["id"])] = order
        return order

    async def _list(self, request: Request) -> Response:
        text = request.query_params.get("limit", "10")
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100 or len(text) > 3:
            return JSONResponse({"detail": "limit is a number from 1 to 100"}, status_code=422)
        if self.bug == "list-crashes-on-a-limit" and int(text) == 1:
            raise RuntimeError(self.bug)
        found = [self._shown(order) for order in list(self._orders.values())[: int(text)]]
        headers = {"X-Total": "many" if self.bug == "header-is-no-number" else str(len(self._orders))}
        if self.bug == "header-is-missing":
            del headers["X-Total"]
        return JSONResponse({"orders": found} if self.bug == "list-is-an-object" else found, headers=headers)

    async def _get(self, request: Request) -> Response:
        order = self._orders.get(request.path_params["order_id"])
        if order is None:
            status = 410 if self.bug == "nothing-found-is-undocumented" else 404
            key = "message" if self.bug == "error-has-another-shape" else "detail"
            return JSONResponse({key: "there is no such order"}, status_code=status)
        if self.bug == "crashes-on-an-empty-order":
            order["total"] / len(order["items"])
        if self.bug == "answers-in-another-media-type":
            return PlainTextResponse("an order")
        return JSONResponse(self._shown(order), status_code=202 if self.bug == "undocumented-status" else 200)

    async def _create(self, request: Request) -> Response:
        self.writes += 1
        try:
            body = await request.json()
            items = [{"sku": item["sku"], "quantity": item["quantity"]} for item in body["items"]]
            customer = body["customer"]
        except (ValueError, TypeError, KeyError, UnicodeDecodeError, RecursionError):
            return JSONResponse({"detail": "not understood"}, status_code=422)
        if not _valid(body):
            return JSONResponse({"detail": "not understood"}, status_code=422)
        if self.bug == "crashes-on-creation" and len(items) > 2:
            raise RuntimeError(self.bug)
        order = self._add(customer, items)
        if self.bug == "created-order-is-not-found":
            del self._orders[order["id"]]
        return JSONResponse(order, status_code=201)

    async def _delete(self, request: Request) -> Response:
        self.writes += 1
        order_id = request.path_params["order_id"]
        if order_id not in self._orders:
            return JSONResponse({"detail": "there is no such order"}, status_code=404)
        if self.bug != "lives-after-deletion":
            del self._orders[order_id]
        return Response(status_code=204)

    def _shown(self, order: dict[str, Any]) -> dict[str, Any]:
        spoil = _SPOILT.get(self.bug)
        return spoil(order) if spoil else order


_SPOILT: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "total-is-a-string": lambda order: order | {"total": str(order["total"])},
    "state-is-not-in-the-enum": lambda order: order | {"state": "lost"},
    "required-property-is-missing": lambda order: {key: value for key, value in order.items() if key != "total"},
    "null-where-none-is-allowed": lambda order: order | {"customer": None},
    "item-quantity-is-negative": lambda order: order | {"items": [item | {"quantity": -1} for item in order["items"]]},
    "date-is-no-date": lambda order: order | {"placed": "yesterday"},
}


def _valid(body: Any) -> bool:
    try:
        jsonschema.validate(body, NEW_ORDER)
    except jsonschema.ValidationError:
        return False
    return True


if __name__ == "__main__":
    uvicorn.run(Orders(sys.argv[2] if len(sys.argv) > 2 else "").app(), port=int(sys.argv[1]), log_level="warning")
