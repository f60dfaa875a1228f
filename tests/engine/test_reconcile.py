"""
One pass over one Microservice, against a cluster in a dictionary.
"""

from typing import Any

import pytest

from concordat.cluster.connection.failures import ApiError
from concordat.facts import Platform
from concordat.manifest import conventions
from concordat.reconcile.contract import Gatekeeper
from concordat.reconcile.microservice import Reconciler
from concordat.resources.kinds import DEPLOYMENT
from concordat.world.contracts import Contracts
from concordat.world.keys import Key
from concordat.world.microservices import Parents
from tests.engine.fake import FakeCluster, caches
from tests.engine.rig import microservice

KEY = Key(conventions.MICROSERVICE, "shop", "orders")


class World:
    """One Microservice, and what looks after it."""

    def __init__(self, *, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        self.cluster = FakeCluster()
        self.parents = Parents(lambda key, lane: None)
        self.children = caches()
        contracts = Contracts()
        self.reconciler = Reconciler(
            self.cluster,
            parents=self.parents,
            children=self.children,
            contracts=contracts,
            gatekeeper=Gatekeeper(self.cluster, contracts=contracts, parents=self.parents),
            platform=Platform(),
            installed=frozenset,
        )
        item = microservice("orders", "shop", **spec)
        item["metadata"] |= {"uid": "u", "generation": 1, "resourceVersion": "5", "creationTimestamp": "2026"}
        item["metadata"] |= {"annotations": annotations or {}}
        self.cluster.objects[conventions.MICROSERVICE, "orders"] = item
        self.parents.observe("ADDED", item)


@pytest.mark.parametrize("code", [404, 409])
async def test_a_refused_status_does_not_make_a_living_microservice_forgotten(code: int) -> None:
    """Its neighbours would shut it out until its next event; the write is tried again."""
    world = World()
    world.cluster.failures["status Microservice"] = ApiError(code, "a webhook says so", reason="Whatever")
    with pytest.raises(ApiError, match="a webhook says so"):
        await world.reconciler.reconcile(KEY)
    assert world.parents.find(KEY) is not None


async def test_a_status_of_what_was_deleted_is_no_failure() -> None:
    """The event is on the way; it forgets it, and tells the neighbours."""
    world = World()
    world.cluster.failures["status Microservice"] = ApiError(404, "not found", reason="NotFound")
    del world.cluster.objects[conventions.MICROSERVICE, "orders"]
    outcome = await world.reconciler.reconcile(KEY)
    assert (outcome.result, outcome.retry) == ("success", False)


async def test_an_admission_policy_that_is_mended_is_noticed_by_the_next_resync() -> None:
    """It answers 422, as if the manifest were invalid for ever."""
    world = World()
    world.cluster.failures["create Service"] = ApiError(422, "denied by policy", reason="Invalid")
    await world.reconciler.reconcile(KEY)
    world.cluster.failures.clear()
    world.cluster.requests.clear()
    await world.reconciler.reconcile(KEY)
    assert "create Service" not in world.cluster.requests
    world.parents.forget_refusals()
    await world.reconciler.reconcile(KEY)
    assert "create Service" in world.cluster.requests


async def test_a_pause_does_not_change_how_many_replicas_are_enough() -> None:
    """The tier's minimum holds although nothing is planned."""
    world = World(annotations={conventions.ANNOTATION_PAUSED: "true"}, tier="critical")
    owner = {"apiVersion": conventions.API_VERSION, "kind": "Microservice", "name": "orders", "uid": "u"}
    deployment = world.cluster.put("Deployment", "orders", ownerReferences=[{**owner, "controller": True}])
    store = world.children.store(DEPLOYMENT, "shop")
    assert store is not None
    store.record(deployment | {"spec": {"replicas": 1}, "status": {"readyReplicas": 1, "availableReplicas": 1}})
    await world.reconciler.reconcile(KEY)
    assert world.cluster.statuses[-1]["replicas"] == "1/3"


@pytest.mark.parametrize("failure", [None, ApiError(500, "etcd is busy"), KeyError("metadata")])
async def test_a_defect_of_ours_is_written_as_well_as_can_be(failure: Any) -> None:
    """A worker that ends by it would help nobody."""
    world = World()
    if failure:
        world.cluster.failures["status Microservice"] = failure
    await world.reconciler.admit(KEY, ValueError("too many"))
    parent = world.parents.find(KEY)
    assert parent is not None
    reasons = [condition.reason for condition in parent.status.conditions]
    assert reasons == ([] if failure else [conventions.REASON_INTERNAL_ERROR] * 2)
