"""
No regular expression of the product backtracks; the check itself is tried on some that do.
"""

import pytest

from tests.safety.patterns import all_patterns, backtracks


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a|a)*b", "(a*)*b", "(a|aa)+b", r"\s*\s*x", "a*ba*a*c", r'(?:\s+|"{3}.*?"{3}|"[^"]*")*x', "(.*)(.*)x"],
)
def test_what_backtracks_is_found(pattern: str) -> None:
    """Exponential and polynomial."""
    assert backtracks(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["a+b", r"(?:\s++|#[^\n]*+)*+x", "[a-z]([-a-z0-9]*[a-z0-9])?", r'"(?:[^"\\]|\\.)*"', "[a-z]+([.][a-z]+)*"],
)
def test_what_does_not_is_let_through(pattern: str) -> None:
    """Loops that are told apart by their letters, and those that give nothing back."""
    assert not backtracks(pattern)


def test_no_pattern_of_the_product_backtracks() -> None:
    """Neither in the source nor in the schemas."""
    patterns = all_patterns()
    assert len(patterns) > 70
    assert not [(where, pattern, why) for where, pattern, flags in patterns if (why := backtracks(pattern, flags))]
