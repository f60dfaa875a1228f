"""
The running catalog is tried against its contract, by a Job with no right on anything, in a namespace of restricted pods.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from concordat import conventions
from concordat.conformance.verdict import Verdict, read
from concordat.manifest import Manifest
from tests.e2e.opening import SAMPLES, SHOP
from tests.e2e.stage import Stage, eventually

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]

CATALOG = SAMPLES / "catalog"


@pytest.fixture(scope="module")
def nightly(stage: Stage) -> Iterator[Stage]:
    """The CronJob of the sample, with a contract that is kept and one that is not."""
    stage.wait_for("Ready", "microservice/catalog", SHOP)
    kept = json.loads((CATALOG / "openapi.json").read_text())
    broken = json.loads((CATALOG / "openapi.json").read_text())
    for operations in broken["paths"].values():
        if "get" in operations:
            del operations["get"]["responses"]["200"]
    stage.apply_file(CATALOG / "conformance.yaml", namespace=SHOP)
    stage.apply(_contract(kept))
    stage.apply(_config_map("catalog-api", kept), _config_map("catalog-api-broken", broken))
    yield stage
    stage.kubectl("delete", "servicecontract", "catalog-api", f"--namespace={SHOP}")
    stage.kubectl("delete", f"--namespace={SHOP}", "--ignore-not-found", f"--filename={CATALOG / 'conformance.yaml'}")


def test_a_contract_that_is_kept(nightly: Stage) -> None:
    """Reached through policies for these pods alone; the Job completes."""
    verdict = _tried(nightly, "kept", "catalog-api")

    assert verdict.conformant, verdict.summary
    assert verdict.requests > 20
    assert "no breach" in _condition(nightly, "True")


def test_a_contract_that_is_not_kept(nightly: Stage) -> None:
    """The first try decides: the pod's termination message names the operation and how to see it again."""
    verdict = _tried(nightly, "broken", "catalog-api-broken")

    assert verdict.conformant is False
    assert all(breach.operation.startswith("GET /") for breach in verdict.breaches)
    assert any("curl" in breach.reproducer and "http://catalog" in breach.reproducer for breach in verdict.breaches)
    assert str(verdict.breaches[0]) in _condition(nightly, "False")


def _tried(stage: Stage, name: str, config_map: str) -> Verdict:
    job = json.loads(
        stage.kubectl(
            *("create", "job", name, "--from=cronjob/catalog-conformance", f"--namespace={SHOP}"),
            *("--dry-run=client", "--output=json"),
        )
    )
    job["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"] = config_map
    stage.apply(job)
    return eventually(lambda: _message(stage, name), seconds=120, because=f"job {name} says something")


def _condition(stage: Stage, status: str) -> str:
    """Message of the contract's condition, once the operator has heard."""

    def told() -> str:
        found = stage.get("servicecontract", SHOP, "catalog-api") or {}
        conditions = found.get("status", {}).get("conditions", ())
        return next((c["message"] for c in conditions if (c["type"], c["status"]) == ("Conformant", status)), "")

    return eventually(told, seconds=60, because=f"Conformant becomes {status}")


def _contract(document: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": "catalog-api", "namespace": SHOP},
        "spec": {
            "type": "openapi",
            "version": document["info"]["version"],
            "document": {"inline": json.dumps(document)},
        },
    }


def _message(stage: Stage, name: str) -> Verdict | None:
    for pod in stage.find("pods", SHOP, f"--selector=batch.kubernetes.io/job-name={name}"):
        for container in pod["status"].get("containerStatuses", ()):
            message = container["state"].get("terminated", {}).get("message")
            if message:
                return read(message)
    return None


def _config_map(name: str, document: object) -> Manifest:
    metadata = {"name": name, "namespace": SHOP}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"openapi.json": json.dumps(document)},
    }
