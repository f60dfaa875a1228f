"""
Every pair of documents ends within the steps that a comparison may take, as a verdict or as ``InvalidDocument``; what is beyond them
counts as a break, with what was too costly and what to do.
"""

import random
from typing import Any

import pytest

from concordat_contracts import InvalidDocument, Outcome, compare, parse_text
from concordat_contracts.steps import MOST_STEPS, REMEDY, TooCostly, account, spend
from tests.safety.hostile_documents import document, pair, steps_of


def _nested(leaf: Any) -> Any:
    for _ in range(5):
        leaf = {"type": "array", "minItems": 60, "items": leaf}
    return document("openapi 3.1", leaf)


def _doubling(leaf: Any, word: str) -> Any:
    made: dict[str, Any] = {"N30": leaf}
    for n in range(30):
        to = {"$ref": f"#/components/schemas/N{n + 1}"}
        twice = {"type": "object", "properties": {"a": to, "b": to}, "required": ["a", "b"]}
        made[f"N{n}"] = twice if word == "properties" else {"allOf": [to, {**to, "maxLength": n}]}
    return document("openapi 3.1", {"$ref": "#/components/schemas/N0", "$defs": made})


def _looks_ahead(letters: str) -> Any:
    return document("openapi 3.1", {"type": "string", "pattern": f"^{''.join(f'(?=.*{c})' for c in letters)}.{{8,}}$"})


def _distinct(most: int, pattern: str) -> Any:
    items = {"oneOf": [{"type": "null"}, {"type": "string", "format": "snowflake", "pattern": pattern}]}
    return document("openapi 3.1", {"type": "array", "uniqueItems": True, "maxItems": most, "items": items})


def _divisors(first: float, count: int) -> Any:
    parts = [{"type": "number", "multipleOf": first + i * 1e-13} for i in range(count)]
    return document("openapi 3.1", {"allOf": parts})


WORST: dict[str, tuple[Any, Any, int]] = {
    "an instance of 60^5 values": (_nested({"type": "integer"}), _nested({"type": "string"}), 5_000),
    "an instance of 2^30 values": (
        _doubling({"type": "integer"}, "properties"), _doubling({"type": "integer", "maximum": 5}, "properties"), MOST_STEPS,
    ),
    "a validator that looks 2^30 times": (_doubling({"type": "integer"}, "allOf"), _doubling({"type": "string"}, "allOf"), 20_000),
    "look-ahead for each letter": (_looks_ahead("abcdefghijklmnopqrstuvwxyz"), _looks_ahead("abcdefghijklmnopqrstuvwxyz0123"), MOST_STEPS),
    "350 items that all differ": (_distinct(1521, "^[0-9]*$"), _distinct(350, "^[0-9]*$"), 50_000),
    "divisors with nothing in common": (_divisors(0.1, 40), _divisors(0.3, 41), MOST_STEPS),
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_the_worst_of_each_kind_has_a_price(name: str) -> None:
    """Both ways round."""
    old, new, most = WORST[name]
    assert steps_of(old, new) <= most
    assert steps_of(new, old) <= most


def test_what_is_too_large_to_show_counts_as_a_break() -> None:
    """Nothing is taken for compatible because it could not be looked at."""
    old, new, _ = WORST["an instance of 60^5 values"]
    assert compare(old, new).outcome is not Outcome.COMPATIBLE


def test_items_that_must_differ_are_found_without_a_search_for_each() -> None:
    """The list that became shorter is told, with an instance."""
    old, new, _ = WORST["350 items that all differ"]
    assert compare(old, new).outcome is Outcome.BREAKING


@pytest.mark.parametrize("seed", [2, 3])
def test_hostile_documents_end(seed: int) -> None:
    """Generated; nothing but a verdict or InvalidDocument, within the budget."""
    rng = random.Random(seed)
    for _ in range(3):
        _, old, new = pair(rng)
        assert steps_of(old, new) <= MOST_STEPS + 1


def test_an_empty_account_is_undecided_and_says_why() -> None:
    """And the remedy; never compatible."""
    old, new = document("openapi 3.1", {"type": "string"}), document("openapi 3.1", {"type": "string", "maxLength": 5})
    with account(most=3):
        verdict = compare(old, new)
    assert verdict.outcome is Outcome.UNKNOWN
    assert REMEDY in verdict.findings[0].message


def test_a_price_does_not_depend_on_what_was_asked_before() -> None:
    """Verdicts are the same on every machine and in every order."""
    old, new, _ = WORST["look-ahead for each letter"]
    assert abs(steps_of(old, new) - steps_of(old, new)) <= 100


def test_an_account_inside_another_pays_from_it() -> None:
    """One comparison, one account."""
    with account(most=10), account(most=1000), pytest.raises(TooCostly, match="too costly, because it is"):
        spend(11, "it is")


@pytest.mark.parametrize(
    "text", ['"""""" ' * 16 + "x", '"""""" ' * 50_000 + "x", '"a" ' * 50_000 + "x", "# x\n" * 50_000 + "typ"]
)
def test_a_format_is_told_in_one_look(text: str) -> None:
    """However many descriptions stand before what is no definition."""
    with pytest.raises(InvalidDocument):
        compare(parse_text(text), parse_text(text))


def test_values_below_extensions_count() -> None:
    """Before they are in memory, in JSON as in YAML."""
    with pytest.raises(InvalidDocument, match="values"):
        parse_text('{"openapi": "3.1.0", "x-a": [' + "{}," * 2_000_000 + "{}]}")
