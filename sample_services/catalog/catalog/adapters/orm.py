"""
The table, and the domain's classes mapped onto it from outside: the domain does not know that it is stored.
"""

from sqlalchemy import CheckConstraint, Column, Computed, Enum, Integer, Table, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import composite, registry

from catalog.domain.model import Money, Product, State

mapper = registry()

products = Table(
    "products",
    mapper.metadata,
    Column("sku", Text(collation="C"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("price_amount", Integer, nullable=False),
    Column("price_currency", Text, nullable=False),
    Column("state", Enum(State, native_enum=False, values_callable=lambda states: list(states)), nullable=False),
    Column("version", Integer, nullable=False),
    Column("searchable", TSVECTOR, Computed("to_tsvector('simple', sku || ' ' || name || ' ' || description)")),
    CheckConstraint("price_amount >= 0", name="price_not_negative"),
)


def map_classes() -> None:
    """
    Once a process.

    The domain counts versions itself; the database compares: an UPDATE of a version that is gone touches no row, which
    SQLAlchemy reports as StaleDataError.
    """
    if Product in {mapped.class_ for mapped in mapper.mappers}:
        return
    mapper.map_imperatively(
        Product,
        products,
        version_id_col=products.c.version,
        version_id_generator=False,
        exclude_properties=["searchable"],
        properties={"price": composite(Money, products.c.price_amount, products.c.price_currency)},
    )
