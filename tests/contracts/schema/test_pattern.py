"""Patterns as sets of strings: what is found is inside, what is not found is nowhere."""

import itertools
import random
import re

import pytest

from concordat_contracts.schema.regex.pattern import Undecided, members

ATOMS = ["a", "b", "[ab]", "[^a]", ".", "(a|b)", "(ab)"]
COUNTS = ["", "*", "+", "?", "{2}", "{1,2}"]
WORDS = ["".join(letters) for length in range(5) for letters in itertools.product("abc", repeat=length)]


def random_pattern(rng: random.Random) -> str:
    body = "".join(rng.choice(ATOMS) + rng.choice(COUNTS) for _ in range(rng.randint(1, 3)))
    return rng.choice(["", "^"]) + body + rng.choice(["", "$"])


def matches(pattern: str, word: str) -> bool:
    """As ECMA 262 has it: ``$`` is the very end, where Python lets a line end follow."""
    return re.search(pattern.replace("$", r"\Z"), word) is not None


@pytest.mark.parametrize("seed", range(300))
def test_inclusion_agrees_with_trying_every_short_word(seed: int) -> None:
    """A word inside one pattern and outside another is found when there is one, and is such a word."""
    rng = random.Random(seed)
    inside, outside = random_pattern(rng), random_pattern(rng)
    expected = [word for word in WORDS if matches(inside, word) and not matches(outside, word)]
    found = members([inside], [outside])
    for word in found:
        assert matches(inside, word)
        assert not matches(outside, word)
    if expected:
        assert found


@pytest.mark.parametrize(
    ("inside", "outside", "included"),
    [
        ("^[a-z]+$", "^[a-z0-9]+$", True),
        ("^[a-z0-9]+$", "^[a-z]+$", False),
        ("^abc", "b", True),
        (r"^\d{4}-\d{2}-\d{2}$", "^[0-9-]{10}$", True),
        (r"^\w+$", "^[A-Za-z0-9_]+$", True),
        ("^(?=a)[a-c]+$", "^a", True),
        ("^(?!b)[a-c]+$", "^[ac]", True),
        ("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", "^[-a-z0-9]{1,63}$", True),
        (r"^\u00e9$", "^\\xe9$", True),
    ],
)
def test_known_inclusions(inside: str, outside: str, included: bool) -> None:
    """A pattern is within another exactly when nothing matches the one and not the other."""
    assert included is not bool(members([inside], [outside]))


def test_lengths_bound_what_is_found() -> None:
    """Strings are found within the lengths asked for, or there are none."""
    assert ["aaa"] == members(["^a+$"], least=3, most=3)
    assert [] == members(["^(aa)+$"], least=3, most=3)


def test_left_out_words_do_not_count() -> None:
    """What is left out is not found again."""
    assert [] == members(["^(a|b)$"], without=["a", "b"])


@pytest.mark.parametrize("pattern", [r"(a)\1", r"\bword\b", "(?<=a)b", "[a-", "a{2", "(?:a", r"\p{Lu}"])
def test_what_is_not_understood_is_undecided(pattern: str) -> None:
    """Back references, word boundaries, look-behind and what is no pattern are not guessed at."""
    with pytest.raises(Undecided):
        members([pattern])


def test_a_language_with_too_many_states_is_undecided() -> None:
    """The budget ends what would take too long."""
    with pytest.raises(Undecided):
        members(["^.*a.{14}$"], ["^.*[ab].{14}$"], least=10, most=900)
