"""
Input of odd shape on a real API server: annotations, ``managedFields`` and a status that lost its fields.
"""

import asyncio
import json
import logging
from typing import Any

import pytest

from concordat.cluster.connection.client import MERGE
from concordat.manifest import Kind, conventions
from concordat.resources import kinds
from concordat.world.contracts import SERVICE_CONTRACT
from concordat.world.microservice_record import MICROSERVICE
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import microservice, routed
from tests.gate.test_gate import OLD

pytestmark = pytest.mark.controlplane

LONG = "x" * (200 * 1024)
SHAPES = (
    "null",
    "5",
    "-1e999",
    '"text"',
    "[]",
    "[[]]",
    '{"{}/orders-api": 5}',
    '{"tokens": {"{}/orders-api": {"scopes": [[]]}}}',
)
NAMES = (conventions.ANNOTATION_CONSUMES, conventions.ANNOTATION_HASH, conventions.ANNOTATION_BREAK_GLASS)


async def patch(story: Story, kind: Kind, name: str, body: Any, *, subresource: str = "") -> None:
    path = f"{kind.path}/namespaces/{story.namespace}/{kind.plural}/{name}{subresource}"
    await story.client.send("PATCH", path, body, content_type=MERGE)


def contract(namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": "orders-api", "namespace": namespace},
        "spec": {"type": "openapi", "version": "1.4.0", "document": {"inline": OLD}},
    }


async def test_annotations_of_every_shape_on_everything_cause_no_internal_error(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    """On every child, every service and the contract at once; a quiet service beside them is built as ever."""
    await story.apply(
        contract(story.namespace),
        routed("orders", story.namespace, provides=["orders-api"]),
        microservice("reader", story.namespace, consumes=[{"contract": "orders-api"}]),
    )
    await story.settled("orders", "reader")
    targets = [(store.kind, found.name) for store in story.engine.children.stores() for found in store]
    targets += [(MICROSERVICE, "orders"), (MICROSERVICE, "reader"), (SERVICE_CONTRACT, "orders-api")]
    assert len(targets) >= 16
    with caplog.at_level(logging.ERROR):
        for shape in (*SHAPES, "[" * 3000, LONG):
            text = shape.replace("{}/", f"{story.namespace}/")
            said = {NAMES[0]: text} if shape is LONG else dict.fromkeys(NAMES, text)
            body = {"metadata": {"annotations": dict.fromkeys(NAMES) | said}}
            await asyncio.gather(*(patch(story, kind, name, body) for kind, name in targets))
        await story.apply(microservice("quiet", story.namespace))
        await story.settled("orders", "reader", "quiet")
    assert [record.message for record in caplog.records if record.exc_info] == []
    told = set()
    for kind in (MICROSERVICE, SERVICE_CONTRACT):
        found = await story.client.send("GET", f"{kind.path}/namespaces/{story.namespace}/{kind.plural}")
        told |= {condition["reason"] for item in found["items"] for condition in item["status"]["conditions"]}
    assert conventions.REASON_INTERNAL_ERROR not in told
    assert (await story.condition("quiet"))["status"] == "True"


async def test_managed_fields_nested_deeply_do_not_end_a_watch(story: Story) -> None:
    """Anybody may apply an object in our name with fields of any depth; the services beside it go on being watched."""
    await story.apply(microservice("orders", story.namespace))
    await story.settled("orders")
    inner: Any = {"a": "b"}
    for _ in range(300):
        inner = {"f": inner}
    labels = {conventions.LABEL_MANAGED_BY: conventions.MANAGED_BY}
    dashboard = {
        "apiVersion": kinds.GRAFANA_DASHBOARD.api_version,
        "kind": kinds.GRAFANA_DASHBOARD.kind,
        "metadata": {"name": "deep", "namespace": story.namespace, "labels": labels},
        "spec": {"deep": inner},
    }
    manager = f"--field-manager={conventions.FIELD_MANAGER}"
    await story.run("apply", "--server-side", "--force-conflicts", manager, "--filename", "-", stdin=dashboard)

    async def seen() -> bool:
        return story.engine.children.find(kinds.GRAFANA_DASHBOARD, story.namespace, "deep") is not None

    await eventually(seen, seconds=20)
    assert story.engine.hung() == ""


async def test_a_status_without_fingerprints_changes_no_pod_template(
    control_plane: ControlPlane, optional_kinds: None, namespace: str
) -> None:
    """An older CRD prunes what it does not know; a new operator finds its children as they are."""
    async with operating(control_plane, namespace) as story:
        await story.apply(routed("orders", namespace))
        await story.settled("orders")
    before = await story.get("deployment", "orders")
    async with operating(control_plane, namespace) as story:
        await story.quiet()
        for pruned in ({"children": None}, {"children": None, "conditions": None, "observedGeneration": None}):
            await patch(story, MICROSERVICE, "orders", {"status": pruned}, subresource="/status")
            await story.quiet()
    async with operating(control_plane, namespace) as story:
        await story.settled("orders")
        status = await story.status("orders")
    after = await story.get("deployment", "orders")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert json.dumps(after["spec"]["template"]) == json.dumps(before["spec"]["template"])
    assert all(child["fingerprint"] for child in status["children"])
