"""
Nothing an author writes becomes anything but a text.
"""

import pytest

from tests.observability import hostile


def test_hostile_texts_change_no_structure() -> None:
    """A thousand here, half of a hundred thousand in the figure: in every field that reaches a rule, a dashboard or a route."""
    assert [] == hostile.broken(1_000)


def test_a_text_that_breaks_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With quotation marks left as they are, the same texts break what they touch."""
    monkeypatch.setattr("concordat.api.values.promql.quote", lambda text: '"{}"'.format(text.replace("\\", "\\\\")))

    def written(field: str, text: str) -> object:
        try:
            return _written(field, text)
        except ValueError:
            return "unreadable"

    _written = hostile.written
    monkeypatch.setattr(hostile, "written", written)
    fields = {found.partition(":")[0] for found in hostile.broken(400)}

    assert {"metadata.namespace", "contract.metadata.name", "contract.objectives.name"} <= fields
