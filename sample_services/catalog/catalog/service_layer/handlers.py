"""
The use cases that change something. They take what a client said and a unit of work, and know no HTTP and no SQL.
"""

from dataclasses import dataclass

from catalog.domain.model import Money, Product, ProductUnknown, SkuTaken, StaleVersion
from catalog.service_layer.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class CreateProduct:
    """Begin to sell something."""

    sku: str
    name: str
    description: str
    price: Money


@dataclass(frozen=True, kw_only=True)
class ReviseProduct:
    """Describe a product anew, provided it is still at ``expected_version`` (None: whatever it is)."""

    sku: str
    expected_version: int | None
    name: str
    description: str
    price: Money


@dataclass(frozen=True, kw_only=True)
class DiscontinueProduct:
    """Take a product from sale."""

    sku: str


async def create_product(command: CreateProduct, work: UnitOfWork) -> Product:
    """Raises SkuTaken."""
    async with work:
        if await work.products.get(command.sku):
            raise SkuTaken(f"{command.sku} is another product's SKU")
        product = Product(sku=command.sku, name=command.name, description=command.description, price=command.price)
        work.products.add(product)
        await work.commit()
    return product


async def revise_product(command: ReviseProduct, work: UnitOfWork) -> Product:
    """Raises ProductUnknown, ProductDiscontinued, StaleVersion."""
    async with work:
        product = await _known(command.sku, work)
        if command.expected_version not in (None, product.version):
            raise StaleVersion(f"{product.sku} is at version {product.version} by now: read it again and decide anew")
        product.revise(name=command.name, description=command.description, price=command.price)
        await work.commit()
    return product


async def discontinue_product(command: DiscontinueProduct, work: UnitOfWork) -> Product:
    """Raises ProductUnknown."""
    async with work:
        product = await _known(command.sku, work)
        product.discontinue()
        await work.commit()
    return product


async def _known(sku: str, work: UnitOfWork) -> Product:
    product = await work.products.get(sku)
    if product is None:
        raise ProductUnknown(f"there is no product {sku}")
    return product
