"""
What stands on a Deployment about contracts is input: anybody who may annotate it can write it.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concordat.gate import together
from concordat.world.usage import LONGEST, contracts_in, tokens_in, usages_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
REFERENCES = st.sampled_from(["payments/payments-api", "a/b", "tokens", "/", "a/", "A/B", "a/b/c", "", "a\n/b"])


@given(st.dictionaries(REFERENCES, JSON, max_size=4) | JSON)
def test_no_annotation_can_end_a_pass(value: object) -> None:
    """Whatever JSON it holds, it reads as usage, tokens and contracts of the types everything behind it expects."""
    text = json.dumps(value)
    usages = usages_in(text)

    together(usages.values())
    hash(tuple(tokens_in(text).values()))
    assert {tuple(name.split("/")) for name in usages} == contracts_in([text])


@pytest.mark.parametrize("said", [5, True, "all", [], ["createPayment"], {"createPayment": 5}, {"createPayment": [5]}])
def test_what_is_no_declaration_counts_as_using_everything(said: object) -> None:
    """A mangled annotation protects no less than the one it replaced."""
    assert {"payments/payments-api": None} == usages_in(json.dumps({"payments/payments-api": said}))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", "5", '"' + "x" * LONGEST + '"'])
def test_what_cannot_be_read_names_no_contract(text: str) -> None:
    """Neither depth nor length costs more than looking."""
    assert {} == usages_in(text)
    assert {} == tokens_in(text)


def test_a_declaration_reads_as_it_was_written() -> None:
    """Operations with the fields that are read, and the token."""
    text = json.dumps(
        {
            "payments/payments-api": {"createPayment": ["id", "state"], "listPayments": None},
            "shop/catalog": None,
            "tokens": {
                "payments/payments-api": {"issuer": "https://id.example.com", "audience": "pay", "scopes": ["w"]}
            },
        }
    )

    assert {
        "payments/payments-api": {"createPayment": ("id", "state"), "listPayments": None},
        "shop/catalog": None,
    } == usages_in(text)
    (token,) = tokens_in(text).values()
    assert ("https://id.example.com", "pay", ("w",)) == (token.issuer, token.audience, token.scopes)
