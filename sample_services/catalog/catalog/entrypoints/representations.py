"""
What goes over the wire. Strict: a number in quotes is no number, an unknown field is an error, not a typo ignored.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from catalog.domain.model import Money, Product, State
from catalog.views import Page

PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""No control characters but tab and line ends: PostgreSQL stores no NUL, and nobody wants to read the others."""

Sku = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{1,31}$"),
    Field(description="Stock keeping unit: the product's name for machines.", examples=["CHAIR-11"]),
]
Name = Annotated[str, StringConstraints(pattern=PRINTABLE, min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(pattern=PRINTABLE, max_length=2000)]
SearchText = Annotated[str, StringConstraints(pattern=PRINTABLE, min_length=1, max_length=100)]


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 12.0 is 12."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Body(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Price(Body):
    """An amount in the currency's smallest unit: 1299 EUR are 12.99 euros."""

    amount: Annotated[int, Field(ge=0, le=1_000_000_000), BeforeValidator(_whole)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217 code.")]

    def to_domain(self) -> Money:
        return Money(self.amount, self.currency)


class ProductDescription(Body):
    """What may change about a product."""

    name: Name
    description: Description = ""
    price: Price


class NewProduct(ProductDescription):
    """A product to begin with."""

    sku: Sku


class ProductRepresentation(BaseModel):
    """A product as it is. Its ETag is its version."""

    sku: Sku
    name: str
    description: str
    price: Price
    state: State
    version: int

    @classmethod
    def of(cls, product: Product) -> "ProductRepresentation":
        price = Price(amount=product.price.amount, currency=product.price.currency)
        return cls(
            sku=product.sku,
            name=product.name,
            description=product.description,
            price=price,
            state=product.state,
            version=product.version,
        )


class ProductPage(BaseModel):
    """A stretch of the list, ordered by SKU."""

    items: list[ProductRepresentation]
    next: Sku | None = Field(description="Give it as `after` to go on; null at the end.")

    @classmethod
    def of(cls, page: Page) -> "ProductPage":
        return cls(items=[ProductRepresentation.of(product) for product in page.items], next=page.next)


class ProductQuery(BaseModel):
    """Which products."""

    model_config = ConfigDict(extra="forbid")

    search: SearchText | None = Field(None, description="Words to find; `or`, quotes and `-` work as in a web search.")
    state: State | None = None
    after: Sku | None = Field(None, description="Begin behind this SKU.")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


def etag(product: Product) -> str:
    """A strong entity tag: the same version is the same bytes."""
    return f'"{product.version}"'


IF_MATCH = r'^("[1-9][0-9]{0,8}"|\*)$'


def version_in(if_match: str) -> int | None:
    """The version a client has read; None for ``*``."""
    return None if if_match == "*" else int(if_match.strip('"'))
