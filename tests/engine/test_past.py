"""
Accepted versions whose ConfigMaps are deleted, forged or restored from another day, on a real API server.
"""

import base64
import gzip
import json
from typing import Any

import pytest

from concordat.reconcile import accepted_versions
from concordat_contracts import digest, normal_form, parse_text
from tests.engine.conftest import Story, eventually, operating
from tests.engine.test_contracts import ADDED, DROPPED, OLD, contract, decided

pytestmark = pytest.mark.controlplane

EMPTY = b'{"info":{"title":"payments","version":"1.4.0"},"openapi":"3.1.0","paths":{}}'


async def _kept(story: Story) -> Any:
    """The last accepted version as the status has it."""
    return (await story.get("contract", "payments-api"))["status"]["versions"][-1]


async def _holds(story: Story, name: str, text: str) -> bool:
    try:
        found = await story.get("configmap", name)
    except Exception:
        return False
    return gzip.decompress(base64.b64decode(found["binaryData"]["document.json.gz"])) == normal_form(parse_text(text))


async def _stored(story: Story, text: str) -> None:
    async def is_there() -> bool:
        return await _holds(story, (await _kept(story))["configMap"], text)

    await eventually(is_there, seconds=30)


def _forged(story: Story, name: str, content: bytes = EMPTY) -> Any:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": story.namespace},
        "binaryData": {"document.json.gz": base64.b64encode(gzip.compress(content)).decode()},
    }


async def test_a_store_that_is_deleted_is_written_again(story: Story) -> None:
    """At once, from memory; the verdict on the next version is as it was."""
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    await story.run("delete", "configmap", (await _kept(story))["configMap"])
    await _stored(story, OLD)
    await story.apply(contract(story, "1.5.0", DROPPED))
    assert (await decided(story))["is"]["Compatible"]["reason"] == "BreakingChange"


async def test_after_a_restart_a_deleted_store_is_written_again_from_the_spec(
    story: Story, control_plane: Any, namespace: str
) -> None:
    """Where the spec still holds that version."""
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    name = (await _kept(story))["configMap"]
    await story.engine.stop(drain=5)
    await story.run("delete", "configmap", name)
    async with operating(control_plane, namespace) as restarted:
        await _stored(restarted, OLD)


async def test_a_version_kept_nowhere_stops_the_next_one_with_two_ways_out(
    story: Story, control_plane: Any, namespace: str
) -> None:
    """A broken glass lets it through; publishing the lost one again writes it anew, and all is as before."""
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    name = (await _kept(story))["configMap"]
    await story.engine.stop(drain=5)
    await story.run("delete", "configmap", name)
    await story.apply(contract(story, "1.5.0", DROPPED))
    async with operating(control_plane, namespace) as restarted:
        status = await decided(restarted)
        assert (status["version"], status["is"]["Compatible"]["reason"]) == ("1.4.0", "AcceptedVersionLost")
        assert "Publish 1.4.0 with its document again" in status["is"]["Ready"]["message"]
        await restarted.apply(contract(restarted, "1.4.0", OLD))
        assert (await decided(restarted))["is"]["Ready"]["status"] == "True"
        await _stored(restarted, OLD)
        await restarted.run("delete", "configmap", (await _kept(restarted))["configMap"])
        await _stored(restarted, OLD)
        await restarted.apply(contract(restarted, "1.5.0", DROPPED))
        assert (await decided(restarted))["is"]["Compatible"]["reason"] == "BreakingChange"


async def test_a_broken_glass_lets_through_what_can_be_compared_with_nothing(
    story: Story, control_plane: Any, namespace: str
) -> None:
    """It is told, and the version after it is compared with it."""
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    name = (await _kept(story))["configMap"]
    await story.engine.stop(drain=5)
    await story.run("delete", "configmap", name)
    await story.apply(
        contract(story, "1.5.0", ADDED, annotations={"concordat.dev/break-glass": "restored from a backup"})
    )
    async with operating(control_plane, namespace) as restarted:
        status = await decided(restarted)
        assert (status["version"], status["is"]["Ready"]["reason"]) == ("1.5.0", "BreakGlass")
        assert [one.get("configMap", "") != "" for one in status["versions"]] == [False, True]
        await restarted.apply(contract(restarted, "1.6.0", DROPPED))
        assert (await decided(restarted))["is"]["Compatible"]["reason"] == "BreakingChange"


async def test_a_name_taken_beforehand_never_becomes_the_past(story: Story, control_plane: Any, namespace: str) -> None:
    """The version gets another name, and a restart changes no verdict. Who took the name is told by the pass that met it."""
    text = OLD
    name = f"payments-api-{digest(parse_text(text))[:16]}"
    await story.apply(_forged(story, name))
    await story.apply(contract(story, "1.4.0", text))
    status = await decided(story)
    assert status["versions"][-1]["configMap"].startswith(f"{name}-")
    await _stored(story, OLD)
    await story.engine.stop(drain=5)
    await story.apply(contract(story, "1.5.0", DROPPED))
    async with operating(control_plane, namespace) as restarted:
        assert (await decided(restarted))["is"]["Compatible"]["reason"] == "BreakingChange"


async def test_a_store_that_is_forged_later_is_not_believed(story: Story, control_plane: Any, namespace: str) -> None:
    """Deleted and made again with another content under the same name, by somebody who knows our labels."""
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    kept = await _kept(story)
    labels = (await story.get("configmap", kept["configMap"]))["metadata"]["labels"]
    await story.engine.stop(drain=5)
    await story.run("delete", "configmap", kept["configMap"])
    forged = _forged(story, kept["configMap"])
    forged["metadata"]["labels"] = labels
    await story.apply(forged, contract(story, "1.5.0", DROPPED))
    async with operating(control_plane, namespace) as restarted:
        assert (await decided(restarted))["is"]["Compatible"]["reason"] == "AcceptedVersionLost"


async def test_a_status_from_before_its_stores_comes_to_the_same(
    story: Story, control_plane: Any, namespace: str
) -> None:
    """The API server's memory was restored to a moment in the middle of a publication; both ways round."""
    await story.apply(contract(story, "1.4.0", OLD))
    await decided(story)
    older = (await story.get("contract", "payments-api"))["status"]
    await story.apply(contract(story, "1.5.0", ADDED))
    newer = await decided(story)
    await story.engine.stop(drain=5)
    await story.run("patch", "contract", "payments-api", "--subresource=status", "--type=merge", "-p", _patch(older))
    async with operating(control_plane, namespace) as restarted:

        async def accepted() -> bool:
            return bool((await restarted.get("contract", "payments-api"))["status"]["version"] == "1.5.0")

        await eventually(accepted, seconds=30)
        assert (await decided(restarted))["versions"] == newer["versions"]
        await restarted.engine.stop(drain=5)
        await restarted.run("delete", "configmap", newer["versions"][-1]["configMap"])
    async with operating(control_plane, namespace) as again:
        await _stored(again, ADDED.replace("version: 1.4.0", "version: 1.5.0"))
        assert (await decided(again))["is"]["Ready"]["status"] == "True"


def _patch(status: Any) -> str:
    return json.dumps({"status": {"version": status["version"], "versions": status["versions"]}})


async def test_accepted_versions_are_pruned_but_never_published_twice(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those beyond the number kept the ConfigMap goes, and the digest stays."""
    monkeypatch.setattr(accepted_versions, "MOST_STORED", 2)
    for minor in range(4, 8):
        await story.apply(contract(story, f"1.{minor}.0", OLD))
        await decided(story)
    await story.apply(contract(story, "1.7.0", OLD, lifecycle={"state": "deprecated", "sunset": "2030-01-01"}))
    status = await decided(story)
    assert [one.get("configMap", "") != "" for one in status["versions"]] == [False, False, True, True]
    assert all(one["digest"] for one in status["versions"])
    stored = await story.run(
        "get", "configmaps", "-l", "concordat.dev/contract=payments-api", "-o", "jsonpath={.items[*].metadata.name}"
    )
    assert sorted(stored.split()) == sorted(one["configMap"] for one in status["versions"][2:])
