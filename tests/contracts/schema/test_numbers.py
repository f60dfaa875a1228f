"""Sets of numbers: what is picked fits, and where nothing is picked nothing fits."""

import random
from fractions import Fraction

import pytest

from concordat_contracts.schema.solver.answers import EMPTY, Sample
from concordat_contracts.schema.solver.numbers import pick

HALVES = [Fraction(number, 2) for number in range(-12, 13)]


@pytest.mark.parametrize("seed", range(400))
def test_a_pick_agrees_with_trying_every_half(seed: int) -> None:
    """Within small bounds, every half number tried one by one comes to the same."""
    rng = random.Random(seed)
    low, high = ((Fraction(rng.randint(-10, 10), 2), rng.random() < 0.5) for _ in range(2))
    multiples = {Fraction(rng.choice([1, 2, 3, 4]), rng.choice([1, 2])) for _ in range(rng.randint(1, 2))}
    others = {Fraction(rng.choice([1, 2, 3]), 1) for _ in range(rng.randint(0, 2))}
    without = {Fraction(rng.randint(-5, 5)) for _ in range(rng.randint(0, 3))}

    def fits(value: Fraction) -> bool:
        above = value > low[0] or (value == low[0] and not low[1])
        below = value < high[0] or (value == high[0] and not high[1])
        divided = all((value / multiple).denominator == 1 for multiple in multiples)
        return (
            above
            and below
            and divided
            and value not in without
            and all((value / other).denominator != 1 for other in others)
        )

    answer = pick(low, high, multiples, others, without)
    assert (answer is EMPTY) is not any(fits(value) for value in HALVES)
    if isinstance(answer, Sample):
        assert fits(Fraction(answer.value))


def test_an_interval_without_divisors_is_only_empty_as_a_point() -> None:
    """Between two different numbers there is always another."""
    one, two = Fraction(1), Fraction(2)
    assert isinstance(pick((one, True), (two, True), set(), {Fraction(1, 2)}, set()), Sample)
    assert EMPTY is pick((one, False), (one, False), set(), set(), {one})
