"""
A transaction, as the use cases see it.
"""

from types import TracebackType
from typing import Protocol, Self

from catalog.domain.model import Product


class Products(Protocol):
    """All products, as if they were in memory."""

    async def get(self, sku: str) -> Product | None: ...

    def add(self, product: Product) -> None: ...


class UnitOfWork(Protocol):
    """``async with`` it; what is not committed at its end has not happened."""

    @property
    def products(self) -> Products: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        """Raises :exc:`~catalog.domain.model.SkuTaken` or :exc:`~catalog.domain.model.StaleVersion` if we lost a race."""
