"""The rules of products."""

import pytest

from catalog.domain.model import Money, Product, ProductDiscontinued, State


def chair() -> Product:
    return Product(sku="CHAIR-11", name="Wobbly", description="three legs", price=Money(1299, "EUR"))


def test_a_price_is_not_negative() -> None:
    """Nobody is paid to take a chair."""
    with pytest.raises(ValueError, match="negative"):
        Money(-1, "EUR")


def test_a_revision_counts() -> None:
    """Each change is a new version."""
    product = chair()
    product.revise(name="Steady", description="four legs", price=Money(1399, "EUR"))
    assert ("Steady", "four legs", Money(1399, "EUR"), 2) == (
        product.name,
        product.description,
        product.price,
        product.version,
    )


def test_the_same_words_are_no_change() -> None:
    """Sending twice what one read leaves the version, and so everybody's ETag, alone."""
    product = chair()
    product.revise(name="Wobbly", description="three legs", price=Money(1299, "EUR"))
    assert 1 == product.version


def test_discontinuing_twice_is_once() -> None:
    """A client that repeats itself after a time-out does no harm."""
    product = chair()
    product.discontinue()
    product.discontinue()
    assert (State.DISCONTINUED, 2) == (product.state, product.version)


def test_what_is_discontinued_does_not_change() -> None:
    """It stays in the catalog as it was last sold."""
    product = chair()
    product.discontinue()
    with pytest.raises(ProductDiscontinued, match="CHAIR-11"):
        product.revise(name="Antique", description="", price=Money(99999, "EUR"))
    assert "Wobbly" == product.name
