"""
Short durations as people write them: ``200ms``, ``1.5s``.
"""

import re
from decimal import Decimal

PATTERN = r"([0-9]{1,5}([.][0-9])?ms|[0-9]{1,5}([.][0-9]{1,3})?s)"
"""No finer than a tenth of a millisecond: as bucket bounds, smaller numbers are spelled differently by different clients."""


def seconds(text: str) -> Decimal:
    """
    Exactly; never a binary fraction.

    Raises :exc:`ValueError` for what is no duration.
    """
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text} is no duration: write it like 200ms or 1.5s")
    if text.endswith("ms"):
        return Decimal(text.removesuffix("ms")) / 1000
    return Decimal(text.removesuffix("s"))
