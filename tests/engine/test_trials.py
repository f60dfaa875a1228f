"""
Trials of a running service, as a contract asks for them: made after every rollout, repaired, and gone when nobody asks any more.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from concordat.facts import Platform
from concordat_contracts.conformance.__main__ import BROKEN, main
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.conformance.storefront import CONTRACT, Storefront
from tests.conformance.test_conformance import listening
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import microservice
from tests.engine.test_contracts import contract, decided
from tests.gate.test_gate import ADDED, OLD

pytestmark = pytest.mark.controlplane

PLATFORM = Platform(conformance_image="registry.example.com/conformance:1")
NIGHTLY = {"schedule": "0 3 * * *"}


@pytest.fixture
async def trying(control_plane: ControlPlane, optional_kinds: None, namespace: str) -> AsyncIterator[Story]:
    """An engine of a platform that can try services."""
    async with operating(control_plane, namespace, platform=PLATFORM) as running:
        yield running


def payments(story: Story, tag: str = "1") -> Any:
    """The service that provides the contract: one pod."""
    image = f"registry.example.com/payments:{tag}"
    return microservice(
        "payments", story.namespace, provides=["payments-api"], image=image, scaling={"min": 1, "max": 1}
    )


async def names(story: Story, kind: str) -> list[str]:
    found = json.loads(await story.run("get", kind, "--output=json"))["items"]
    return [one["metadata"]["name"] for one in found if one["metadata"]["name"].startswith("payments-api")]


async def answer(story: Story, image: str) -> None:
    """Without a kubelet nobody says that a pod of this image is ready: say it."""
    ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}

    async def pods() -> list[str]:
        found = json.loads(await story.run("get", "pods", "--output=json"))["items"]
        return [pod["metadata"]["name"] for pod in found if pod["spec"]["containers"][0]["image"].endswith(image)]

    await eventually(pods)
    for pod in await pods():
        await story.run("patch", "pod", pod, "--subresource=status", "--type=merge", f"--patch={json.dumps(ready)}")


async def tried(story: Story, *, besides: str = "") -> str:
    """Name of the one Job there is, once there is another than this."""

    async def other() -> bool:
        return any(name != besides for name in await names(story, "jobs"))

    await eventually(other, seconds=30)
    await story.quiet()
    (name,) = await names(story, "jobs")
    return name


async def test_every_rollout_is_tried_once_it_has_ended(trying: Story) -> None:
    """Not before: half of the pods would be of the former program. What was found of that one stays until then."""
    await trying.apply(contract(trying, "1.4.0", OLD, conformance=NIGHTLY), payments(trying))
    await trying.settled("payments")
    assert await names(trying, "cronjobs") == ["payments-api-conformance"]
    assert await names(trying, "networkpolicies") == [
        "payments-api-conformance",
        "payments-api-conformance-reaches-provider",
    ]
    assert await names(trying, "jobs") == []

    await answer(trying, "payments:1")
    first = await tried(trying)
    status = await decided(trying)
    assert {child["kind"] for child in status["children"]} == {"CronJob", "GrafanaDashboard", "Job", "NetworkPolicy"}
    assert all(child["ready"] and child["fingerprint"] for child in status["children"])

    await trying.apply(payments(trying, "2"))
    await trying.settled("payments")
    assert await names(trying, "jobs") == [first]
    await answer(trying, "payments:2")
    second = await tried(trying, besides=first)

    await trying.apply(contract(trying, "1.5.0", ADDED, conformance=NIGHTLY))
    third = await tried(trying, besides=second)
    job = await trying.get("job", third)
    (version,) = [one for one in (await decided(trying))["versions"] if one["version"] == "1.5.0"]
    assert job["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"] == version["configMap"]


async def test_what_the_job_of_a_graphql_contract_is_given_finds_a_breach(trying: Story, tmp_path: Path) -> None:
    """The document as the operator keeps it, at the path the contract names: only the address is another one here."""
    asked = {"path": "/graphql", "profile": "core"}
    shop = contract(trying, "1.4.0", CONTRACT, type="graphql", conformance=asked)
    await trying.apply(shop, payments(trying))
    await trying.settled("payments")
    await answer(trying, "payments:1")

    (template,) = (await trying.get("job", await tried(trying)))["spec"]["template"]["spec"]["containers"]
    (version,) = (await decided(trying))["versions"]
    kept = (await trying.get("configmap", version["configMap"]))["binaryData"]
    file = tmp_path / Path(template["args"][1]).name
    file.write_bytes(base64.b64decode(kept[file.name]))
    with listening(Storefront("field-is-gone").app()) as url:
        address = url + urlsplit(template["args"][0]).path
        code = await asyncio.to_thread(main, address, str(file))
    assert (urlsplit(address).path, code) == ("/graphql", BROKEN)


async def test_nothing_is_left_when_nobody_asks_any_more(trying: Story) -> None:
    """Nothing but the versions that were accepted."""
    await trying.apply(contract(trying, "1.4.0", OLD, conformance=NIGHTLY), payments(trying))
    await trying.settled("payments")
    await answer(trying, "payments:1")
    await tried(trying)

    await trying.apply(contract(trying, "1.4.0", OLD, conformance={"profile": "core"}))
    await decided(trying)
    assert await names(trying, "cronjobs") == []
    assert len(await names(trying, "jobs")) == 1

    await trying.apply(contract(trying, "1.4.0", OLD))
    status = await decided(trying)
    assert {child["kind"] for child in status["children"]} == {"GrafanaDashboard"}
    assert [await names(trying, kind) for kind in ("jobs", "networkpolicies")] == [[], []]
    assert await names(trying, "configmaps") == [status["versions"][0]["configMap"]]


async def test_what_is_edited_or_deleted_by_hand_is_repaired(trying: Story) -> None:
    """With one write each, beside the one in its life that makes a POST an apply."""
    await trying.apply(contract(trying, "1.4.0", OLD, conformance=NIGHTLY), payments(trying))
    await trying.settled("payments")

    suspended = json.dumps({"spec": {"schedule": "0 4 * * *"}})
    await trying.run("patch", "cronjob", "payments-api-conformance", "--type=merge", f"--patch={suspended}")
    await trying.quiet()
    assert (await trying.get("cronjob", "payments-api-conformance"))["spec"]["schedule"] == NIGHTLY["schedule"]

    trying.forget_requests()
    await trying.run("delete", "networkpolicy", "payments-api-conformance")
    await trying.quiet()
    assert "payments-api-conformance" in await names(trying, "networkpolicies")
    assert [write for write in trying.writes() if "networkpolicies" in write] == ["create networkpolicies"]


async def test_a_new_operator_finds_everything_in_place(trying: Story, control_plane: ControlPlane) -> None:
    await trying.apply(contract(trying, "1.4.0", OLD, conformance=NIGHTLY), payments(trying))
    await trying.settled("payments")
    await answer(trying, "payments:1")
    await tried(trying)
    await trying.engine.stop(drain=5)

    async with operating(control_plane, trying.namespace, platform=PLATFORM) as again:
        await again.quiet()
        assert again.writes() == []


async def test_a_strangers_object_is_told_and_nothing_else_suffers(trying: Story) -> None:
    stranger = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "payments-api-conformance", "namespace": trying.namespace},
        "spec": {"podSelector": {"matchLabels": {"app": "other"}}},
    }
    await trying.apply(stranger, contract(trying, "1.4.0", OLD, conformance=NIGHTLY), payments(trying))
    await trying.settled("payments")

    status = await decided(trying)
    assert status["is"]["Ready"]["status"] == "True"
    messages = [problem["message"] for problem in status["problems"]]
    assert any("rename it or this ServiceContract" in message for message in messages), messages
    assert await names(trying, "cronjobs") == []  # what guards its pods is not there


async def test_a_platform_without_an_image_says_so(story: Story) -> None:
    await story.apply(contract(story, "1.4.0", OLD, conformance=NIGHTLY), payments(story))
    await story.settled("payments")

    (problem,) = (await decided(story))["problems"]
    assert (problem["path"], problem["severity"]) == ("spec.conformance", "warning")
    assert "conformance.image" in problem["message"]
    assert await names(story, "cronjobs") == []
