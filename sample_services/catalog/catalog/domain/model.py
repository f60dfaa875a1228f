"""
Products, their prices, and the rules of changing them.

    CatalogError
    ├── ProductUnknown        no such SKU
    ├── SkuTaken              another product has it already
    ├── ProductDiscontinued   gone from sale, and so beyond change
    └── StaleVersion          somebody else changed it since it was read
"""

from dataclasses import dataclass
from enum import StrEnum


class CatalogError(Exception):
    """Something the catalog refuses; the text is for the client."""


class ProductUnknown(CatalogError):
    """No such SKU."""


class SkuTaken(CatalogError):
    """Another product has this SKU already."""


class ProductDiscontinued(CatalogError):
    """Gone from sale, and so beyond change."""


class StaleVersion(CatalogError):
    """Somebody else changed the product since it was read."""


class State(StrEnum):
    """Whether a product is for sale."""

    ACTIVE = "active"
    DISCONTINUED = "discontinued"


@dataclass(frozen=True)
class Money:
    """An amount in the currency's smallest unit: 1299 EUR are 12.99 euros. No fractions, no rounding."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("a price cannot be negative")


@dataclass(kw_only=True, eq=False)
class Product:
    """Something we sell. ``version`` counts its changes, from 1."""

    sku: str
    name: str
    description: str
    price: Money
    state: State = State.ACTIVE
    version: int = 1

    def revise(self, *, name: str, description: str, price: Money) -> None:
        """Describe it anew; the same words again are no change."""
        if self.state is State.DISCONTINUED:
            raise ProductDiscontinued(f"{self.sku} is discontinued and cannot be changed")
        if (name, description, price) == (self.name, self.description, self.price):
            return
        self.name, self.description, self.price = name, description, price
        self.version += 1

    def discontinue(self) -> None:
        """Take it from sale, for good. Once more changes nothing."""
        if self.state is State.DISCONTINUED:
            return
        self.state = State.DISCONTINUED
        self.version += 1
