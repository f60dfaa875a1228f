"""
Nothing an author writes becomes anything but a text.
"""

import pytest

from concordat.api import Microservice
from concordat.facts import Facts
from tests.observability import hostile


def test_hostile_texts_change_no_structure() -> None:
    """A thousand here, half of a hundred thousand in the figure: in every field that reaches a rule, a dashboard or a route."""
    assert [] == hostile.broken(1_000)


def test_a_text_that_breaks_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With quotation marks left as they are, the same texts break what they touch."""
    monkeypatch.setattr("concordat.promql.quote", lambda text: '"{}"'.format(text.replace("\\", "\\\\")))

    def structure(service: Microservice, facts: Facts) -> object:
        try:
            return _structure(service, facts)
        except ValueError:
            return "unreadable"

    _structure = hostile.structure
    monkeypatch.setattr(hostile, "structure", structure)

    assert len(hostile.broken(260)) > 30
