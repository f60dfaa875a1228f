"""
What a trial of the running service found becomes a condition of its contract: on a real API server, told by pods.
"""

import asyncio
import json
from typing import Any

import pytest

from concordat.manifest import conventions
from concordat_contracts.conformance.verdict import Breach, Verdict, written
from tests.engine.conftest import Story, eventually
from tests.engine.rig import microservice
from tests.engine.test_contract_admission import contract

pytestmark = pytest.mark.controlplane

KEPT = Verdict(requests=120, operations=2, version="1.0.0")
BROKEN = Verdict(
    breaches=(
        Breach(
            operation="GET /orders/{orderId}",
            check="Server error",
            message="",
            reproducer="curl -X GET http://orders/orders/11",
        ),
    ),
    requests=30,
    operations=2,
    version="1.0.0",
)


async def test_the_verdict_of_a_pod_becomes_a_condition(story: Story) -> None:
    """With the operation and how to see it again; the latest one counts, whatever the order they are heard in."""
    await story.apply(contract(story.namespace, "1.0.0"))
    await _said(story, "first", written(BROKEN), finished="2026-11-28T03:00:00Z")
    broken = await _conformant(story, "False")
    await _said(story, "second", written(KEPT), finished="2026-11-29T03:00:00Z")
    kept = await _conformant(story, "True")
    await _said(story, "late", written(BROKEN), finished="2026-11-27T03:00:00Z")
    await story.quiet()

    assert broken["reason"] == conventions.REASON_BREACH_FOUND
    assert broken["message"] == (
        "1.0.0: GET /orders/{orderId}: Server error\n again: curl -X GET http://orders/orders/11"
    )
    assert (kept["reason"], kept["message"]) == (
        conventions.REASON_CONFORMS,
        "1.0.0: 120 requests to 2 operations, no breach",
    )
    assert (await _conformant(story, "True")) == kept


async def test_it_outlives_the_pod_and_every_other_report(story: Story) -> None:
    """A verdict stands until there is another one; a new edit of the contract does not take it away."""
    await story.apply(contract(story.namespace, "1.0.0"))
    await _said(story, "first", written(KEPT))
    await _conformant(story, "True")
    await story.run("delete", "pod", "first", "--grace-period=0", "--force")
    await story.apply(contract(story.namespace, "1.0.0", access={"namespaces": ["shop"]}))

    async def reported() -> bool:
        found = await story.get("servicecontract", "orders-api")
        return bool(found["status"].get("observedGeneration") == found["metadata"]["generation"])

    await eventually(reported)
    await _conformant(story, "True")


async def test_a_trial_that_could_say_nothing_is_unknown(story: Story) -> None:
    await story.apply(contract(story.namespace, "1.0.0"))
    await _said(story, "first", written(Verdict(unusable="the service does not answer")))

    found = await _conformant(story, "Unknown")
    assert (found["reason"], found["message"]) == (conventions.REASON_TRIAL_FAILED, "the service does not answer")


async def test_whose_contract_is_not_kept_is_counted(story: Story) -> None:
    """By name, with the team that can mend it; nobody is told of what nobody runs, or what is paused."""
    name = f"{story.namespace}/orders-api"
    provider = microservice("orders", story.namespace)
    await story.apply(contract(story.namespace, "1.0.0"))
    await _said(story, "first", written(BROKEN))
    await _conformant(story, "False")
    census = story.engine.census

    async def counted() -> bool:
        numbers = {status: census.contracts_by_condition()["Conformant", status] for status in ("True", "False")}
        return numbers == {"True": 0, "False": 1}

    await eventually(counted, seconds=30)
    assert {} == census.contracts_failing()
    assert (1, 0) == tuple(census.contracts_by_condition()["Ready", status] for status in ("True", "False"))

    provider["spec"] |= {"team": "checkout", "provides": ["orders-api"]}
    await story.apply(provider)

    async def told() -> bool:
        return census.contracts_failing() == {(name, "checkout", "Conformant", "BreachFound"): 1.0}

    await eventually(told, seconds=30)
    await story.run("annotate", "servicecontract", "orders-api", "concordat.dev/paused=true")

    async def silent() -> bool:
        return not census.contracts_failing()

    await eventually(silent, seconds=30)


@pytest.mark.parametrize("message", ["", "Killed", '{"breaches": 1}', "\x00"])
async def test_what_is_no_verdict_says_nothing(story: Story, message: str) -> None:
    """Anybody may end a container with any message."""
    await story.apply(contract(story.namespace, "1.0.0"))
    await _said(story, "first", message.encode())
    await _said(story, "stranger", written(BROKEN), tries="")
    await story.quiet()
    conditions = (await story.get("servicecontract", "orders-api"))["status"]["conditions"]
    assert conventions.CONFORMANT not in {condition["type"] for condition in conditions}


async def _conformant(story: Story, status: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def told() -> bool:
        conditions = ((await story.get("servicecontract", "orders-api")).get("status") or {}).get("conditions", ())
        found.update(next((one for one in conditions if one["type"] == conventions.CONFORMANT), {}))
        return found.get("status") == status

    await eventually(told, seconds=30)
    return found


async def _said(
    story: Story, name: str, message: bytes, *, finished: str = "2026-11-28T03:00:00Z", tries: str = "orders-api"
) -> None:
    """A pod that has ended with a message, as the kubelet would report it: no node runs here."""
    labels = {conventions.LABEL_TRIES: tries} if tries else {}
    await story.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": story.namespace, "labels": labels},
            "spec": {"containers": [{"name": "trial", "image": "localhost/none:1"}]},
        }
    )
    ended = {"exitCode": 0, "finishedAt": finished, "startedAt": finished, "message": message.decode()}
    container = {
        "name": "trial",
        "image": "localhost/none:1",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {"terminated": ended},
    }
    patch = json.dumps({"status": {"phase": "Succeeded", "containerStatuses": [container]}})
    await story.run("patch", "pod", name, "--subresource=status", "--type=merge", f"--patch={patch}")
    await asyncio.sleep(0.1)
