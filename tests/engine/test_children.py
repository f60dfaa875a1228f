"""
The child cache: it follows the watch, knows our own writes first, and never goes back in time.
"""

from typing import Any

from concordat.cluster.children import Child, Children, ChildStore
from concordat.resources.kinds import DEPLOYMENT, SERVICE


def found(name: str, version: int, *, uid: str = "u1", owner: str = "orders", **metadata: Any) -> dict[str, Any]:
    owners = [{"apiVersion": "concordat.dev/v1alpha1", "kind": "Microservice", "name": owner, "uid": "p1"}]
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": uid,
            "resourceVersion": str(version),
            "ownerReferences": [{**owners[0], "controller": True}] if owner else [],
            **metadata,
        }
    }


def store() -> tuple[ChildStore, list[tuple[str, str]]]:
    heard: list[tuple[str, str]] = []

    def changed(before: Child | None, after: Child | None) -> None:
        heard.append((before.resource_version if before else "-", after.resource_version if after else "-"))

    return ChildStore(SERVICE, changed), heard


def test_an_event_is_told_once_and_its_repetition_never() -> None:
    """Duplicated, reordered and stale events change nothing."""
    children, heard = store()
    children.observe("ADDED", found("a", 5))
    children.observe("ADDED", found("a", 5))
    children.observe("MODIFIED", found("a", 4, labels={"old": "news"}))
    assert heard == [("-", "5")]


def test_the_echo_of_our_own_write_is_silent() -> None:
    """The answer came first; the watch tells nothing new."""
    children, heard = store()
    children.record(found("a", 7))
    children.observe("ADDED", found("a", 7))
    assert heard == []
    assert children.knows("shop", "a", "7")


def test_a_change_of_others_that_means_nothing_is_silent() -> None:
    """Status and labels of others: the record moves on, nobody is woken."""
    children, heard = store()
    children.record(found("a", 7))
    children.observe("MODIFIED", found("a", 9, labels={"stamped": "yes"}))
    assert heard == []
    assert children.knows("shop", "a", "9")


def test_a_late_answer_does_not_bring_back_what_was_deleted() -> None:
    """The watch is past its version and does not know the object."""
    children, _ = store()
    children.observe("ADDED", found("a", 5))
    children.observe("DELETED", found("a", 9))
    children.record(found("a", 7))
    assert children.find("shop", "a") is None


def test_a_late_deletion_of_a_predecessor_does_not_remove_its_successor() -> None:
    """Same name, another uid."""
    children, _ = store()
    children.record(found("a", 12, uid="u2"))
    children.observe("DELETED", found("a", 11, uid="u1"))
    assert children.find("shop", "a") is not None


def test_a_list_removes_what_it_does_not_hold() -> None:
    """Deleted while nobody watched: no ghosts."""
    children, heard = store()
    children.observe("ADDED", found("a", 5))
    children.observe("ADDED", found("b", 6, uid="u2"))
    children.replace([children.take(found("b", 6, uid="u2"))], "20")
    assert children.find("shop", "a") is None
    assert heard[-1] == ("5", "-")
    assert [child.name for child in children.owned_by("Microservice", "shop", "orders")] == ["b"]


def test_a_list_keeps_what_was_written_after_it() -> None:
    """Our write was answered while the list was on its way."""
    children, _ = store()
    children.record(found("a", 25))
    children.replace([], "20")
    assert children.find("shop", "a") is not None


def test_a_list_from_a_restored_backup_is_believed() -> None:
    """History went back: what we knew of the future counts no more."""
    children, _ = store()
    children.replace([children.take(found("a", 50))], "60")
    children.replace([children.take(found("a", 30))], "40")
    assert children.knows("shop", "a", "30")


def test_a_child_without_its_owner_leaves_the_index_and_its_former_owner_is_told() -> None:
    """Somebody stripped the ownerReferences."""
    children, heard = store()
    children.observe("ADDED", found("a", 5))
    children.observe("MODIFIED", found("a", 6, owner=""))
    assert list(children.owned_by("Microservice", "shop", "orders")) == []
    assert heard[-1] == ("5", "6")


def test_a_deployment_is_kept_with_its_rollout() -> None:
    """Of other kinds only the metadata travels."""
    deployments = ChildStore(DEPLOYMENT)
    status = {"replicas": 4, "readyReplicas": 3, "availableReplicas": 2, "updatedReplicas": 1, "observedGeneration": 6}
    seen = deployments.record(
        found("a", 5, generation=7)
        | {
            "spec": {"replicas": 5},
            "status": status
            | {"conditions": [{"type": "Progressing", "status": "False", "message": "deadline exceeded"}]},
        }
    )
    workload = seen.workload
    assert workload is not None
    assert (workload.replicas, workload.total, workload.ready, workload.available, workload.updated) == (5, 4, 3, 2, 1)
    assert (workload.generation, workload.observed_generation, workload.stuck) == (7, 6, "deadline exceeded")


def test_an_empty_store_is_a_store() -> None:
    """A kind without any object is served all the same."""
    children = Children()
    children.add(ChildStore(SERVICE))
    assert children.store(SERVICE, "shop") is not None
    assert children.store(DEPLOYMENT, "shop") is None
