"""
How fast, and with how many writes, what was deleted or edited by hand is put right; one child of each kind, both ways.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from tests.engine.cluster import Kubectl, started
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import routed
from tests.engine.test_repair import EDITS, KINDS, child_writes, essence, named, stable
from tests.figures.engine.figure import at_most


def repairs() -> Iterator[dict[str, Any]]:
    """The slowest repair, and the most writes to a child."""
    with started() as cluster:
        Kubectl(cluster)("create", "namespace", "repair")
        measured = asyncio.run(_measure(cluster))
    seconds = {name: round(taken, 3) for name, (taken, _, _) in measured.items()}
    writes = {name: count for name, (_, count, _) in measured.items()}
    once = {name: count for name, (_, _, count) in measured.items() if count}
    yield at_most("repair_seconds_max", max(seconds.values()), 2, "s", each=seconds)
    yield at_most("repair_writes_max", max(writes.values()), 1, "writes", each=writes, once_in_its_life=once)


async def _measure(cluster: Any) -> dict[str, tuple[float, int, int]]:
    measured = {}
    async with operating(cluster, "repair") as story:
        await story.apply(routed("orders", "repair"))
        await story.settled("orders")
        for kind in KINDS:
            expected = stable(essence(await story.get(kind, named(kind))))
            for how in ("edited", "deleted"):
                before = await story.get(kind, named(kind))
                story.forget_requests()
                if how == "deleted":
                    await story.run("delete", kind, named(kind), "--wait=false")
                else:
                    style = "strategic" if kind == "deployment" else "merge"
                    await story.run("patch", kind, named(kind), "--type", style, "--patch", json.dumps(EDITS[kind]))
                taken = await _repaired(
                    story, kind, expected, other_than=before["metadata"]["uid"] if how == "deleted" else ""
                )
                await story.quiet()
                writes = len(child_writes(story))
                once = int(how == "edited")  # the patch of `managedFields`; of a Deployment it hands over the replicas
                measured[f"{kind} {how}"] = (taken, writes - once, once)
    return measured


async def _repaired(story: Story, kind: str, expected: Any, *, other_than: str) -> float:
    async def as_before() -> bool:
        listed = await asyncio.to_thread(story.kubectl.get, kind, "--namespace", story.namespace)
        ours = [item for item in listed["items"] if item["metadata"]["name"] == named(kind)]
        return bool(ours) and ours[0]["metadata"]["uid"] != other_than and stable(essence(ours[0])) == expected

    return await eventually(as_before, seconds=30)
