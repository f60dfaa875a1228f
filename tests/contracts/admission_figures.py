"""
How long ``kubectl apply`` of a contract waits for the webhook's answer: a real API server, a real engine, a real comparison.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from concordat.manifest import conventions
from concordat.world.contracts import SERVICE_CONTRACT
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.conformance.orders import ORDER
from tests.engine.cluster import Kubectl, started
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import free_port
from tests.engine.test_webhook import _configuration, asking
from tests.figures.engine.figure import at_most

OPERATIONS = 200
EDITS = 150
NAMESPACE = "admission"


def admission_ms_p99() -> Mapping[str, Any]:
    """Edits of a contract of 200 operations, each another one, as dry runs: everything but the write to etcd."""
    with started() as cluster:
        Kubectl(cluster)("create", "namespace", NAMESPACE)
        cold, samples = asyncio.run(_measured(cluster))
    samples.sort()
    p99 = samples[int(len(samples) * 0.99) - 1]
    return at_most(
        "admission_ms_p99",
        round(p99, 1),
        500,
        "ms",
        edits=len(samples),
        p50=round(samples[len(samples) // 2], 1),
        first_ms=round(cold, 1),
    )


async def _measured(cluster: ControlPlane) -> tuple[float, list[float]]:
    port = free_port()
    Kubectl(cluster)("create", "-f", "-", stdin=_configuration(NAMESPACE, port, NAMESPACE))
    async with operating(cluster, NAMESPACE) as story, asking(story, (NAMESPACE, port)) as asked:
        await story.client.create(SERVICE_CONTRACT, _contract("1.0.0", edit=0))

        async def in_force() -> bool:
            found = await story.client.read_whole(SERVICE_CONTRACT, NAMESPACE, "large")
            return bool((found.get("status") or {}).get("version"))

        await eventually(in_force, seconds=60)
        await story.engine.foresight.assessor.close()
        before = len(asked.counted.answers)
        milliseconds = [await _edit(story, number) for number in range(1, EDITS + 2)]
        answers = {answer for _, _, answer in asked.counted.answers[before:]}
        assert answers == {"allowed"}, answers  # each was really judged, none too late
    return milliseconds[0], milliseconds[1:]


async def _edit(story: Story, number: int) -> float:
    path = f"{SERVICE_CONTRACT.path}/namespaces/{NAMESPACE}/{SERVICE_CONTRACT.plural}/large"
    body = {"spec": _contract(f"1.{number}.0", edit=number)["spec"]}
    began = time.perf_counter()
    await story.client.send("PATCH", f"{path}?dryRun=All", body, content_type="application/merge-patch+json")
    return (time.perf_counter() - began) * 1000


def _contract(version: str, *, edit: int) -> dict[str, Any]:
    """Every edit adds an optional property to what one operation answers."""
    paths = {f"/things{number}/{{id}}": _path(number) for number in range(OPERATIONS // 2)}
    extra = {f"extra{edit}": {"type": "string"}} if edit else {}
    order = {**ORDER, "properties": {**ORDER["properties"], **extra}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "large", "version": version},
        "paths": paths,
        "components": {"schemas": {"Order": order}},
    }
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": "large", "namespace": NAMESPACE},
        "spec": {"type": "openapi", "version": version, "document": {"inline": json.dumps(document)}},
    }


def _path(number: int) -> dict[str, Any]:
    identity = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 64}}
    answer = {
        "description": "one",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["order"],
                    "properties": {
                        "order": {"$ref": "#/components/schemas/Order"},
                        **{f"field{n}": {"type": "integer", "minimum": n} for n in range(number % 7)},
                    },
                }
            }
        },
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
    return {
        "parameters": [identity],
        "get": {"operationId": f"get{number}", "responses": {"200": answer}},
        "put": {"operationId": f"put{number}", "requestBody": body, "responses": {"200": answer}},
    }


FIGURES = (admission_ms_p99,)
