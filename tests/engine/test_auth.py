"""
Tokens a contract demands, on a real API server: they are demanded once everybody who runs asks for them, and nobody is turned away
in between.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from concordat.facts import Platform
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import microservice
from tests.engine.test_contracts import consumer, contract, decided, template
from tests.gate.test_gate import ADDED, OLD

pytestmark = pytest.mark.controlplane

ISSUER = "http://keycloak.identity.svc:8011/realms/shop"
PLATFORM = Platform(token_issuers=(ISSUER,))


@pytest.fixture
async def story(control_plane: ControlPlane, optional_kinds: None, namespace: str) -> AsyncIterator[Story]:
    """An engine whose platform lists the issuers inside the cluster that contracts may name."""
    async with operating(control_plane, namespace, platform=PLATFORM) as running:
        yield running


CREATES = [{"operation": "createPayment"}]
AUTH = {"issuer": ISSUER, "scopes": {"createPayment": ["payments:write"]}}


def provider(story: Story, **spec: Any) -> Any:
    return microservice("payments", story.namespace, provides=["payments-api"], **spec)


async def environment(story: Story, name: str) -> dict[str, str]:
    (container,) = (await template(story, name))["spec"]["containers"]
    return {variable["name"]: variable.get("value", "") for variable in container["env"]}


async def ways_to_the_issuer(story: Story, name: str) -> int:
    policy = await story.get("networkpolicy", name)
    wanted = {"matchLabels": {"kubernetes.io/metadata.name": "identity"}}
    rules = [rule for rule in policy["spec"]["egress"] if {"namespaceSelector": wanted} in rule["to"]]
    return sum(rule["ports"] == [{"port": 8011, "protocol": "TCP"}] for rule in rules)


READY = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}


async def rolled_out(story: Story, name: str) -> None:
    """Without a kubelet nobody says that a pod is ready: say it, until all of them are of the latest template."""

    async def done() -> bool:
        found = json.loads(await story.run("get", "pods", "-l", f"concordat.dev/service={name}", "--output=json"))[
            "items"
        ]
        for pod in found:
            conditions = pod["status"].get("conditions", ())
            if not any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
                # It may be gone by now: then another one comes.
                await asyncio.to_thread(
                    story.kubectl.answers,
                    *("patch", "pod", pod["metadata"]["name"], "--namespace", story.namespace),
                    *("--subresource=status", "--type=merge", f"--patch={json.dumps(READY)}"),
                )
        deployment = await story.get("deployment", name)
        status = deployment.get("status", {})
        latest = status.get("observedGeneration") == deployment["metadata"]["generation"]
        return latest and 0 < status.get("replicas", 0) == status.get("updatedReplicas", 0) == status.get(
            "readyReplicas", 0
        )

    await eventually(done, seconds=60)


async def demanded(story: Story) -> Any:
    return (await story.get("contract", "payments-api"))["status"].get("auth")


async def test_tokens_are_demanded_once_everybody_who_runs_asks_for_them(story: Story) -> None:
    """First who calls is told where to ask, then who is called demands; taken back, nobody who calls restarts."""
    await story.apply(contract(story, "1.4.0", OLD), provider(story), consumer(story, "orders", uses=CREATES))
    await decided(story)
    await story.settled("payments", "orders")

    await story.apply(contract(story, "1.5.0", ADDED, auth=AUTH))
    status = await decided(story)
    await story.settled("payments", "orders")
    assert status["version"] == "1.5.0", "it breaks nobody, and does not wait"
    assert (status["is"]["Ready"]["status"], status["is"]["ConsumersSafe"]["reason"]) == ("False", "ConsumersShutOut")
    message = status["is"]["Ready"]["message"]
    assert f"would shut out {story.namespace}/orders, running now" in message
    assert f"POST /payments payments:write, used by {story.namespace}/orders" in message
    assert status["consumers"] == [{"name": f"{story.namespace}/orders", "verdict": "breaking"}]
    assert "auth" not in status
    wanted = (await story.get("microservice", "orders"))["status"]["problems"]
    assert ["spec.consumes[0].scopes"] == [one["path"] for one in wanted if "will want a token" in one["message"]]

    image = "registry.example.com/payments:1.11.12"
    await story.apply(provider(story, image=image))
    await story.settled("payments")
    (container,) = (await template(story, "payments"))["spec"]["containers"]
    assert container["image"] == image, "who provides it goes on while the demand waits"

    await story.apply(consumer(story, "orders", uses=CREATES, scopes=["payments:write"]))
    await story.settled("orders")
    assert await demanded(story) is None, "its former pods are still there"
    await rolled_out(story, "orders")

    async def in_force() -> bool:
        return await demanded(story) is not None

    await eventually(in_force, seconds=60)
    asking = await template(story, "orders")
    await story.settled("payments", "orders")
    assert asking == await template(story, "orders"), "who asks already restarts no more"
    said = await environment(story, "orders")
    assert (ISSUER, f"{story.namespace}/payments-api", "payments:write") == tuple(
        said[f"PAYMENTS_API_TOKEN_{what}"] for what in ("ISSUER", "AUDIENCE", "SCOPES")
    )
    assert json.loads((await environment(story, "payments"))["AUTH_REQUIREMENTS"]) == [
        {
            "contract": f"{story.namespace}/payments-api",
            "issuer": ISSUER,
            "audience": f"{story.namespace}/payments-api",
            "operations": [{"method": "POST", "paths": ["/payments"], "scopes": ["payments:write"]}],
        }
    ]
    assert [1, 1] == [await ways_to_the_issuer(story, name) for name in ("payments", "orders")]

    await story.apply(contract(story, "1.5.0", ADDED))
    await decided(story)
    await story.settled("payments", "orders")
    assert (await demanded(story))["withdrawn"] is True
    assert "AUTH_REQUIREMENTS" not in await environment(story, "payments")
    assert asking == await template(story, "orders"), "pods of the provider may still demand for a moment"


async def test_who_does_not_ask_for_what_is_demanded_is_not_rolled_out(story: Story) -> None:
    """Neither who comes new, nor who asked before; the pods there are go on."""
    await story.apply(
        contract(story, "1.4.0", OLD, auth=AUTH),
        provider(story),
        consumer(story, "orders", uses=CREATES, scopes=["payments:write"]),
    )
    await decided(story)
    await story.settled("payments", "orders")
    assert (await story.condition("orders", "ContractsSatisfied"))["status"] == "True"
    before = await template(story, "orders")

    reads = [{"operation": "listPayments"}]
    await story.apply(
        consumer(story, "orders", uses=CREATES, scopes=[]),
        consumer(story, "stranger", uses=reads),
        consumer(story, "reader", uses=reads, scopes=[]),
    )
    await story.settled("orders", "stranger", "reader")
    found = {name: await story.condition(name, "ContractsSatisfied") for name in ("orders", "stranger", "reader")}
    assert {name: (one["status"], one["reason"]) for name, one in found.items()} == {
        "orders": ("False", "ScopeMissing"),
        "stranger": ("False", "TokenMissing"),
        "reader": ("True", "ContractsSatisfied"),
    }
    assert found["orders"]["message"].startswith("spec.consumes[0].scopes")
    assert "payments:write for createPayment" in found["orders"]["message"]
    assert await template(story, "orders") == before
    deployments = await story.run("get", "deployments", "-o", "name")
    assert "stranger" not in deployments
    assert "reader" in deployments

    story.forget_requests()
    async with operating(story.cluster, story.namespace, platform=PLATFORM) as again:
        await again.settled("payments", "orders", "stranger", "reader")
        await again.quiet()
    assert story.writes() == [], "a restart finds everything as it is"


async def test_another_issuer_is_refused_until_the_glass_is_broken(story: Story) -> None:
    """It is told as an Event, and those who call are told whom to ask from now on."""
    await story.apply(
        contract(story, "1.4.0", OLD, auth=AUTH),
        provider(story),
        consumer(story, "orders", uses=CREATES, scopes=["payments:write"]),
    )
    await decided(story)
    await story.settled("payments", "orders")
    other = AUTH | {"issuer": "https://id.example.com"}
    await story.apply(contract(story, "1.4.0", OLD, auth=other))
    status = await decided(story)
    assert "auth-issuer-changed every operation" in status["is"]["Ready"]["message"]
    assert (await demanded(story))["issuer"] == ISSUER

    glass = {"concordat.dev/break-glass": "incident 4711"}
    await story.apply(contract(story, "1.4.0", OLD, auth=other, annotations=glass))
    status = await decided(story)
    assert (status["auth"]["issuer"], status["is"]["Ready"]["reason"]) == ("https://id.example.com", "BreakGlass")
    events = await story.run(
        "get", "events", "--field-selector=reason=BreakGlass", "-o", "jsonpath={.items[*].message}"
    )
    assert "auth-issuer-changed" in events
    await story.settled("payments", "orders")
    assert (await environment(story, "orders"))["PAYMENTS_API_TOKEN_ISSUER"] == "https://id.example.com"


async def test_scopes_of_no_operation_are_not_accepted(story: Story) -> None:
    """Nothing of it comes into force; the field and what to write instead are named."""
    await story.apply(contract(story, "1.4.0", OLD, auth=AUTH | {"scopes": {"createPaymnt": ["payments:write"]}}))
    status = await decided(story)
    assert (status["is"]["Valid"]["status"], status["is"]["Valid"]["reason"]) == ("False", "InvalidAuth")
    assert "spec.auth.scopes[createPaymnt]" in status["is"]["Valid"]["message"]
    assert "did you mean 'createPayment'?" in status["is"]["Valid"]["message"]
    assert status.get("version", "") == ""
