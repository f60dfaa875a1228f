"""
Who a host name belongs to, on a real API server: traffic is never led away from a running service.
"""

from typing import Any

import pytest

from concordat.manifest import conventions
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import microservice

pytestmark = pytest.mark.controlplane

HOST = "orders.example.com"
NEWER = "registry.example.com/shop/orders:1.4.3"


def claiming(name: str, namespace: str, *hosts: str, **spec: Any) -> dict[str, Any]:
    return microservice(name, namespace, routing={"hosts": list(hosts)}, **spec)


async def hosts(story: Story, name: str) -> list[str]:
    found: list[str] = (await story.get("httproute", name))["spec"]["hostnames"]
    return found


async def hijack(story: Story) -> None:
    """An old Microservice claims, today, what a younger one has held for long."""
    await story.apply(microservice("veteran", story.namespace))
    await story.settled("veteran")
    await story.apply(claiming("orders", story.namespace, HOST))
    await story.settled("orders")
    await story.apply(claiming("veteran", story.namespace, HOST, "veteran.example.com"))
    await story.settled("orders", "veteran")


async def test_a_host_is_never_led_away(story: Story) -> None:
    """Its holder goes on as before; the claimant gets the rest of what it asked for, and is told."""
    await hijack(story)
    refused = await story.condition("veteran")
    assert await hosts(story, "orders") == [HOST]
    assert await hosts(story, "veteran") == ["veteran.example.com"]
    assert (await story.condition("orders"))["status"] == "True"
    assert (refused["status"], refused["reason"]) == ("False", conventions.REASON_HOST_TAKEN)
    assert (await story.status("orders"))["hosts"] == [HOST]
    assert (await story.status("veteran"))["hosts"] == ["veteran.example.com"]


async def test_a_restart_leaves_hosts_where_they_are(control_plane: ControlPlane, story: Story) -> None:
    """Who holds what is in the status, not in memory."""
    await hijack(story)
    await story.engine.stop(drain=5)
    async with operating(control_plane, story.namespace) as again:
        await again.quiet()
        assert again.writes() == []
        assert await hosts(again, "orders") == [HOST]


async def test_a_host_that_is_taken_blocks_nothing(story: Story) -> None:
    """New images are rolled out and what is missing is made again; without any host left there is no route."""
    await story.apply(claiming("orders", story.namespace, HOST))
    await story.settled("orders")
    await story.apply(claiming("late", story.namespace, HOST))
    await story.settled("late")
    await story.apply(claiming("late", story.namespace, HOST, image=NEWER))
    await story.settled("late")
    containers = (await story.get("deployment", "late"))["spec"]["template"]["spec"]["containers"]
    assert [container["image"] for container in containers] == [NEWER]
    assert "late" not in await story.run("get", "httproutes", "-o", "name")
    await story.run("delete", "service", "late")

    async def made_again() -> bool:
        return "service/late" in await story.run("get", "services", "-o", "name")

    await eventually(made_again)


async def test_a_host_given_up_goes_to_who_waits_for_it(story: Story) -> None:
    """By itself, once the former route is without it."""
    await story.apply(claiming("orders", story.namespace, HOST))
    await story.settled("orders")
    await story.apply(claiming("heir", story.namespace, HOST))
    await story.settled("heir")
    await story.apply(microservice("orders", story.namespace))

    async def inherited() -> bool:
        return (await story.status("heir")).get("hosts") == [HOST]

    await eventually(inherited)
    assert await hosts(story, "heir") == [HOST]
    assert "httproute.gateway.networking.k8s.io/orders" not in await story.run("get", "httproutes", "-o", "name")
