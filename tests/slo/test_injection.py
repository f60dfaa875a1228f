"""
What an author writes stays what it is: a value.
"""

from typing import Any

import promql_parser as promql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from concordat.api.values.promql import equal, like, literal, quote
from concordat.observability.slo.rules.alerts import plain
from tests.slo import figures
from tests.slo.skeleton import nodes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def matchers(expression: str) -> list[Any]:
    return [
        m
        for node in nodes(promql.parse(expression))
        if isinstance(node, promql.VectorSelector)
        for m in node.matchers.matchers
    ]


@given(TEXT)
def test_a_quoted_text_is_read_back_as_itself(text: str) -> None:
    """Whatever it holds, the parser finds one matcher with this value."""
    found = matchers(f"up{{{equal('x', text)}}}")

    assert [("x", text)] == [(matcher.name, matcher.value) for matcher in found]


@given(TEXT)
def test_a_literal_pattern_is_one_matcher(text: str) -> None:
    """Every regular expression's sign is defused."""
    (found,) = matchers(f"up{{{like('x', literal(text))}}}")

    assert literal(text) == found.value


def test_half_a_surrogate_pair_cannot_reach_prometheus() -> None:
    """It is no UTF-8: the rule file could not be written."""
    assert '"\ufffd"' == quote("\ud800")


def test_braces_are_shown_and_not_executed() -> None:
    """Labels and annotations of alerts are templates."""
    assert '{{ "{{" }} query "up" }}' == plain('{{ query "up" }}')


def test_hostile_strings_leave_every_tree_as_it_was() -> None:
    """Two thousand here, a hundred thousand in the long run."""
    assert 0 == figures.broken_by_hostile_strings(2_000, seed=13)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_hostile_strings() -> None:
    """The figure itself."""
    assert figures.hostile_strings()["holds"]
