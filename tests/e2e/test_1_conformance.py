"""
The running catalog is tried against its contract because the contract says so, in a namespace of restricted pods.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from concordat.manifest import Manifest, conventions
from tests.e2e.opening import SAMPLES, SHOP
from tests.e2e.stage import Stage, eventually

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]

OURS = f"--selector={conventions.LABEL_CONTRACT}=catalog-api"


@pytest.fixture(scope="module")
def document(stage: Stage) -> Iterator[dict[str, Any]]:
    """Of the catalog, which runs and says that it provides the contract."""
    stage.wait_for("Ready", "microservice/catalog", SHOP)
    yield json.loads((SAMPLES / "catalog" / "openapi.json").read_text())
    stage.kubectl("delete", "servicecontract", "catalog-api", f"--namespace={SHOP}", "--ignore-not-found")


def test_a_contract_that_is_kept(stage: Stage, document: dict[str, Any]) -> None:
    """Reached through policies for these pods alone; nobody wrote a line besides the contract."""
    stage.apply(_contract(document, {"schedule": "0 3 * * *"}))

    assert "no breach" in _conformant(stage, "True")
    assert {child["kind"] for child in _children(stage)} == {"CronJob", "GrafanaDashboard", "Job", "NetworkPolicy"}
    (job,) = stage.find("jobs", SHOP, OURS)
    stage.wait_for("Complete", f"job/{job['metadata']['name']}", SHOP)


def test_a_contract_that_is_not_kept(stage: Stage, document: dict[str, Any]) -> None:
    """The first try decides: the condition names the operation and how to see it again."""
    for operations in document["paths"].values():
        if "get" in operations:
            del operations["get"]["responses"]["200"]
    version = "2.0.0"
    document["info"]["version"] = version
    stage.apply(_contract(document, {"schedule": "0 3 * * *"}))

    message = _conformant(stage, "False")
    assert message.startswith(f"{version}: GET /")
    assert "curl" in message
    assert "http://catalog.shop" in message


def test_by_the_clock_the_same_is_asked(stage: Stage) -> None:
    """Whoever does not want to wait until three makes the Job by hand."""
    stage.kubectl("create", "job", "now", "--from=cronjob/catalog-api-conformance", f"--namespace={SHOP}")
    stage.wait_for("Failed", "job/now", SHOP, seconds=180)
    stage.kubectl("delete", "job", "now", f"--namespace={SHOP}")


def test_nothing_is_left_when_nobody_asks(stage: Stage, document: dict[str, Any]) -> None:
    stage.apply(_contract(document, None))

    def dashboard_alone() -> bool:
        return [child["kind"] for child in _children(stage)] == ["GrafanaDashboard"]

    eventually(dashboard_alone, seconds=180, because="what was built for trials is gone")
    for kind in ("jobs", "cronjobs", "networkpolicies"):
        eventually(lambda kind=kind: not stage.find(kind, SHOP, OURS), seconds=180, because=f"{kind} are gone")


def _conformant(stage: Stage, status: str) -> str:
    """Message of the contract's condition, once the operator has heard."""

    def told() -> str:
        found = stage.get("servicecontract", SHOP, "catalog-api") or {}
        conditions = found.get("status", {}).get("conditions", ())
        return next((c["message"] for c in conditions if (c["type"], c["status"]) == ("Conformant", status)), "")

    return eventually(told, seconds=180, because=f"Conformant becomes {status}")


def _children(stage: Stage) -> list[dict[str, Any]]:
    found = stage.get("servicecontract", SHOP, "catalog-api") or {}
    children: list[dict[str, Any]] = found.get("status", {}).get("children", [])
    return children


def _contract(document: dict[str, Any], conformance: dict[str, str] | None) -> Manifest:
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": "catalog-api", "namespace": SHOP},
        "spec": {
            "type": "openapi",
            "version": document["info"]["version"],
            "document": {"inline": json.dumps(document)},
            **({"conformance": conformance} if conformance else {}),
        },
    }
