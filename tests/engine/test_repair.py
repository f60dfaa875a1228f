"""
What is deleted or edited by hand is put right at once, by one write; what is not ours is left alone.
"""

import asyncio
import json
from typing import Any

import pytest

from concordat.manifest import conventions
from tests.engine.conftest import Story, eventually
from tests.engine.rig import routed

pytestmark = pytest.mark.controlplane

REPAIRED_WITHIN = 2.0

NAMES = {"prometheusrule": "orders-rules", "grafanadashboard": "orders-dashboard"}
"""Of those that are not called after the service alone."""

KINDS = (
    "serviceaccount",
    "service",
    "networkpolicy",
    "deployment",
    "horizontalpodautoscaler",
    "poddisruptionbudget",
    "httproute",
    "servicemonitor",
    "prometheusrule",
    "grafanadashboard",
    "alertmanagerconfig",
)

EDITS: dict[str, Any] = {
    "serviceaccount": {"automountServiceAccountToken": True},
    "service": {"spec": {"selector": {"concordat.dev/service": "somebody-else"}}},
    "networkpolicy": {"spec": {"ingress": [{}]}},
    "deployment": {"spec": {"template": {"spec": {"containers": [{"name": "service", "image": "evil:1"}]}}}},
    "horizontalpodautoscaler": {"spec": {"maxReplicas": 99}},
    "poddisruptionbudget": {"spec": {"maxUnavailable": "90%"}},
    "httproute": {"spec": {"hostnames": ["evil.example.com"]}},
    "servicemonitor": {"spec": {"endpoints": [{"port": "evil"}]}},
    "prometheusrule": {"spec": {"groups": []}},
    "grafanadashboard": {"spec": {"json": "{}"}},
    "alertmanagerconfig": {"spec": {"inhibitRules": []}},
}
"""A field of ours in each kind, changed by hand."""


def essence(found: Any) -> Any:
    """What a child is, without what the API server adds."""
    return {key: value for key, value in found.items() if key not in ("metadata", "status")} | {
        "labels": found["metadata"].get("labels"),
        "owners": found["metadata"].get("ownerReferences"),
    }


def named(kind: str) -> str:
    return NAMES.get(kind, "orders")


async def repaired(story: Story, kind: str, expected: Any) -> float:
    async def as_before() -> bool:
        listed = await asyncio.to_thread(story.kubectl.get, kind, "--namespace", story.namespace)
        return [essence(item) for item in listed["items"] if item["metadata"]["name"] == named(kind)] == [expected]

    return await eventually(as_before)


def child_writes(story: Story) -> list[str]:
    return [write for write in story.writes() if "microservices" not in write]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_deleted_child_is_back_with_one_write(story: Story, kind: str) -> None:
    """Deleted by hand: one create, in less than two seconds."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    expected = stable(essence(await story.get(kind, named(kind))))
    story.forget_requests()
    await story.run("delete", kind, named(kind), "--wait=false")
    taken = await repairedstable(story, kind, expected)
    await story.quiet()
    assert taken < REPAIRED_WITHIN
    assert len(child_writes(story)) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_an_edited_child_is_put_right_with_one_write(story: Story, kind: str) -> None:
    """Edited by hand: one apply, in less than two seconds; the first time one more, of ``managedFields`` as they were born."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    expected = essence(await story.get(kind, named(kind)))
    writes = []
    for _ in range(2):
        story.forget_requests()
        patch = json.dumps(EDITS[kind])
        how = "strategic" if kind == "deployment" else "merge"
        await story.run("patch", kind, named(kind), "--type", how, "--patch", patch)
        taken = await repaired(story, kind, expected)
        await story.quiet()
        assert taken < REPAIRED_WITHIN
        writes.append(len(child_writes(story)))
    assert writes == [2, 1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metadata", [{"labels": {conventions.LABEL_MANAGED_BY: None}}, {"ownerReferences": None}])
async def test_a_child_that_lost_its_label_or_owner_gets_it_back(
    story: Story, kind: str, metadata: dict[str, Any]
) -> None:
    """Without the label our watch no longer sees it, without the owner nothing leads back: still it is ours."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    before = await story.get(kind, named(kind))
    await story.run("patch", kind, named(kind), "--type", "merge", "--patch", json.dumps({"metadata": metadata}))
    taken = await repaired(story, kind, essence(before))
    assert taken < REPAIRED_WITHIN
    assert (await story.get(kind, named(kind)))["metadata"]["uid"] == before["metadata"]["uid"]


async def test_what_somebody_adds_stays(story: Story) -> None:
    """Fields we do not state are others': a sidecar's annotation, a label, a second owner of an env variable's list."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    patch = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}
    await story.run("patch", "deployment", "orders", "--type", "merge", "--patch", json.dumps(patch))
    await story.quiet()
    await story.apply(routed("orders", story.namespace, image="registry.example.com/shop/orders:2"))
    await story.settled("orders")
    template = (await story.get("deployment", "orders"))["spec"]["template"]
    assert template["metadata"]["annotations"] == {"kubectl.kubernetes.io/restartedAt": "now"}
    assert template["spec"]["containers"][0]["image"] == "registry.example.com/shop/orders:2"


async def test_wiped_managed_fields_are_rebuilt_without_a_ghost(story: Story) -> None:
    """The owner ``before-first-apply`` would keep alive whatever we drop later."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    patch = '[{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]'
    await story.run("patch", "deployment", "orders", "--type", "json", "--patch", patch)
    await story.quiet()
    managers = {entry["manager"] for entry in (await story.get("deployment", "orders"))["metadata"]["managedFields"]}
    assert conventions.FIELD_MANAGER in managers
    assert conventions.BEFORE_FIRST_APPLY not in managers


async def repairedstable(story: Story, kind: str, expected: Any) -> float:
    async def back() -> bool:
        listed = await asyncio.to_thread(story.kubectl.get, kind, "--namespace", story.namespace)
        return [stable(essence(item)) for item in listed["items"] if item["metadata"]["name"] == named(kind)] == [
            expected
        ]

    return await eventually(back)


def stable(found: dict[str, Any]) -> dict[str, Any]:
    """A new Service gets a new address; a Deployment starts anew with the least replicas."""
    spec = {k: v for k, v in found.get("spec", {}).items() if k not in ("clusterIP", "clusterIPs", "replicas")}
    return found | ({"spec": spec} if "spec" in found else {})
