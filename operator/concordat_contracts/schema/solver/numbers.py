"""Sets of numbers: an interval, common multiples, and what is left out."""

from fractions import Fraction
from math import ceil, floor, gcd, lcm

from concordat_contracts.schema.model.keywords import Bound
from concordat_contracts.schema.model.values import plain_number
from concordat_contracts.schema.solver.answers import EMPTY, UNKNOWN, Answer, Sample
from concordat_contracts.schema.solver.terms import is_empty
from concordat_contracts.steps import spend

TRIED = 4096


def pick(
    low: Bound | None, high: Bound | None, multiples: set[Fraction], others: set[Fraction], without: set[Fraction]
) -> Answer:
    """
    A number between ``low`` and ``high``, a multiple of all ``multiples``, of none of ``others`` and not ``without``.

    Decides always, but for a mixture of many divisors.
    """
    if is_empty(low, high):
        return EMPTY
    if not multiples:
        return _pick_any(low, high, others, without)
    step = _common(multiples)
    first = None if low is None else _index(low[0] / step, strict=low[1], away=1)
    last = None if high is None else _index(high[0] / step, strict=high[1], away=-1)
    if first is not None and last is not None and first > last:
        return EMPTY
    if any((step / other).denominator == 1 for other in others):
        return EMPTY
    periods = [(step / other).denominator for other in others]
    period = lcm(*periods) if periods else 1
    span = period * 2 + 2 * len(without) + 2
    start, direction = (
        (first, 1) if first is not None and (first > 0 or last is None) else (last, -1) if last is not None else (0, 1)
    )
    if first is not None and last is not None and first <= 0 <= last:
        start, direction = 0, 1
    whole = last - first + 1 if first is not None and last is not None else None
    if whole is not None and whole <= TRIED:
        candidates = range(first or 0, (last or 0) + 1)
    else:
        start = start or 0
        candidates = range(start, start + direction * min(span, TRIED), direction)
    digits = 1 + max(value.numerator.bit_length() + value.denominator.bit_length() for value in (step, *others)) // 512
    if digits > 64:
        return UNKNOWN
    spend(
        1 + len(candidates) * (1 + len(others)) * digits // 20, "its divisors have too much in common to be told apart"
    )
    for index in sorted(candidates, key=abs) if len(candidates) <= 64 else candidates:
        value = step * index
        if _outside(value, low, high) or value in without:
            continue
        if all((value / other).denominator != 1 for other in others):
            return Sample(plain_number(value))
    if whole is not None and whole <= TRIED:
        return EMPTY
    return UNKNOWN


def _pick_any(low: Bound | None, high: Bound | None, others: set[Fraction], without: set[Fraction]) -> Answer:
    if low is not None and high is not None and low[0] == high[0]:
        only = low[0]
        fits = only not in without and all((only / other).denominator != 1 for other in others)
        return Sample(plain_number(only)) if fits else EMPTY
    for value in _likely(low, high):
        if (
            _outside(value, low, high)
            or value in without
            or (Fraction(plain_number(value)) != value and value.denominator & (value.denominator - 1) == 0)
        ):
            continue
        if all((value / other).denominator != 1 for other in others):
            return Sample(plain_number(value))
    return UNKNOWN


def _likely(low: Bound | None, high: Bound | None) -> list[Fraction]:
    """Simple numbers first; an interval that is not a point holds endlessly many that are no multiple of anything given."""
    simple = [Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2)]
    anchors = [bound[0] for bound in (low, high) if bound is not None] or [Fraction(0)]
    near = [anchor + offset for anchor in anchors for offset in (0, 1, -1, Fraction(1, 2), Fraction(-1, 2))]
    width = high[0] - low[0] if low is not None and high is not None else Fraction(1)
    base = low[0] if low is not None else (high[0] - 1 if high is not None else Fraction(0))
    inner = [base + width * Fraction(part, 2**size) for size in range(1, 9) for part in range(1, 2**size, 2)]
    return [*simple, *near, *inner]


def _outside(value: Fraction, low: Bound | None, high: Bound | None) -> bool:
    below = low is not None and (value < low[0] or (low[1] and value == low[0]))
    return below or (high is not None and (value > high[0] or (high[1] and value == high[0])))


def _common(multiples: set[Fraction]) -> Fraction:
    top, bottom = 1, 0
    for multiple in multiples:
        top = lcm(top, multiple.numerator)
        bottom = gcd(bottom, multiple.denominator)
    return Fraction(top, bottom or 1)


def _index(position: Fraction, *, strict: bool, away: int) -> int:
    index = ceil(position) if away > 0 else floor(position)
    return index + away if strict and index == position else index
