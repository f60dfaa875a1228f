"""
Memory of the operator, and how long an edit takes to reach the child it is about.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from concordat.resources.kinds import DEPLOYMENT
from tests.engine.cluster import Kubectl, started
from tests.engine.conftest import operating
from tests.engine.rig import OperatorProcess, resident_mib, routed
from tests.figures.engine.converge import post, reported
from tests.figures.engine.figure import at_most

MANY = 1000
EDITS = 200


def memory() -> Iterator[dict[str, Any]]:
    """Resident memory with nothing to look after, and what 1,000 Microservices with their caches add."""
    with started() as cluster:
        Kubectl(cluster)("create", "namespace", "memory")
        log = Path(cluster.kubeconfig).with_name("operator.log")
        with OperatorProcess(cluster.kubeconfig, log) as operator:
            operator.wait_until_working()
            time.sleep(10)
            idle = resident_mib(operator.pid)
            post(cluster, "memory", MANY)
            reported(operator, MANY)
            time.sleep(20)
            built = resident_mib(operator.pid)
        with OperatorProcess(cluster.kubeconfig, log) as operator:
            operator.wait_until_working()
            reported(operator, MANY)
            time.sleep(20)
            restarted = resident_mib(operator.pid)
    yield at_most("rss_idle_mib", round(idle, 1), 70, "MiB")
    yield at_most(
        "rss_per_1000_mib",
        round(max(built, restarted) - idle, 1),
        60,
        "MiB",
        after_building=round(built, 1),
        after_restart=round(restarted, 1),
    )


def apply_ms_p99() -> dict[str, Any]:
    """From the moment an edit is sent to the moment the API server tells of the changed Deployment, idle operator."""
    with started() as cluster:
        Kubectl(cluster)("create", "namespace", "latency")
        samples = sorted(asyncio.run(_latencies(cluster)))
    p99 = samples[int(len(samples) * 0.99) - 1]
    return at_most(
        "apply_ms_p99", round(p99, 1), 250, "ms", edits=len(samples), p50=round(samples[len(samples) // 2], 1)
    )


async def _latencies(cluster: Any) -> list[float]:
    loop = asyncio.get_running_loop()
    async with operating(cluster, "latency") as story:
        await story.apply(*(routed(f"service-{n}", "latency") for n in range(10)))
        await story.settled(*(f"service-{n}" for n in range(10)), seconds=60)
        seen: dict[str, float] = {}

        async def follow() -> None:
            version = (await story.client.list(DEPLOYMENT, dict, namespace="latency")).resource_version
            async for _, item in story.client.watch(
                DEPLOYMENT, namespace="latency", resource_version=version, metadata_only=False
            ):
                if "spec" in item:
                    seen.setdefault(item["spec"]["template"]["spec"]["containers"][0]["image"], loop.time())

        following = asyncio.create_task(follow())
        samples = []
        for number in range(EDITS):
            image = f"registry.example.com/shop/orders:{number}"
            path = f"/apis/concordat.dev/v1alpha1/namespaces/latency/microservices/service-{number % 10}"
            sent = loop.time()
            await story.client.send(
                "PATCH", path, {"spec": {"image": image}}, content_type="application/merge-patch+json"
            )
            async with asyncio.timeout(20):
                while image not in seen:  # noqa: ASYNC110  a poll every millisecond is exact enough
                    await asyncio.sleep(0.001)
            samples.append((seen[image] - sent) * 1000)
            await asyncio.sleep(0.2)
        following.cancel()
        return samples
