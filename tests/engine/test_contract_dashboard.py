"""
The dashboard of a contract: there while somebody provides it, and drawn anew when those it shows come or go.
"""

import json
from typing import Any

import pytest

from concordat.facts import Platform
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import microservice
from tests.engine.test_contracts import consumer, contract, decided
from tests.gate.test_gate import OLD

pytestmark = pytest.mark.controlplane

NAME = "payments-api.contract-dashboard"


async def boards(story: Story) -> list[Any]:
    found = json.loads(await story.run("get", "grafanadashboards", "--output=json"))["items"]
    return [json.loads(one["spec"]["json"]) for one in found if one["metadata"]["name"] == NAME]


async def linked(story: Story) -> set[str]:
    return {link["title"].partition("/")[2] for board in await boards(story) for link in board["links"]}


async def test_it_comes_and_goes_with_its_provider(story: Story) -> None:
    await story.apply(contract(story, "1.4.0", OLD))
    assert (await decided(story))["children"] == []

    await story.apply(microservice("payments", story.namespace, provides=["payments-api"]))
    await story.settled("payments")
    (child,) = (await decided(story))["children"]
    assert (child["kind"], child["name"], child["ready"]) == ("GrafanaDashboard", NAME, True)

    await story.run("delete", "microservice", "payments")

    async def gone() -> bool:
        return not await boards(story)

    await eventually(gone)
    assert (await decided(story))["children"] == []


async def test_it_shows_who_consumes_now(story: Story) -> None:
    """One write when somebody comes; none when nothing changes."""
    await story.apply(
        contract(story, "1.4.0", OLD), microservice("payments", story.namespace, provides=["payments-api"])
    )
    await story.settled("payments")
    assert await linked(story) == {"payments"}

    await story.apply(consumer(story, "orders"))
    await story.settled("orders")
    assert await linked(story) == {"payments", "orders"}

    story.forget_requests()
    story.engine.queue.add(story.engine.contracts.named(story.namespace, "payments-api").key)  # type: ignore[union-attr]
    await story.quiet()
    assert story.writes() == []


async def test_a_restarted_operator_finds_it_in_place(story: Story) -> None:
    await story.apply(
        contract(story, "1.4.0", OLD), microservice("payments", story.namespace, provides=["payments-api"])
    )
    await story.settled("payments")
    await story.engine.stop(drain=5)

    async with operating(story.cluster, story.namespace, platform=Platform()) as again:
        await again.quiet()
        assert again.writes() == []
