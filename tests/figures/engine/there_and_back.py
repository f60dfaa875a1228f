"""
A to B to A for every property of the schema: what is there afterwards must be what was there before.
"""

import asyncio
from typing import Any

from tests.engine.cluster import Kubectl, started
from tests.engine.conftest import Story, operating
from tests.engine.kill_plans import KINDS, normal
from tests.engine.mutations import BASE, MUTATIONS, mutated
from tests.engine.rig import microservice
from tests.figures.engine.figure import exactly


def there_and_back_unequal() -> dict[str, Any]:
    """Properties whose change and return leave anything different."""
    with started() as cluster:
        Kubectl(cluster)("create", "namespace", "there")
        unequal, unchanged = asyncio.run(_measure(cluster))
    return exactly(
        "there_and_back_unequal",
        len(unequal),
        0,
        "properties",
        tried=len(MUTATIONS),
        unequal=unequal,
        changing_no_child=unchanged,
    )


async def _measure(cluster: Any) -> tuple[list[str], list[str]]:
    unequal, unchanged = [], []
    async with operating(cluster, "there") as story:
        neighbours = (
            microservice("payments", "there", ports={"http": {"port": 1}, "grpc": {"port": 2}}),
            microservice("catalog", "there", provides=["catalog-api"]),
        )
        await story.apply(*neighbours)
        await _put(story, BASE, "create")
        start = await _state(story)
        for path in MUTATIONS:
            await _put(story, mutated(path), "replace")
            if await _state(story) == start:
                unchanged.append(path)
            await _put(story, BASE, "replace")
            if await _state(story) != start:
                unequal.append(path)
    return unequal, unchanged


async def _put(story: Story, spec: dict[str, Any], verb: str) -> None:
    manifest = microservice("orders", "there") | {"spec": spec}
    await story.run(verb, "-f", "-", stdin=manifest)
    await story.settled("orders", seconds=60)


async def _state(story: Story) -> dict[str, Any]:
    selector = "concordat.dev/service=orders"
    listed = await asyncio.to_thread(story.kubectl.get, KINDS, "--selector", selector, "--namespace", "there")
    return {item["kind"]: normal(item, "orders") for item in listed["items"]}
