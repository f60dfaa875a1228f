"""
Manifests as bytes.
"""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from concordat.manifest import as_yaml

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(texts, st.lists(texts)))
def test_what_is_applied_reads_the_same_as_json_and_as_yaml(value: dict[str, list[str]]) -> None:
    """Server-side apply reads YAML; whatever somebody writes into ``args`` or ``env`` arrives as it is."""
    assert value == json.loads(as_yaml(value))
    assert value == yaml.safe_load(as_yaml(value))


@pytest.mark.parametrize("text", ["\x7f", "\x85", "\x9f", "\u2028", "\ufeff", "\uffff", "\U0001f600", "\\x7f", "\x00"])
def test_characters_yaml_and_json_disagree_on(text: str) -> None:
    """Refused, or taken for the end of a line, unless escaped; and surrogates, which YAML does not know."""
    assert text == yaml.safe_load(as_yaml(text))
