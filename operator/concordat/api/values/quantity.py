"""
Kubernetes quantities: ``250m``, ``256Mi``.
"""

from fractions import Fraction

_UNITS = {
    "": Fraction(1),
    "m": Fraction(1, 1000),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
}


def quantity(text: str) -> Fraction:
    """
    Cores or bytes, exactly.

    Raises :exc:`ValueError` for what is no quantity. The suffixes above a tera and exponents are not understood: no
    service asks for a peta of anything.
    """
    unit = text.lstrip("0123456789.")
    if unit not in _UNITS:
        raise ValueError(f"{text} is no quantity: {unit} is no unit")
    return Fraction(text.removesuffix(unit)) * _UNITS[unit]
