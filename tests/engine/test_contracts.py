"""
The gate on a real API server: what comes into force, what is refused, and what follows for those who provide and consume.
"""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from concordat.manifest import conventions
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.cluster import Kubectl
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import microservice
from tests.gate.test_gate import ADDED, DROPPED, OLD

pytestmark = pytest.mark.controlplane


def contract(
    story: Story, version: str, document: str, *, annotations: dict[str, str] | None = None, **spec: Any
) -> Any:
    """payments-api in that version."""
    text = document.replace("version: 1.4.0", f"version: {version}")
    return {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "ServiceContract",
        "metadata": {"name": "payments-api", "namespace": story.namespace, "annotations": annotations or {}},
        "spec": {"type": "openapi", "version": version, "document": {"inline": text}} | spec,
    }


def consumer(story: Story, name: str, **use: Any) -> Any:
    """A service that uses payments-api."""
    return microservice(name, story.namespace, consumes=[{"contract": "payments-api"} | use])


@pytest.fixture
async def beside(control_plane: ControlPlane, optional_kinds: None, namespace: str) -> AsyncIterator[tuple[Story, str]]:
    """One engine at work in two namespaces, and the name of the other one."""
    elsewhere = f"{namespace}-elsewhere"
    kubectl = Kubectl(control_plane)
    kubectl("create", "namespace", elsewhere)
    async with operating(control_plane, namespace, elsewhere) as story:
        yield story, elsewhere
    kubectl("delete", "namespace", elsewhere, "--wait=false")


READS_STATE = [{"operation": "createPayment", "reads": ["id", "state"]}]
READS_ID = [{"operation": "createPayment", "reads": ["id"]}]


async def decided(story: Story) -> dict[str, Any]:
    """The contract as the operator last saw it; its conditions by type under ``is``."""

    async def is_decided() -> bool:
        found = await story.get("contract", "payments-api")
        return bool(found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"])

    await eventually(is_decided, seconds=30)
    await story.quiet()
    found: dict[str, Any] = await story.get("contract", "payments-api")
    status: dict[str, Any] = found["status"]
    return status | {"is": {condition["type"]: condition for condition in status["conditions"]}}


async def template(story: Story, name: str) -> Any:
    return (await story.get("deployment", name))["spec"]["template"]


async def test_a_first_version_comes_into_force_and_is_kept(story: Story) -> None:
    """Its normal form, in an immutable ConfigMap that belongs to it; one write and one status."""
    story.forget_requests()
    await story.apply(contract(story, "1.4.0", OLD))
    status = await decided(story)
    assert {kind: found["status"] for kind, found in status["is"].items()} == dict.fromkeys(
        ("Ready", "Valid", "Compatible", "ConsumersSafe"), "True"
    )
    assert (status["version"], status["state"], status["operations"]) == (
        "1.4.0",
        "active",
        ["createPayment", "listPayments"],
    )
    assert story.writes() == ["create configmaps", "patch servicecontracts/status"]
    (kept,) = status["versions"]
    stored = await story.get("configmap", kept["configMap"])
    assert stored["immutable"] is True
    assert stored["metadata"]["ownerReferences"][0]["kind"] == "ServiceContract"
    assert b"created" not in gzip.decompress(base64.b64decode(stored["binaryData"]["document.json.gz"]))


async def test_a_change_that_breaks_who_runs_is_refused_until_they_have_moved(story: Story) -> None:
    """Nobody's pods change; once the consumer reads it no more, the same change comes into force by itself."""
    await story.apply(
        contract(story, "1.4.0", OLD, compatibility="none"),
        microservice("payments", story.namespace, provides=["payments-api"]),
        consumer(story, "orders", uses=READS_STATE),
        consumer(story, "web", uses=READS_ID),
    )
    await story.settled("payments", "orders", "web")
    before = [await template(story, name) for name in ("payments", "orders", "web")]

    await story.apply(
        contract(story, "1.5.0", DROPPED, compatibility="none"),
        microservice(
            "payments", story.namespace, provides=["payments-api"], image="registry.example.com/payments:1.5.0"
        ),
    )
    status = await decided(story)
    await story.settled("payments")
    assert (status["version"], status["is"]["Ready"]["reason"]) == ("1.4.0", "ConsumersBreak")
    message = status["is"]["Ready"]["message"]
    assert f"would break {story.namespace}/orders, running now" in message
    assert "POST /payments 201 $.state" in message
    assert {row["name"].partition("/")[2]: row["verdict"] for row in status["consumers"]} == {
        "orders": "breaking",
        "web": "compatible",
    }
    assert [await template(story, name) for name in ("payments", "orders", "web")] == before
    satisfied = await story.condition("payments", "ContractsSatisfied")
    assert (satisfied["status"], satisfied["reason"]) == ("False", "ContractRefused")
    assert "spec.provides[0]" in satisfied["message"]

    await story.apply(consumer(story, "orders", uses=READS_ID))
    await story.settled("orders")

    async def accepted() -> bool:
        return bool((await story.get("contract", "payments-api"))["status"]["version"] == "1.5.0")

    await eventually(accepted, seconds=30)
    await story.settled("payments")
    (container,) = (await template(story, "payments"))["spec"]["containers"]
    assert container["image"] == "registry.example.com/payments:1.5.0"
    assert (await story.condition("payments", "ContractsSatisfied"))["status"] == "True"


async def test_a_break_without_a_major_step_is_refused_and_accepted_with_one(story: Story) -> None:
    """As long as nobody who runs is touched."""
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    await story.apply(contract(story, "1.5.0", DROPPED))
    status = await decided(story)
    assert (status["version"], status["is"]["Compatible"]["reason"]) == ("1.4.0", "BreakingChange")
    assert "1 breaking change needs 2.0.0" in status["is"]["Ready"]["message"]
    await story.apply(contract(story, "2.0.0", DROPPED))
    status = await decided(story)
    assert (status["version"], [one["version"] for one in status["versions"]]) == ("2.0.0", ["1.4.0", "2.0.0"])


async def test_a_version_is_never_published_twice_with_other_content(story: Story) -> None:
    """With the same it is nothing new, and costs one status."""
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    await story.apply(contract(story, "1.4.0", ADDED))
    status = await decided(story)
    assert status["is"]["Compatible"]["reason"] == "VersionRepublished"
    story.forget_requests()
    await story.apply(contract(story, "1.4.0", OLD.replace("description: created", "description: made")))
    status = await decided(story)
    assert status["is"]["Ready"]["status"] == "True"
    assert story.writes() == ["patch servicecontracts/status"]


@pytest.mark.parametrize(
    ("use", "path", "reason"),
    [
        ({"uses": [{"operation": "refund"}]}, "spec.consumes[0].uses[0].operation", "OperationUnknown"),
        (
            {"uses": [{"operation": "listPayments"}, {"operation": "createPayment", "reads": ["currency"]}]},
            "spec.consumes[0].uses[1].reads",
            "OperationUnknown",
        ),
        ({"version": ">=2"}, "spec.consumes[0].version", "VersionUnsatisfied"),
    ],
)
async def test_who_uses_what_is_not_there_is_not_rolled_out(
    story: Story, use: dict[str, Any], path: str, reason: str
) -> None:
    """The pods it has go on; the condition names the field."""
    await story.apply(contract(story, "1.4.0", OLD), consumer(story, "orders"))
    await decided(story)
    await story.settled("orders")
    before = await template(story, "orders")
    changed = consumer(story, "orders", **use)
    changed["spec"]["image"] = "registry.example.com/shop/orders:2.0.0"
    await story.apply(changed)
    await story.settled("orders")
    satisfied = await story.condition("orders", "ContractsSatisfied")
    assert (satisfied["status"], satisfied["reason"]) == ("False", reason)
    assert satisfied["message"].startswith(path)
    assert await template(story, "orders") == before


async def test_a_contract_in_use_is_neither_retired_nor_given_up(story: Story) -> None:
    """Whoever relies on it must be gone first."""
    await story.apply(
        contract(story, "1.4.0", OLD),
        microservice("payments", story.namespace, provides=["payments-api"]),
        consumer(story, "orders"),
    )
    await story.settled("payments", "orders")
    await story.apply(contract(story, "1.4.0", OLD, lifecycle={"state": "retired"}))
    status = await decided(story)
    assert (status["state"], status["is"]["ConsumersSafe"]["reason"]) == ("active", "InUse")
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    await story.apply(microservice("payments", story.namespace))
    await story.settled("payments")
    satisfied = await story.condition("payments", "ContractsSatisfied")
    assert satisfied["reason"] == "ContractInUse"
    assert f"{story.namespace}/orders relies on it" in satisfied["message"]

    await story.run("delete", "microservice", "orders")

    async def given_up() -> bool:
        return bool((await story.condition("payments", "ContractsSatisfied"))["status"] == "True")

    await eventually(given_up, seconds=60)


async def test_broken_glass_lets_through_and_is_told(story: Story) -> None:
    """As an Event, in the condition, once."""
    await story.apply(contract(story, "1.4.0", OLD), consumer(story, "orders"))
    await decided(story)
    await story.settled("orders")
    await story.apply(contract(story, "1.5.0", DROPPED, annotations={"concordat.dev/break-glass": "incident 4711"}))
    status = await decided(story)
    assert (status["version"], status["is"]["Ready"]["reason"]) == ("1.5.0", "BreakGlass")
    events = await story.run(
        "get", "events", "--field-selector=reason=BreakGlass", "-o", "jsonpath={.items[*].message}"
    )
    assert events.startswith("incident 4711: ServiceContract")
    assert story.engine.census.broken_glass()["ServiceContract",] == 1


async def test_a_document_may_come_later_and_in_pieces(story: Story) -> None:
    """A ConfigMap that is not there yet is named; compressed pieces are put together."""
    packed = gzip.compress(OLD.encode(), mtime=0)
    parts = [{"name": f"pieces-{number}", "key": "part"} for number in range(2)]
    manifest = contract(story, "1.4.0", OLD)
    manifest["spec"]["document"] = {"parts": parts}
    await story.apply(manifest)
    status = await decided(story)
    assert (status["is"]["Valid"]["status"], status["is"]["Valid"]["reason"]) == ("False", "DocumentMissing")
    assert "there is no ConfigMap pieces-0" in status["is"]["Ready"]["message"]
    middle = len(packed) // 2
    for number, piece in enumerate((packed[:middle], packed[middle:])):
        await story.apply(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"pieces-{number}", "namespace": story.namespace},
                "binaryData": {"part": base64.b64encode(piece).decode()},
            }
        )

    async def accepted() -> bool:
        return bool((await story.get("contract", "payments-api"))["status"].get("version") == "1.4.0")

    await eventually(accepted, seconds=30)


async def test_consent_is_the_contracts(story: Story) -> None:
    """Without it nothing of the contract is known elsewhere, not even that it is there."""
    elsewhere = f"{story.namespace}-elsewhere"
    await asyncio.to_thread(story.kubectl, "create", "namespace", elsewhere)
    async with operating(story.cluster, elsewhere, story.namespace):
        await story.apply(
            contract(story, "1.4.0", OLD), microservice("payments", story.namespace, provides=["payments-api"])
        )
        stranger = microservice(
            "stranger",
            elsewhere,
            consumes=[{"contract": f"{story.namespace}/payments-api", "uses": [{"operation": "x"}]}],
        )
        await story.apply(stranger)

        async def condition() -> dict[str, Any]:
            found = await asyncio.to_thread(story.kubectl.get, "microservice", "stranger", "--namespace", elsewhere)
            conditions = (found.get("status") or {}).get("conditions", ())
            return next((one for one in conditions if one["type"] == "ContractsSatisfied"), {})

        async def indifferent() -> bool:
            return (await condition()).get("reason") == "ContractsSatisfied"

        await eventually(indifferent, seconds=30)
        await story.apply(contract(story, "1.4.0", OLD, access={"namespaces": [elsewhere]}))

        async def refused() -> bool:
            return (await condition()).get("reason") == "OperationUnknown"

        await eventually(refused, seconds=30)
    await asyncio.to_thread(story.kubectl, "delete", "namespace", elsewhere, "--wait=false")


async def test_whoever_is_not_let_in_binds_nobody(beside: tuple[Story, str]) -> None:
    """A stranger's declaration freezes no contract, is not counted, and crashes nothing, whatever it says."""
    story, elsewhere = beside
    reference = f"{story.namespace}/payments-api"
    leech = microservice("leech", elsewhere, consumes=[{"contract": reference, "uses": READS_STATE}])
    await story.apply(contract(story, "1.4.0", OLD, compatibility="none"), leech)
    await decided(story)
    await story.quiet()
    forged = json.dumps({reference: 5, "tokens": {reference: {"issuer": "x", "audience": "y", "scopes": [[]]}}})
    for annotation in (f"{conventions.ANNOTATION_PAUSED}=true", f"{conventions.ANNOTATION_CONSUMES}={forged}"):
        await asyncio.to_thread(
            story.kubectl, "annotate", "deployment", "leech", "--overwrite", "--namespace", elsewhere, annotation
        )
    await story.quiet()

    await story.apply(contract(story, "1.5.0", DROPPED, compatibility="none"))
    status = await decided(story)

    assert ("1.5.0", "True") == (status["version"], status["is"]["Ready"]["status"])
    assert (0, []) == (status.get("consumerCount", 0), status.get("consumers", []))


async def test_consent_withdrawn_binds_until_the_grace_ends(beside: tuple[Story, str]) -> None:
    """The provider cannot cut off who runs by taking consent away first; the status says until when it still binds."""
    story, elsewhere = beside
    friend = microservice(
        "friend", elsewhere, consumes=[{"contract": f"{story.namespace}/payments-api", "uses": READS_STATE}]
    )
    open_to = {"compatibility": "none", "access": {"namespaces": [elsewhere]}}
    await story.apply(contract(story, "1.4.0", OLD, **open_to), friend)
    await decided(story)
    await story.quiet()

    await story.apply(contract(story, "1.4.0", OLD, compatibility="none"))
    (consent,) = (await decided(story))["consents"]
    await story.apply(contract(story, "1.5.0", DROPPED, compatibility="none"))
    status = await decided(story)

    assert elsewhere == consent["namespace"]
    assert consent["until"] > datetime.now(UTC).strftime("%Y-%m-%d")
    assert ("1.4.0", "ConsumersBreak") == (status["version"], status["is"]["Ready"]["reason"])


async def test_a_restart_writes_nothing_and_reads_no_document_again(story: Story) -> None:
    """What was decided stands in the status; what is used, on the Deployments."""
    await story.apply(contract(story, "1.4.0", OLD), consumer(story, "orders"))
    await decided(story)
    await story.settled("orders")
    mark = story.cluster.audit_log.mark()
    async with operating(story.cluster, story.namespace) as again:
        await again.quiet()
        again._mark = mark
        assert [str(request) for request in again.requests()] == []
        assert [parent.key.name for parent in again.engine.parents.relying(story.namespace, "payments-api")] == [
            "orders"
        ]


async def test_what_the_api_server_has_not_seen_refused_is_refused_here(story: Story) -> None:
    """A document that cannot be read gives a condition with the place; the operator goes on."""
    await story.apply(contract(story, "1.4.0", "openapi: 3.1.0\ninfo: {version: 1.4.0}\npaths: [1"))
    status = await decided(story)
    assert status["is"]["Valid"]["reason"] == "InvalidDocument"
    assert "line 4" in status["is"]["Ready"]["message"]
    assert status["problems"][0]["path"] == "spec.document"
