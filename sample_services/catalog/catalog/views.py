"""
Reading: straight from the tables, past the use cases, since nothing is decided.
"""

from dataclasses import dataclass

from sqlalchemy import func, select

from catalog.adapters.database import Database
from catalog.adapters.orm import products
from catalog.domain.model import Product, ProductUnknown, State


@dataclass(frozen=True, kw_only=True)
class Page:
    """A stretch of the list, ordered by SKU."""

    items: tuple[Product, ...]
    next: str | None
    """The SKU after which the list goes on; None at its end."""


async def get_product(sku: str, database: Database) -> Product:
    """Raises ProductUnknown."""
    async with database.session() as session:
        product = await session.get(Product, sku)
    if product is None:
        raise ProductUnknown(f"there is no product {sku}")
    return product


async def list_products(
    database: Database, *, search: str | None, state: State | None, after: str | None, limit: int
) -> Page:
    """
    At most ``limit`` products whose SKU comes behind ``after``.

    By key and not by offset: page 1,000 costs what page 1 costs, and a product added meanwhile shifts nothing.
    """
    query = select(Product).order_by(products.c.sku).limit(limit + 1)
    if search is not None:
        query = query.where(products.c.searchable.bool_op("@@")(func.websearch_to_tsquery("simple", search)))
    if state is not None:
        query = query.where(products.c.state == state)
    if after is not None:
        query = query.where(products.c.sku > after)

    async with database.session() as session:
        found = tuple(await session.scalars(query))
    more = len(found) > limit
    return Page(items=found[:limit], next=found[limit - 1].sku if more else None)
