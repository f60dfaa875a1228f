"""
A GraphQL service that keeps its contract, or breaks it in one of many ways.
"""

from typing import Any

from graphql import GraphQLError, build_schema, graphql
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

CONTRACT = """
type Query {
  orders(first: Int): [Order!]!
  order(id: ID!): Order
  newest: Item
}
interface Item { id: ID! }
type Order implements Item { id: ID!  state: State!  total: Float!  customer: Customer!  placed: Date! }
type Customer implements Item { id: ID!  name: String! }
enum State { OPEN PAID }
scalar Date
type Mutation { place(customer: String!): Order! }
type Subscription { placed: Order! }
"""

SERVED: dict[str, tuple[str, str]] = {
    "field-is-gone": ("total: Float!", ""),
    "field-may-not-be-selected": ("name: String!", "name: Name!"),
    "argument-is-gone": ("(first: Int)", ""),
    "argument-became-required": ("(first: Int)", "(first: Int, shop: ID!)"),
    "operation-is-gone": ("order(id: ID!): Order", ""),
    "enum-grew-and-uses-it": ("OPEN PAID", "OPEN PAID LOST"),
    "number-is-sent-as-text": ("total: Float!", "total: String!"),
    "null-where-none-is-allowed": ("customer: Customer!", "customer: Customer"),
    "object-is-sent-as-list": ("newest: Item", "newest: [Item]"),
}
"""Bug -> what is another schema at the service."""
ANSWERED: dict[str, str] = {
    "crashes-and-says-so": "an error with the code INTERNAL_SERVER_ERROR",
    "is-no-json": "a page of a proxy",
    "answers-500": "HTTP says what GraphQL does not",
}
BUGS = [*SERVED, *ANSWERED]

HABITS = {
    "not-found-is-an-error": "a field that may be null, with an error beside it",
    "values-are-refused": "a page of 0 orders is BAD_USER_INPUT",
}
"""What a schema allows, and servers do."""


class Storefront:
    """Two orders, and how often somebody wrote."""

    def __init__(self, bug: str = "") -> None:
        self.bug = bug
        self.writes = 0
        old, new = SERVED.get(bug, ("", ""))
        assert old in CONTRACT
        self._schema = build_schema(
            CONTRACT.replace(old, new).replace("scalar Date", "scalar Date  type Name { first: String }")
        )
        self._schema.type_map["Item"].resolve_type = lambda value, *_: "Order" if "state" in value else "Customer"  # type: ignore[attr-defined]

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/graphql", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        if self.bug == "is-no-json":
            return PlainTextResponse("<html>welcome</html>")
        if self.bug == "answers-500":
            return JSONResponse({"data": None}, status_code=500)
        asked = await request.json()
        result = await graphql(
            self._schema, asked["query"], root_value=self._root(), variable_values=asked.get("variables")
        )
        return JSONResponse(result.formatted)

    def _root(self) -> dict[str, Any]:
        return {"orders": self._orders, "order": self._order, "newest": self._newest, "place": self._place}

    def _stored(self) -> list[dict[str, Any]]:
        customer = None if self.bug == "null-where-none-is-allowed" else {"id": "c-1", "name": "Ann"}
        state = "LOST" if self.bug == "enum-grew-and-uses-it" else "PAID"
        order = {"state": state, "total": 9.5, "customer": customer, "placed": "2026-11-28"}
        return [{"id": "o-1", **order}, {"id": "o-2", **order}]

    def _orders(self, info: Any, first: int = 10, **_: Any) -> list[dict[str, Any]]:
        if self.bug == "crashes-and-says-so":
            raise GraphQLError("boom", extensions={"code": "INTERNAL_SERVER_ERROR"})
        if self.bug == "values-are-refused" and first == 0:
            raise GraphQLError("first: at least 1", extensions={"code": "BAD_USER_INPUT"})
        return self._stored()

    def _order(self, info: Any, **asked: str) -> dict[str, Any] | None:
        found = next((order for order in self._stored() if order["id"] == asked["id"]), None)
        if found is None and self.bug == "not-found-is-an-error":
            raise GraphQLError(f"there is no order {asked}")
        return found

    def _newest(self, info: Any) -> Any:
        newest = self._stored()[-1]
        return [newest] if self.bug == "object-is-sent-as-list" else newest

    def _place(self, info: Any, customer: str) -> dict[str, Any]:
        self.writes += 1
        return self._stored()[0]
