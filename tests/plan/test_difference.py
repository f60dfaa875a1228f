"""
Differences between manifests, in words people use.
"""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from concordat.manifest.difference import ABSENT, Change, changes, leaves, written

nested = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "x", "y.z"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_items_of_a_list_are_told_apart_by_name() -> None:
    """A variable put in front of another does not change the other."""
    before = {"env": [{"name": "B", "value": 11}]}
    after = {"env": [{"name": "A", "value": 13}, {"name": "B", "value": 12}]}

    assert (
        Change(path="env[B].value", before=11, after=12),
        Change(path="env[A]", before=ABSENT, after={"name": "A", "value": 13}),
    ) == changes(before, after)


def test_a_key_with_dots_is_put_in_brackets() -> None:
    """Labels are keys too."""
    assert ["labels[app.kubernetes.io/name]"] == [
        change.path for change in changes({"labels": {"app.kubernetes.io/name": 11}}, {"labels": {}})
    ]


@given(nested, nested)
def test_no_difference_exactly_where_both_are_equal(one: Any, other: Any) -> None:
    """Nothing is missed, nothing is made up."""
    assert (one == other) == (() == changes(one, other))


@given(nested)
def test_every_leaf_can_be_written_down(value: Any) -> None:
    """And is found again at its path."""
    for path, leaf in leaves(value).items():
        written(path, value)
        found = value
        for step in path:
            found = found[step]

        assert leaf == found
