"""
The demo's refused change: a field that somebody reads is dropped, and nothing follows from it.
"""

import json
from typing import Any

import yaml

from concordat.cli.local.demo_stage import NAMESPACE, PATIENCE, Stage, show, until
from concordat.cli.output import EXIT_FAILED, fail, out, styled
from concordat.manifest import conventions
from concordat_lab.errors import LabError

CONTRACT = "sample_services/catalog/contract.yaml"
READER = {"name": "partner-x", "uses": [{"operation": "getProduct", "reads": ["sku", "state"]}]}
"""Somebody outside the cluster: nothing else runs here that calls the catalog."""


def show_refused(stage: Stage) -> None:
    """Publish what the catalog serves, then the same without a field that is read."""
    published = yaml.safe_load((stage.root / CONTRACT).read_text())
    name, version = published["metadata"]["name"], published["spec"]["version"]
    published["metadata"]["namespace"] = NAMESPACE
    published["spec"]["externalConsumers"] = [READER]
    with stage.progress.step(f"kubectl apply: the contract {name} {version}"):
        stage.apply(published)
        patience = f"--timeout={PATIENCE:.0f}s"
        stage.run(stage.kubectl, "wait", "-n", NAMESPACE, "--for=condition=Ready", patience, f"servicecontract/{name}")
    serving = _serving(stage)

    show(f"catalog drops the field that {READER['name']} reads, and calls it 2.0.0:")
    said = _refusal(stage, _without_state(published, "2.0.0"))
    for line in said.splitlines():
        out.print(styled(f"  {line}", "red"))
    if (now := _contract(stage, name)["status"]["version"]) != version:
        fail(f"a refused version came into force: {now}", code=EXIT_FAILED)
    if gone := serving - _serving(stage):
        fail(f"a refused version touched pods: {', '.join(sorted(gone))}", code=EXIT_FAILED)
    show(f"{version} stays in force, and no pod was touched")
    stage.apply(published)


def _without_state(published: dict[str, Any], version: str) -> dict[str, Any]:
    document = json.loads(published["spec"]["document"]["inline"])
    document["info"]["version"] = version
    product = document["components"]["schemas"]["ProductRepresentation"]
    del product["properties"]["state"]
    product["required"].remove("state")
    spec = published["spec"] | {"version": version, "document": {"inline": json.dumps(document)}}
    return published | {"spec": spec}


def _refusal(stage: Stage, contract: dict[str, Any]) -> str:
    """Of the webhook, or, where that did not answer, of the operator itself."""
    try:
        stage.apply(contract)
    except LabError as refused:
        return str(refused).rpartition("denied the request: ")[2]
    return str(until("the change is refused", lambda: _objection(_contract(stage, contract["metadata"]["name"]))))


def _objection(contract: dict[str, Any]) -> str | None:
    ready = next(one for one in contract["status"]["conditions"] if one["type"] == conventions.READY)
    current = ready.get("observedGeneration") == contract["metadata"]["generation"]
    return str(ready["message"]) if current and ready["status"] == "False" else None


def _contract(stage: Stage, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        stage.run(stage.kubectl, "get", "-n", NAMESPACE, f"servicecontract/{name}", "-o", "json")
    )
    return found


def _serving(stage: Stage) -> set[str]:
    """
    The pods that answer. Not all that exist: of what was undone before, some may still be ending.

    An autoscaler may add to them at any time.
    """
    found = json.loads(stage.run(stage.kubectl, "get", "pods", "-n", NAMESPACE, "-o", "json"))["items"]
    return {pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"] and _ready(pod)}


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
