"""
Consent: who may consume a contract from another namespace, its provider says, and traffic follows.

Pods of three namespaces: one that is listed, one that is not, and in both somebody whom no policy of their own holds back.
"""

import json
from collections.abc import Iterator

import pytest

from concordat.manifest import Manifest, conventions
from tests.e2e.opening import PARTNERS, PROBER_IMAGE, SHOP, bystander, restricted
from tests.e2e.stage import Stage, eventually

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]

CONTRACT = "till-api"
OUTSIDERS = "outsiders"
TILL = f"http://till.{SHOP}:8080/"
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Till", "version": "1.0.0"},
    "paths": {"/": {"get": {"operationId": "getName", "responses": {"200": {"description": "its name"}}}}},
}


@pytest.fixture(scope="module")
def across(stage: Stage) -> Iterator[Stage]:
    """A provider in ``shop`` that consents to ``partners`` alone; the same consumer there and in ``outsiders``."""
    stage.apply(restricted(OUTSIDERS), contract(PARTNERS), service("till", SHOP, provides=[CONTRACT]))
    for namespace in (PARTNERS, OUTSIDERS):
        stage.apply(
            service("buyer", namespace, consumes=[{"contract": f"{SHOP}/{CONTRACT}"}]),
            bystander("passer-by", namespace),
        )
    for name, namespace in (("till", SHOP), ("buyer", PARTNERS), ("buyer", OUTSIDERS)):
        stage.wait_for("Ready", f"microservice/{name}", namespace)
    for namespace in (PARTNERS, OUTSIDERS):
        stage.wait_for("Ready", "pod/passer-by", namespace)
    yield stage
    stage.kubectl("delete", "microservice", "buyer", f"--namespace={PARTNERS}")
    stage.kubectl("delete", "pod", "passer-by", f"--namespace={PARTNERS}")
    stage.kubectl("delete", "namespace", OUTSIDERS)
    stage.kubectl("delete", "microservice", "till", f"--namespace={SHOP}")
    eventually(
        lambda: not stage.find("pods", PARTNERS, f"--selector={conventions.LABEL_SERVICE}=buyer"),
        seconds=180,
        because="the buyer's pods are gone",
    )
    stage.kubectl("delete", "servicecontract", CONTRACT, f"--namespace={SHOP}")


def test_who_is_listed_is_let_in_and_nobody_else(across: Stage) -> None:
    """The consumer in the namespace that is listed; not its neighbour, and nobody from a namespace that is not."""
    eventually(lambda: answered(across, PARTNERS), because="a consumer of a listed namespace gets an answer")

    assert not connects(across, "deploy/buyer", OUTSIDERS)
    assert not connects(across, "passer-by", OUTSIDERS)
    assert not connects(across, "passer-by", PARTNERS)


def test_who_is_not_listed_is_told_how_to_ask(across: Stage) -> None:
    """And learns nothing of the contract: in another namespace, not there and not open look the same."""
    assert said(across, PARTNERS) == {}
    assert said(across, OUTSIDERS) == {
        "spec.consumes[0]": f"{SHOP}/{CONTRACT} does not exist or does not let namespace {OUTSIDERS} in, so nothing is opened"
        f" for it: ask its team to list {OUTSIDERS} in spec.access.namespaces; it is picked up by itself"
    }
    assert "TILL_API_URL" in variables(across, PARTNERS)
    assert "TILL_API_URL" not in variables(across, OUTSIDERS)


def test_consent_that_is_withdrawn_closes(across: Stage) -> None:
    """Of the spec as it is now: for both sides, and without a pod of the provider being touched."""
    before = uids(across)

    across.apply(contract(OUTSIDERS))

    eventually(lambda: answered(across, OUTSIDERS), because="who is listed now gets an answer")
    eventually(lambda: not connects(across, "deploy/buyer", PARTNERS), because="who is listed no more is shut out")
    assert not connects(across, "passer-by", OUTSIDERS)
    assert list(said(across, PARTNERS)) == ["spec.consumes[0]"]
    assert ingress_from(across, OUTSIDERS)
    assert not ingress_from(across, PARTNERS)
    assert uids(across) == before


def test_without_any_consent_nobody_comes_in(across: Stage) -> None:
    """An empty list is one that lists nobody."""
    across.apply(contract())

    eventually(lambda: not connects(across, "deploy/buyer", OUTSIDERS), because="nobody is listed any more")
    assert not connects(across, "deploy/buyer", PARTNERS)


def contract(*namespaces: str) -> Manifest:
    """The till's contract, open to these namespaces."""
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": CONTRACT, "namespace": SHOP},
        "spec": {
            "type": "openapi",
            "version": "1.0.0",
            "document": {"inline": json.dumps(OPENAPI)},
            "access": {"namespaces": list(namespaces)},
        },
    }


def service(name: str, namespace: str, **spec: object) -> Manifest:
    """A Microservice of the prober."""
    ports = {"http": {"port": 8080}, "metrics": {"port": 9090}}
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.MICROSERVICE,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"team": "web", "tier": "besteffort", "image": PROBER_IMAGE, "ports": ports, **spec},
    }


def answered(stage: Stage, namespace: str) -> bool:
    return stage.ask("deploy/buyer", namespace, "get", TILL) == {TILL: 200}


def connects(stage: Stage, pod: str, namespace: str) -> bool:
    """To the Service and to each pod behind it: whichever would let somebody in."""
    addresses = [found["status"]["podIP"] for found in tills(stage)]
    targets = [f"till.{SHOP}:8080", *(f"{address}:8080" for address in addresses)]
    return any(stage.ask(pod, namespace, "try", *targets).values())


def tills(stage: Stage) -> list[Manifest]:
    found = stage.find("pods", SHOP, f"--selector={conventions.LABEL_SERVICE}=till")
    assert found
    return found


def uids(stage: Stage) -> set[str]:
    return {found["metadata"]["uid"] for found in tills(stage)}


def said(stage: Stage, namespace: str) -> dict[str, str]:
    """What the buyer's status says of its consumption, by field."""
    found = stage.get("microservice", namespace, "buyer")
    assert found is not None
    problems = found["status"].get("problems", ())
    return {one["path"]: one["message"] for one in problems if one["path"].startswith("spec.consumes")}


def variables(stage: Stage, namespace: str) -> set[str]:
    found = stage.get("deployment", namespace, "buyer")
    assert found is not None
    return {one["name"] for one in found["spec"]["template"]["spec"]["containers"][0].get("env", ())}


def ingress_from(stage: Stage, namespace: str) -> list[Manifest]:
    """The provider's rules that let in pods of a namespace."""
    found = stage.get("networkpolicy", SHOP, "till")
    assert found is not None
    return [rule for rule in found["spec"]["ingress"] if f'"{namespace}"' in json.dumps(rule)]
