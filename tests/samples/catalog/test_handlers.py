"""The use cases, on a shelf in memory."""

from typing import Any, Self

import pytest

from catalog.domain.model import Money, Product, ProductUnknown, SkuTaken, StaleVersion, State
from catalog.service_layer.handlers import (
    CreateProduct,
    DiscontinueProduct,
    ReviseProduct,
    create_product,
    discontinue_product,
    revise_product,
)


class Shelf:
    """A unit of work without a database; ``kept`` is what was committed."""

    def __init__(self, *products: Product) -> None:
        self.products = self
        self.known = {product.sku: product for product in products}
        self.commits = 0

    async def get(self, sku: str) -> Product | None:
        return self.known.get(sku)

    def add(self, product: Product) -> None:
        self.known[product.sku] = product

    async def commit(self) -> None:
        self.commits += 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: Any) -> None:
        pass


PRICE = Money(1299, "EUR")


def chair() -> Product:
    return Product(sku="CHAIR-11", name="Wobbly", description="", price=PRICE, version=13)


def revision(expected: int | None) -> ReviseProduct:
    return ReviseProduct(sku="CHAIR-11", expected_version=expected, name="Steady", description="", price=PRICE)


async def test_a_product_is_created_once() -> None:
    """The second one of the same SKU is refused and nothing is committed."""
    shelf = Shelf()
    command = CreateProduct(sku="CHAIR-11", name="Wobbly", description="", price=PRICE)
    product = await create_product(command, shelf)
    assert (product, 1) == (shelf.known["CHAIR-11"], shelf.commits)
    with pytest.raises(SkuTaken, match="CHAIR-11"):
        await create_product(command, shelf)
    assert 1 == shelf.commits


@pytest.mark.parametrize("expected", [13, None])
async def test_a_revision_of_what_was_read_is_kept(expected: int | None) -> None:
    """The version read, or explicitly any."""
    shelf = Shelf(chair())
    assert 14 == (await revise_product(revision(expected), shelf)).version
    assert 1 == shelf.commits


async def test_a_revision_of_what_has_changed_since_is_refused() -> None:
    """Nobody overwrites what they have not seen; the message tells the version of now."""
    shelf = Shelf(chair())
    with pytest.raises(StaleVersion, match="version 13"):
        await revise_product(revision(12), shelf)
    assert ("Wobbly", 0) == (shelf.known["CHAIR-11"].name, shelf.commits)


async def test_what_is_not_there_cannot_be_changed() -> None:
    """Both ways of changing say which product is unknown."""
    with pytest.raises(ProductUnknown, match="CHAIR-11"):
        await revise_product(revision(None), Shelf())
    with pytest.raises(ProductUnknown, match="CHAIR-11"):
        await discontinue_product(DiscontinueProduct(sku="CHAIR-11"), Shelf())


async def test_a_discontinued_product_stays() -> None:
    """It changes its state; nothing is deleted."""
    shelf = Shelf(chair())
    await discontinue_product(DiscontinueProduct(sku="CHAIR-11"), shelf)
    assert (State.DISCONTINUED, 1) == (shelf.known["CHAIR-11"].state, shelf.commits)
