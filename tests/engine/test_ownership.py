"""
The fingerprint of what we own, and the JSON patches on ``managedFields``, without an API server.
"""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from concordat.cluster.ownership import drop_before_first_apply, fingerprint, ownership, relinquish, turn_into_apply


def entry(manager: str, operation: str, fields: dict[str, Any], *, subresource: str = "") -> dict[str, Any]:
    found = {"manager": manager, "operation": operation, "fieldsV1": fields, "time": "2026-11-22T11:12:13Z"}
    return found | ({"subresource": subresource} if subresource else {})


OURS = {"f:spec": {"f:replicas": {}, "f:template": {".": {}}}}


def test_an_object_nobody_recorded_us_on_is_not_ours() -> None:
    """Wiped ``managedFields`` look the same: an empty fingerprint."""
    assert ownership({"managedFields": [entry("kubectl", "Apply", OURS)]}).fingerprint == ""
    assert ownership({}).index == -1


def test_what_others_own_does_not_move_the_fingerprint() -> None:
    """Status, scaling, labels of others: they stand in entries of their own."""
    alone = ownership({"managedFields": [entry("concordat", "Apply", OURS)]})
    among = ownership(
        {
            "managedFields": [
                entry("kcm", "Update", {"f:status": {}}, subresource="status"),
                entry("hpa", "Update", {"f:spec": {"f:replicas": {}}}, subresource="scale"),
                entry("concordat", "Apply", OURS) | {"time": "2027-01-01T00:00:00Z"},
            ]
        }
    )
    assert among.fingerprint == alone.fingerprint
    assert among.index == 2


def test_a_field_taken_from_us_moves_the_fingerprint() -> None:
    """That is what drift is."""
    before = ownership({"managedFields": [entry("concordat", "Apply", OURS)]})
    after = ownership({"managedFields": [entry("concordat", "Apply", {"f:spec": {"f:replicas": {}}})]})
    assert before.fingerprint != after.fingerprint


def test_our_status_entry_is_not_taken_for_our_entry() -> None:
    """Entries of subresources are about something else."""
    found = ownership({"managedFields": [entry("concordat", "Update", {"f:status": {}}, subresource="status")]})
    assert found.index == -1


def test_an_applied_entry_counts_before_a_posted_one() -> None:
    """Both can stand there after an update under our name."""
    found = ownership({"managedFields": [entry("concordat", "Update", {"f:a": {}}), entry("concordat", "Apply", OURS)]})
    assert (found.index, found.born_by_post, found.owns_replicas) == (1, False, True)


def test_turning_a_posted_entry_tests_what_it_assumes() -> None:
    """If the list has moved meanwhile, the patch fails instead of turning somebody else's entry."""
    owned = ownership({"managedFields": [entry("kubectl", "Update", {}), entry("concordat", "Update", OURS)]})
    assert turn_into_apply(owned) == [
        {"op": "test", "path": "/metadata/managedFields/1/manager", "value": "concordat"},
        {"op": "test", "path": "/metadata/managedFields/1/operation", "value": "Update"},
        {"op": "replace", "path": "/metadata/managedFields/1/operation", "value": "Apply"},
    ]


def test_the_invented_owner_is_dropped_where_there_is_one() -> None:
    """``before-first-apply`` would keep alive what we drop later."""
    fields = [entry("concordat", "Apply", OURS), entry("before-first-apply", "Update", OURS)]
    assert drop_before_first_apply({"managedFields": fields}) == [
        {"op": "test", "path": "/metadata/managedFields/1/manager", "value": "before-first-apply"},
        {"op": "remove", "path": "/metadata/managedFields/1"},
    ]
    assert drop_before_first_apply({"managedFields": fields[:1]}) == []


def test_handing_over_tests_what_it_assumes() -> None:
    """If the list has moved meanwhile, the patch fails instead of taking a field from somebody else."""
    owned = ownership({"managedFields": [entry("kubectl", "Update", OURS), entry("concordat", "Apply", OURS)]})
    assert relinquish(owned, ("spec", "replicas")) == [
        {"op": "test", "path": "/metadata/managedFields/1/manager", "value": "concordat"},
        {"op": "test", "path": "/metadata/managedFields/1/operation", "value": "Apply"},
        {"op": "remove", "path": "/metadata/managedFields/1/fieldsV1/f:spec/f:replicas"},
    ]


def test_losing_the_replicas_to_an_autoscaler_is_no_drift() -> None:
    """All else we own is as it was; whether the replicas had to stay ours is asked separately."""
    without = {**OURS, "f:spec": {name: fields for name, fields in OURS["f:spec"].items() if name != "f:replicas"}}
    before = ownership({"managedFields": [entry("concordat", "Apply", OURS)]})
    after = ownership({"managedFields": [entry("concordat", "Apply", without)]})
    assert (before.owns_replicas, after.owns_replicas) == (True, False)
    assert before.fingerprint == after.fingerprint


_FIELDS = st.recursive(
    st.just({}), lambda children: st.dictionaries(st.sampled_from(["f:a", "f:b", 'k:{"name":"c"}', "."]), children)
)


@given(_FIELDS, _FIELDS)
def test_fingerprints_are_equal_exactly_when_the_fields_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Whatever the order in which they were written."""
    shuffled = dict(reversed(list(one.items())))
    assert fingerprint(one) == fingerprint(shuffled)
    assert (fingerprint(one) == fingerprint(other)) == (one == other)
