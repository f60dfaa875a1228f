"""
Evolve: the running catalog drops a field that one deployed consumer reads.

Refused in words that name the operation, the field and the consumer, and nobody's pods change; the consumer migrates; the same
change is accepted. With the webhook, and without anybody answering for it.
"""

import json
from collections.abc import Iterator

import pytest

from concordat.manifest import Manifest, conventions
from tests.e2e.opening import PROBER_IMAGE, RELEASE, SAMPLES, SHOP
from tests.e2e.stage import Stage, eventually, manifests

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]

CATALOG = SAMPLES / "catalog"
CONTRACT = "catalog-api"
NOBODY = 444
"""A port of the webhook's Service that it does not have."""

REFUSED = f"""ServiceContract {SHOP}/{CONTRACT} 1.0.0 -> 2.0.0 refused: would break {SHOP}/reader, running now.
 1. response-required-property-removed GET /products/{{sku}} 200 $.state, used by {SHOP}/reader
 fix: keep what breaks, or publish {CONTRACT}-v2 beside it and deprecate this one."""


@pytest.fixture(scope="module")
def evolving(stage: Stage) -> Iterator[Stage]:
    """The catalog's contract is in force, and a consumer that reads the state of a product runs."""
    stage.wait_for("Ready", "microservice/catalog", SHOP)
    stage.apply_file(CATALOG / "contract.yaml", namespace=SHOP)
    stage.wait_for("Ready", f"servicecontract/{CONTRACT}", SHOP)
    stage.apply(reader("sku", "state"))
    stage.wait_for("Ready", "microservice/reader", SHOP)
    yield stage
    stage.kubectl("delete", "microservice", "reader", f"--namespace={SHOP}")
    eventually(lambda: "reader" not in "".join(pods(stage)), seconds=180, because="the reader's pods are gone")
    stage.kubectl("delete", "servicecontract", CONTRACT, f"--namespace={SHOP}")


def test_both_sides_are_open_by_the_contract(evolving: Stage) -> None:
    """The consumer's one declaration, which names no service: it gets an answer, and a bystander none."""
    deployment = evolving.get("deployment", SHOP, "reader")
    assert deployment is not None
    said = {one["name"]: one.get("value") for one in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert (f"http://catalog.{SHOP}.svc.cluster.local", "0.8", "1") == tuple(
        said[f"CATALOG_API_{name}"] for name in ("URL", "TIMEOUT_SECONDS", "RETRIES")
    )

    for policy, direction in (("reader", "egress"), ("catalog", "ingress")):
        found = evolving.get("networkpolicy", SHOP, policy)
        assert found is not None
        other = "catalog" if policy == "reader" else "reader"
        assert f'"{conventions.LABEL_SERVICE}": "{other}"' in json.dumps(found["spec"][direction])


def test_refused_although_the_major_version_moves(evolving: Stage) -> None:
    """A version number mends nobody's program. By whoever answers first: the webhook, or the operator itself."""
    before = pods(evolving)

    said = refusal_of(evolving, without_state("2.0.0"))

    assert said.startswith(REFUSED), said
    assert before == pods(evolving)
    assert "1.0.0" == in_force(evolving)


def test_refused_with_nobody_behind_the_webhook(evolving: Stage) -> None:
    """``failurePolicy: Ignore``: kubectl apply goes through, and nothing follows from it."""
    evolving.apply_file(CATALOG / "contract.yaml", namespace=SHOP)
    before = pods(evolving)
    to_port(evolving, NOBODY)
    try:
        eventually(lambda: stored(evolving, without_state("2.0.0")), because="the API server asks nobody")
        said = told(evolving)
    finally:
        to_port(evolving, 443)

    assert said.startswith(REFUSED), said
    assert before == pods(evolving)
    assert "1.0.0" == in_force(evolving)
    assert {"reader": "breaking"} == {
        name.rpartition("/")[2]: verdict for name, verdict in verdicts(evolving).items() if verdict != "compatible"
    }


def test_accepted_once_the_consumer_has_migrated(evolving: Stage) -> None:
    """It reads the field no longer, and has rolled that out: the same version comes into force by itself."""
    evolving.apply(reader("sku"))
    evolving.wait_for("Ready", "microservice/reader", SHOP)

    evolving.apply(without_state("2.0.0"))

    evolving.wait_for("Ready", f"servicecontract/{CONTRACT}", SHOP)
    assert "2.0.0" == in_force(evolving)
    assert {"compatible"} == set(verdicts(evolving).values())
    evolving.wait_for("Ready", "microservice/catalog", SHOP)


def reader(*fields: str) -> Manifest:
    """A Microservice that reads these of a product."""
    use = {"contract": CONTRACT, "timeout": "800ms", "retries": 1}
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.MICROSERVICE,
        "metadata": {"name": "reader", "namespace": SHOP},
        "spec": {
            "team": "web",
            "tier": "besteffort",
            "image": PROBER_IMAGE,
            "ports": {"http": {"port": 8080}, "metrics": {"port": 9090}},
            "consumes": [use | {"uses": [{"operation": "getProduct", "reads": list(fields)}]}],
        },
    }


def without_state(version: str) -> Manifest:
    """The catalog's contract as another version, whose products have no state."""
    (contract,) = manifests((CATALOG / "contract.yaml").read_text())
    document = json.loads(contract["spec"]["document"]["inline"])
    document["info"]["version"] = version
    product = document["components"]["schemas"]["ProductRepresentation"]
    del product["properties"]["state"]
    product["required"].remove("state")
    contract["metadata"]["namespace"] = SHOP
    contract["spec"] |= {"version": version, "document": {"inline": json.dumps(document)}}
    return contract


def refusal_of(stage: Stage, contract: Manifest) -> str:
    """What kubectl says, or, where it was let through, what the operator says."""
    try:
        stage.apply(contract)
    except AssertionError as refused:
        found = str(refused)
        assert "refused:" in found, found
        return found[found.index("ServiceContract ") :]
    return told(stage)


def to_port(stage: Stage, port: int) -> None:
    """Have the API server ask at this port of the webhook's Service."""
    found = stage.get("validatingwebhookconfiguration", "", RELEASE)
    assert found is not None
    path = "/webhooks/{}/clientConfig/service/port"
    patch = [{"op": "replace", "path": path.format(n), "value": port} for n, _ in enumerate(found["webhooks"])]
    stage.kubectl("patch", "validatingwebhookconfiguration", RELEASE, "--type=json", f"--patch={json.dumps(patch)}")


def stored(stage: Stage, contract: Manifest) -> bool:
    """Whether kubectl apply goes through; the API server takes a moment to learn of a changed webhook."""
    try:
        stage.apply(contract)
    except AssertionError:
        return False
    return True


def told(stage: Stage) -> str:
    """Why the version in the spec is not in force."""

    def message() -> str:
        found = contract_of(stage)
        ready = next(one for one in found["status"]["conditions"] if one["type"] == conventions.READY)
        current = ready["observedGeneration"] == found["metadata"]["generation"]
        return str(ready["message"]) if current and ready["status"] == "False" else ""

    return eventually(message, because="the contract says that it is refused")


def verdicts(stage: Stage) -> dict[str, str]:
    return {one["name"]: one["verdict"] for one in contract_of(stage)["status"]["consumers"]}


def in_force(stage: Stage) -> str:
    return str(contract_of(stage)["status"]["version"])


def contract_of(stage: Stage) -> Manifest:
    found = stage.get("servicecontract", SHOP, CONTRACT)
    assert found is not None
    return found


def pods(stage: Stage) -> dict[str, tuple[str, int]]:
    """Each with its uid and its restarts: who is the same has not changed. Without those that are on their way out."""
    return {
        found["metadata"]["name"]: (
            found["metadata"]["uid"],
            sum(one["restartCount"] for one in found["status"].get("containerStatuses", ())),
        )
        for found in stage.find("pods", SHOP)
        if "deletionTimestamp" not in found["metadata"]
    }
