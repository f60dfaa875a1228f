"""
How many requests each event costs, from the audit log of a real API server.
"""

import asyncio

import pytest

from concordat.resources.kinds import DEPLOYMENT
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import routed

pytestmark = pytest.mark.controlplane

KINDS = {
    "serviceaccounts",
    "services",
    "networkpolicies",
    "deployments",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "httproutes",
    "servicemonitors",
    "prometheusrules",
    "grafanadashboards",
    "alertmanagerconfigs",
}


async def test_creating_costs_one_write_a_child_and_one_status(story: Story) -> None:
    """N children: N creates and one status, nothing read."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    created = [r for r in story.requests() if r.code == 201]
    assert {r.resource for r in created} == KINDS
    assert sorted(story.writes()) == sorted(
        [*(f"create {kind}" for kind in KINDS - {"deployments"}), "patch deployments", "patch microservices/status"]
    )
    assert [r for r in story.requests() if not r.is_write] == []


async def test_what_guards_a_pod_is_created_before_the_pod(story: Story) -> None:
    """NetworkPolicy and ServiceAccount exist before the Deployment, the autoscaler after it."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    order = [r.resource for r in story.requests() if r.is_write]
    deployment = order.index("deployments")
    assert {"networkpolicies", "serviceaccounts"} <= set(order[:deployment])
    assert "horizontalpodautoscalers" in order[deployment:]


async def test_a_change_costs_one_write_a_child_it_touches_and_one_status(story: Story) -> None:
    """A new image touches the Deployment alone, which was born by apply: two requests."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    story.forget_requests()
    await story.apply(routed("orders", story.namespace, image="registry.example.com/shop/orders:1.5.0"))
    await story.settled("orders")
    assert story.writes() == ["patch deployments", "patch microservices/status"]


async def test_the_first_change_of_a_posted_child_costs_one_request_more_once(story: Story) -> None:
    """The entry of a POST is turned into one of an apply the first time, and only then."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    counts = []
    for path in ("/a", "/b"):
        story.forget_requests()
        await story.apply(_with_path(story.namespace, path))
        await story.settled("orders")
        counts.append(story.writes())
    assert counts == [
        ["patch httproutes", "patch httproutes", "patch microservices/status"],
        ["patch httproutes", "patch microservices/status"],
    ]


def _with_path(namespace: str, path: str) -> dict[str, object]:
    manifest = routed("orders", namespace)
    manifest["spec"]["routing"]["paths"] = [path]
    return manifest


def _with_host(namespace: str, host: str) -> dict[str, object]:
    manifest = routed("orders", namespace)
    manifest["spec"]["routing"] = {"hosts": [host]}
    return manifest


async def test_a_field_dropped_after_a_post_is_gone(story: Story) -> None:
    """Without the change of ``managedFields`` it would stay for ever."""
    manifest = _with_host(story.namespace, "a.example.com")
    manifest["spec"]["routing"]["hosts"].append("b.example.com")
    await story.apply(manifest)
    await story.settled("orders")
    assert (await story.get("httproute", "orders"))["spec"]["hostnames"] == ["a.example.com", "b.example.com"]
    await story.apply(_with_host(story.namespace, "a.example.com"))
    await story.settled("orders")
    assert (await story.get("httproute", "orders"))["spec"]["hostnames"] == ["a.example.com"]


async def test_a_restart_writes_nothing_and_reads_no_single_object(
    control_plane: ControlPlane, optional_kinds: None, namespace: str
) -> None:
    """Hashes and fingerprints are found in caches and status."""
    async with operating(control_plane, namespace) as before:
        await before.apply(*(routed(f"service-{n}", namespace) for n in range(5)))
        await before.settled(*(f"service-{n}" for n in range(5)))
    mark = control_plane.audit_log.mark()
    async with operating(control_plane, namespace) as after:
        await after.quiet()
        after._mark = mark
        assert after.requests() == []


async def test_labels_annotations_and_scaling_by_others_cost_nothing(story: Story) -> None:
    """A second writer that stamps labels, and an HPA that scales, own what they write."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    await story.run("scale", "deployment/orders", "--replicas=3")
    await asyncio.sleep(1)
    await story.quiet()
    story.forget_requests()
    for kind in ("deployment", "service", "serviceaccount", "networkpolicy", "httproute"):
        await story.run("label", kind, "orders", "stamped=yes")
        await story.run("annotate", kind, "orders", "scanner/seen=yes")
    await asyncio.sleep(1)
    await story.quiet()
    assert story.writes() == []
    assert (await story.get("service", "orders"))["metadata"]["labels"]["stamped"] == "yes"


async def test_handing_replicas_to_an_autoscaler_keeps_the_pods(story: Story) -> None:
    """Dropping ``spec.replicas`` from an apply would reset it to 1: it is stated until the autoscaler takes it."""
    await story.apply(routed("orders", story.namespace, scaling={"min": 4, "max": 4}))
    await story.settled("orders")
    assert (await story.get("deployment", "orders"))["spec"]["replicas"] == 4
    watch = asyncio.create_task(_replicas(story, 4))
    await story.apply(routed("orders", story.namespace, scaling={"min": 2, "max": 6}))
    await story.settled("orders")
    await asyncio.sleep(1)
    assert not watch.done(), watch.exception()
    watch.cancel()

    await story.run("scale", "deployment/orders", "--replicas=5")
    await story.apply(routed("orders", story.namespace, scaling={"min": 2, "max": 6}, team="billing"))
    await story.settled("orders")
    deployment = await story.get("deployment", "orders")
    ours = [entry for entry in deployment["metadata"]["managedFields"] if entry["manager"] == "concordat"]
    assert deployment["spec"]["replicas"] == 5
    assert ["f:replicas" in entry["fieldsV1"]["f:spec"] for entry in ours] == [False]


async def test_an_edit_by_hand_is_mended_where_the_replicas_are_still_ours(story: Story) -> None:
    """The replicas are handed over first, by one patch: never by way of another number of pods."""
    await story.apply(routed("orders", story.namespace, scaling={"min": 3, "max": 7}))
    await story.settled("orders")
    watch = asyncio.create_task(_replicas(story, 3))
    story.forget_requests()
    await story.run("set", "image", "deployment/orders", "service=registry.example.com/evil:1.0.0")
    await story.settled("orders")

    async def mended() -> bool:
        (container,) = (await story.get("deployment", "orders"))["spec"]["template"]["spec"]["containers"]
        return bool(container["image"] != "registry.example.com/evil:1.0.0")

    await eventually(mended)
    assert [write for write in story.writes() if "deployments" in write] == ["patch deployments"] * 2
    assert not watch.done(), watch.exception()
    watch.cancel()


async def test_an_autoscaled_deployment_is_born_with_the_least(story: Story) -> None:
    """Not with one pod until the autoscaler looks for the first time; what it makes of it later stays, at one request."""
    await story.apply(routed("orders", story.namespace, scaling={"min": 3, "max": 7}))
    await story.settled("orders")
    assert (await story.get("deployment", "orders"))["spec"]["replicas"] == 3

    story.forget_requests()
    await story.apply(routed("orders", story.namespace, scaling={"min": 3, "max": 7}, tier="critical"))
    await story.settled("orders")
    assert (await story.get("deployment", "orders"))["spec"]["replicas"] == 3
    assert [write for write in story.writes() if "deployments" in write] == ["patch deployments"]

    await story.run("scale", "deployment/orders", "--replicas=5")
    story.forget_requests()
    await story.apply(routed("orders", story.namespace, scaling={"min": 3, "max": 7}, team="billing"))
    await story.settled("orders")
    assert (await story.get("deployment", "orders"))["spec"]["replicas"] == 5
    assert [write for write in story.writes() if "deployments" in write] == ["patch deployments"]


async def _replicas(story: Story, expected: int) -> None:
    """Every value on the way: a Deployment that had one replica for a moment has lost its pods."""
    found = await story.client.read_whole(DEPLOYMENT, story.namespace, "orders")
    version = found["metadata"]["resourceVersion"]
    async for _, item in story.client.watch(
        DEPLOYMENT, namespace=story.namespace, resource_version=version, metadata_only=False
    ):
        assert "spec" not in item or item["spec"]["replicas"] == expected


async def test_what_is_no_longer_planned_is_pruned(story: Story) -> None:
    """A service that loses its route and its autoscaler loses the objects, and nothing else."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    manifest = routed("orders", story.namespace, scaling={"min": 2, "max": 2})
    del manifest["spec"]["routing"]
    story.forget_requests()
    await story.apply(manifest)
    await story.settled("orders")
    deleted = {w for w in story.writes() if w.startswith("delete")}
    assert deleted == {"delete httproutes", "delete horizontalpodautoscalers"}
    children = {child["kind"] for child in (await story.status("orders"))["children"]}
    assert "HTTPRoute" not in children


async def test_deleting_a_microservice_writes_nothing(story: Story) -> None:
    """Garbage collection takes the children; none is made again, although their news may come first."""
    await story.apply(*(routed(f"service-{n}", story.namespace) for n in range(5)))
    await story.settled(*(f"service-{n}" for n in range(5)))
    story.forget_requests()
    await story.run("delete", "microservices", "--all")

    async def gone() -> bool:
        return not (await story.run("get", "deployments,services,networkpolicies", "-o", "name")).strip()

    await eventually(gone, seconds=30, every=0.5)
    await story.quiet()
    assert story.writes() == []
    assert len(story.engine.parents) == 0
