"""
The gate at admission: what `kubectl apply` says to a contract, and that the reconciler says the same where nobody was asked.
"""

import asyncio
import copy
import json
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml

from concordat.manifest import conventions
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.conformance.orders import DOCUMENT
from tests.engine.conftest import eventually, operating
from tests.engine.rig import microservice
from tests.engine.test_webhook import Answer, Asked, asking, configured  # noqa: F401  a fixture

pytestmark = pytest.mark.controlplane

PARTNER = {"name": "partner-x", "uses": [{"operation": "getOrder", "reads": ["id", "total"]}]}


@pytest.fixture
async def asked(
    control_plane: ControlPlane,
    optional_kinds: None,
    namespace: str,
    configured: tuple[str, int],  # noqa: F811
) -> AsyncIterator[Asked]:
    """An engine at work in a new namespace, its webhook, and a contract in force on which a partner relies."""
    async with operating(control_plane, namespace) as story, asking(story, configured) as webhook:
        published = await webhook.apply(contract(namespace, "1.0.0", externalConsumers=[PARTNER]))
        assert published.accepted, published.said
        await in_force(webhook, "1.0.0")
        yield webhook


def document(version: str, *without: str) -> dict[str, Any]:
    """Of the orders, without some properties of an order."""
    changed = copy.deepcopy(DOCUMENT)
    changed["info"]["version"] = version
    order = changed["components"]["schemas"]["Order"]
    for name in without:
        del order["properties"][name]
        order["required"].remove(name)
    return changed


def contract(namespace: str, version: str, *without: str, text: str = "", **spec: Any) -> dict[str, Any]:
    """Version ``version`` of ``orders-api``."""
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": "orders-api", "namespace": namespace},
        "spec": {
            "type": "openapi",
            "version": version,
            "document": {"inline": text or json.dumps(document(version, *without))},
            **spec,
        },
    }


async def status(asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = (await asked.story.get("servicecontract", "orders-api")).get("status") or {}
    return found


async def in_force(asked: Asked, version: str) -> None:
    async def accepted() -> bool:
        return (await status(asked)).get("version") == version

    await eventually(accepted, seconds=30)


def published(asked: Asked, version: str, *without: str, **spec: Any) -> dict[str, Any]:
    """With the partner, who stays."""
    return contract(asked.story.namespace, version, *without, **{"externalConsumers": [PARTNER], **spec})


async def test_a_break_is_refused_with_operation_field_and_consumer(asked: Asked) -> None:
    """In the form of the design: a line a finding, whom it touches, what to do."""
    answer = await asked.apply(published(asked, "1.1.0", "total"))

    assert not answer.accepted
    reference = f"{asked.story.namespace}/orders-api"
    assert f"ServiceContract {reference} 1.0.0 -> 1.1.0 refused: " in answer.said
    assert "breaking changes need 2.0.0" in answer.said
    assert " 1. response-" in answer.said
    assert "GET /orders/{orderId}" in answer.said
    assert "used by partner-x" in answer.said
    assert " fix: keep what breaks, or publish orders-api-v2 beside it" in answer.said
    assert f"Details: concordat contract diff {reference} -f" in answer.said


async def test_a_major_step_does_not_help_who_is_running(asked: Asked) -> None:
    answer = await asked.apply(published(asked, "2.0.0", "total"))

    assert not answer.accepted
    assert "would break partner-x" in answer.said


async def test_a_major_step_that_breaks_nobody_passes(asked: Asked) -> None:
    assert (await asked.apply(published(asked, "2.0.0", "customer"))).accepted


@pytest.mark.parametrize(
    ("version", "without", "said"),
    [
        ("1.0.0", ("total",), "1.0.0 was accepted with other content"),
        ("0.9.0", (), "0.9.0 is older than 1.0.0"),
    ],
)
async def test_what_was_published_stays(asked: Asked, version: str, without: tuple[str, ...], said: str) -> None:
    answer = await asked.apply(published(asked, version, *without))

    assert (answer.accepted, said in answer.said) == (False, True), answer.said


async def test_an_unusable_document_is_refused_with_its_place(asked: Asked) -> None:
    broken = document("1.1.0")
    broken["paths"]["/orders"]["post"]["operationId"] = "listOrders"
    answer = await asked.apply(published(asked, "1.1.0") | {"spec": _spec(published(asked, "1.1.0"), broken)})

    assert not answer.accepted
    assert "listOrders" in answer.said


async def test_a_schema_that_is_none_is_refused_by_webhook_and_reconciler_alike(asked: Asked) -> None:
    """Nothing uses it yet; the version after this one could not be compared with it."""
    broken = document("1.1.0")
    broken["components"]["schemas"]["Unused"] = {"properties": {"state": {"type": "strng"}}}
    manifest = published(asked, "1.1.0") | {"spec": _spec(published(asked, "1.1.0"), broken)}
    place = "components.schemas.Unused.properties.state: type may not be 'strng'"

    answer = await asked.apply(manifest, dry_run=True)
    assert (answer.accepted, place in answer.said) == (False, True), answer.said

    await asked.server.stop()
    assert (await asked.apply(manifest)).accepted

    async def told() -> bool:
        return any(place in condition["message"] for condition in (await status(asked)).get("conditions", ()))

    await eventually(told, seconds=30)
    assert (await status(asked))["version"] == "1.0.0"


async def test_yaml_is_judged_as_well(asked: Asked) -> None:
    """By the process that compares; the operator itself parses none of it."""
    text = yaml.safe_dump(document("1.1.0", "total"))
    answer = await asked.apply(published(asked, "1.1.0", text=text))

    assert "1.0.0 -> 1.1.0 refused" in answer.said


async def test_deleting_and_retiring_what_is_used_is_refused(asked: Asked) -> None:
    """And the other way: gone are the consumers, so may the contract."""
    retired = await asked.apply(published(asked, "1.0.0", lifecycle={"state": "retired"}))
    kept = await asyncio.to_thread(_delete, asked)
    released = await asked.apply(published(asked, "1.0.0", externalConsumers=[]))
    await asyncio.sleep(1)
    gone = await asyncio.to_thread(_delete, asked)

    assert (retired.accepted, kept.accepted, released.accepted, gone.accepted) == (False, False, True, True), gone.said
    assert "cannot be retired while partner-x relies on it" in retired.said
    assert "refused: cannot be deleted while partner-x relies on it" in kept.said


async def test_whoever_breaks_the_glass_is_warned_and_let_through(asked: Asked) -> None:
    forced = published(asked, "1.1.0", "total")
    forced["metadata"]["annotations"] = {conventions.ANNOTATION_BREAK_GLASS: "partner-x was told"}
    answer = await asked.apply(forced)

    assert answer.accepted, answer.said
    assert "Warning: ServiceContract" in answer.said
    await in_force(asked, "1.1.0")


async def test_a_document_that_is_not_there_yet_is_waited_for(asked: Asked) -> None:
    answer = await asked.apply(
        published(asked, "1.1.0") | {"spec": _spec(published(asked, "1.1.0"), None, {"name": "later", "key": "a.json"})}
    )

    assert answer.accepted
    assert "Warning: spec.document: there is no ConfigMap later" in answer.said


async def test_a_consumer_of_what_is_not_offered_is_refused(asked: Asked) -> None:
    """With the nearest name there is."""
    uses = [{"contract": "orders-api", "uses": [{"operation": "getOrders"}]}]
    answer = await asked.apply(microservice("mail", asked.story.namespace, consumes=uses))

    assert not answer.accepted
    assert "spec.consumes[0].uses[0].operation" in answer.said
    assert "getOrder" in answer.said


async def test_with_the_webhook_down_nothing_unsafe_comes_into_force(asked: Asked) -> None:
    """The reconciler refuses the same in the same words; what was accepted stays in force."""
    early = (await asked.apply(published(asked, "1.1.0", "total"), dry_run=True)).said
    await asked.server.stop()
    stored = await asked.apply(published(asked, "1.1.0", "total"))

    async def refused() -> bool:
        ready = [c for c in (await status(asked)).get("conditions", ()) if c["type"] == conventions.COMPATIBLE]
        return bool(ready) and ready[0]["status"] == "False"

    await eventually(refused, seconds=30)
    found = await status(asked)
    assert stored.accepted
    assert (found["version"], [v["version"] for v in found["versions"]]) == ("1.0.0", ["1.0.0"])
    said = [c["message"] for c in found["conditions"] if c["status"] == "False"]
    assert any("response-property-became-optional" in text or "response-" in text for text in said)
    assert "refused" in early


def _spec(manifest: dict[str, Any], content: Any, config_map: Any = None) -> dict[str, Any]:
    where = {"configMap": config_map} if config_map else {"inline": json.dumps(content)}
    spec: dict[str, Any] = {**manifest["spec"], "document": where}
    return spec


def _delete(asked: Asked) -> Answer:
    cluster = asked.story.cluster
    done = subprocess.run(
        [
            *(cluster.binaries["kubectl"], f"--kubeconfig={cluster.kubeconfig}"),
            *("delete", "servicecontract", "orders-api", f"--namespace={asked.story.namespace}", "--wait=false"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return Answer(accepted=done.returncode == 0, said=done.stderr)


async def test_tokens_nobody_sends_wait_and_who_sends_none_is_refused(asked: Asked) -> None:
    """
    A demand is stored with a warning, because those who call have to learn of it; one that guards nothing, or moves to another
    issuer, is refused. Once it is in force, who comes without a token is.
    """
    auth = {"issuer": "https://id.example.com", "scopes": {"getOrder": ["orders:read"]}}
    answer = await asked.apply(published(asked, "1.0.0", auth=auth))
    assert answer.accepted
    assert "1.0.0 waits: would shut out partner-x, declared as an external consumer" in answer.said
    assert "auth-scope-required GET /orders/{orderId} orders:read, used by partner-x" in answer.said

    answer = await asked.apply(published(asked, "1.0.0", auth=auth | {"scopes": {"getOrdr": ["orders:read"]}}))
    assert not answer.accepted
    assert "did you mean 'getOrder'?" in answer.said

    ready = PARTNER | {"scopes": ["orders:read"]}
    assert (await asked.apply(published(asked, "1.0.0", auth=auth, externalConsumers=[ready]))).accepted

    async def demanded() -> bool:
        return "auth" in await status(asked)

    await eventually(demanded, seconds=30)
    other = auth | {"issuer": "https://other.example.com"}
    answer = await asked.apply(published(asked, "1.0.0", auth=other, externalConsumers=[ready]))
    assert not answer.accepted
    assert "auth-issuer-changed every operation, used by partner-x" in answer.said

    namespace = asked.story.namespace
    use = {"contract": "orders-api", "uses": [{"operation": "getOrder"}]}
    answer = await asked.apply(microservice("mail", namespace, consumes=[use]))
    assert not answer.accepted
    assert "wants a token of https://id.example.com, and none is asked for" in answer.said
    answer = await asked.apply(microservice("mail", namespace, consumes=[use | {"scopes": []}]))
    assert not answer.accepted
    assert "wants orders:read for getOrder" in answer.said
    assert (await asked.apply(microservice("mail", namespace, consumes=[use | {"scopes": ["orders:read"]}]))).accepted
