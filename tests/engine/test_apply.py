"""
What is written, what is left alone, and what is not sent twice: without an API server.
"""

from collections.abc import Callable

import pytest

from concordat.cluster.apply import Apply
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.outcomes import Known, Owner, Settled
from concordat.errors import Conflict, Rejected, Stalled, Waiting
from concordat.manifest import ChildKey, Kind, Manifest, Object, PlannedChild, conventions
from concordat.resources.kinds import AUTOSCALER, DEPLOYMENT, NETWORK_POLICY, SERVICE
from tests.engine.fake import FakeCluster, caches

OWNER = Owner(kind="Microservice", namespace="shop", name="orders", uid="p1")
PAUSED = {conventions.ANNOTATION_PAUSED: "true"}
INVALID = ApiError(422, "spec.ports: Invalid value", reason="Invalid")


def planned(kind: Kind, revision: str = "1") -> PlannedChild:
    owner = {"apiVersion": conventions.API_VERSION, "kind": "Microservice", "name": "orders", "uid": "p1"}
    metadata = {"name": "orders", "namespace": "shop", "ownerReferences": [{**owner, "controller": True}]}
    return PlannedChild(kind=kind, manifest={"metadata": metadata, "spec": {"revision": revision}})


class World:
    """A cluster, its caches, and what is remembered from one pass to the next."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.children = caches()
        self.refused: dict[ChildKey, tuple[str, str]] = {}

    async def settle(self, *children: PlannedChild) -> list[Settled]:
        self.cluster.requests.clear()
        known = Known(fingerprints={}, refused=self.refused)
        outcomes = await Apply(self.cluster, self.children).settle(OWNER, children, known)
        for outcome in outcomes:
            if outcome.refused:
                self.refused[outcome.key] = (outcome.refused, str(outcome.error))
        return outcomes

    def cached(self, kind: Kind) -> None:
        """The watch shows what there is."""
        store = self.children.store(kind, "shop")
        assert store is not None
        found = self.cluster.objects.get((kind.kind, "orders"))
        store.replace([store.take(found)] if found else [], "1000")


async def test_a_deployment_is_created_by_one_request() -> None:
    """Also though it must not exist yet."""
    world = World()
    (outcome,) = await world.settle(planned(DEPLOYMENT))
    assert (outcome.written, world.cluster.requests) == (True, ["apply Deployment"])


async def test_a_deployment_of_somebody_else_that_is_equal_to_ours_is_not_taken_over() -> None:
    """An apply without force would meet no conflict, and make it ours without anybody's consent."""
    world = World()
    world.cluster.put("Deployment", "orders")
    (outcome,) = await world.settle(planned(DEPLOYMENT))
    assert isinstance(outcome.error, Conflict)
    assert "ownerReferences" not in world.cluster.objects["Deployment", "orders"]["metadata"]


async def test_what_is_invalid_is_not_sent_twice() -> None:
    """The same manifest, for the same object."""
    world = World()
    world.cluster.failures["create Service"] = INVALID
    await world.settle(planned(SERVICE))
    (outcome,) = await world.settle(planned(SERVICE))
    assert isinstance(outcome.error, Rejected)
    assert world.cluster.requests == []
    await world.settle(planned(SERVICE, revision="2"))
    assert world.cluster.requests == ["create Service"]


async def test_what_was_refused_is_made_once_the_object_it_was_meant_for_is_gone() -> None:
    """An immutable field: somebody deletes the child, and the same manifest is welcome."""
    world = World()
    world.cluster.put("Service", manager=conventions.FIELD_MANAGER, **planned(SERVICE).manifest["metadata"])
    world.cached(SERVICE)
    world.cluster.failures["apply Service"] = INVALID
    await world.settle(planned(SERVICE))
    del world.cluster.objects["Service", "orders"]
    world.cached(SERVICE)
    (outcome,) = await world.settle(planned(SERVICE))
    assert (outcome.error, world.cluster.requests) == (None, ["create Service"])


async def test_a_refused_adoption_is_tried_again() -> None:
    """The stranger is not watched: nothing would tell that it is gone."""
    world = World()
    world.cluster.put("Deployment", "orders", annotations={conventions.ANNOTATION_ADOPT: "true"})
    world.cluster.failures["apply Deployment"] = ApiError(409, "modified", reason="Conflict")
    apply = world.cluster.apply

    async def immutable(kind: Kind, manifest: dict[str, object], *, force: bool) -> dict[str, object]:
        if force:
            world.cluster.failures["apply Deployment"] = INVALID
        return await apply(kind, manifest, force=force)

    world.cluster.apply = immutable  # type: ignore[method-assign]
    (outcome,) = await world.settle(planned(DEPLOYMENT))
    assert (isinstance(outcome.error, Rejected), outcome.refused) == (True, "")


async def test_a_race_for_a_patch_is_no_refusal() -> None:
    """A ``test`` that fails is a 422 as well; it says that somebody was faster, not that the manifest is bad."""
    world = World()
    stale = planned(SERVICE).manifest["metadata"]
    world.cluster.put("Service", manager=conventions.FIELD_MANAGER, operation="Update", **stale)
    world.cached(SERVICE)
    world.cluster.failures["patch Service"] = ApiError(422, "the server rejected our request", reason="Invalid")
    (outcome,) = await world.settle(planned(SERVICE))
    assert (type(outcome.error), outcome.refused) == (Waiting, "")


@pytest.mark.parametrize("annotations", [PAUSED, {**PAUSED, conventions.ANNOTATION_ADOPT: "true"}])
async def test_a_paused_guard_that_is_not_ours_holds_back_the_pods(annotations: dict[str, str]) -> None:
    """A pause of a policy that somebody else wrote says nothing of what it lets through."""
    world = World()
    world.cluster.put("NetworkPolicy", "orders", annotations=annotations)
    guard, deployment = await world.settle(planned(NETWORK_POLICY), planned(DEPLOYMENT))
    assert isinstance(guard.error, Stalled)
    assert isinstance(deployment.error, Waiting)
    assert ("Deployment", "orders") not in world.cluster.objects


async def test_a_paused_guard_of_ours_does_not() -> None:
    """It stands as we or its editor left it."""
    world = World()
    ours = planned(NETWORK_POLICY).manifest["metadata"] | {"annotations": PAUSED}
    world.cluster.put("NetworkPolicy", manager=conventions.FIELD_MANAGER, **ours)
    world.cached(NETWORK_POLICY)
    guard, deployment = await world.settle(planned(NETWORK_POLICY), planned(DEPLOYMENT))
    assert (guard.paused, guard.error, deployment.written) == (True, None, True)


# --- what points at another object ------------------------------------------------------------------------------------

ADOPT = {conventions.ANNOTATION_ADOPT: "true"}


def _immutable(world: World) -> None:
    """The API server refuses to change a selector."""
    apply = world.cluster.apply

    async def refusing(kind: Kind, manifest: Manifest, *, force: bool) -> Object:
        if kind == DEPLOYMENT:
            refusal = INVALID if force else ApiError(409, "modified", reason="Conflict")
            world.cluster.failures["apply Deployment"] = refusal
        return await apply(kind, manifest, force=force)

    world.cluster.apply = refusing  # type: ignore[method-assign]


def _unreadable(world: World) -> None:
    store = world.children.store(DEPLOYMENT, "shop")
    assert store is not None
    store.refusal = "forbidden"


def _failing(world: World) -> None:
    world.cluster.failures["apply Deployment"] = ApiError(500, "etcd", reason="InternalError")


@pytest.mark.parametrize(
    ("annotations", "trouble"),
    [
        ({}, lambda _world: None),
        (ADOPT, _immutable),
        ({**ADOPT, conventions.ANNOTATION_PAUSED: "true"}, lambda _world: None),
        ({}, _unreadable),
        ({}, _failing),
    ],
    ids=["a stranger's", "cannot be adopted", "adopted and paused", "cannot be read", "the API server fails"],
)
async def test_an_autoscaler_is_written_only_for_a_deployment_known_to_be_ours(
    annotations: dict[str, str], trouble: Callable[[World], None]
) -> None:
    """Whatever the reason: a Deployment that is not ours is not scaled."""
    world = World()
    world.cluster.put("Deployment", "orders", annotations=annotations)
    trouble(world)

    settled = await world.settle(planned(DEPLOYMENT), planned(AUTOSCALER))

    assert ("HorizontalPodAutoscaler", "orders") not in world.cluster.objects
    assert all(outcome.error is not None for outcome in settled)
