"""
A contract is watched: its dashboard is a child of the ServiceContract.
"""

import json
from typing import Any

import pytest

from concordat.api import ServiceContract, parse_contract, resolve
from concordat.facts import Consumer, ContractFacts, Facts
from concordat.manifest import PlannedChild
from concordat.plan.contract import plan_contract
from concordat.plan.service import plan
from tests.observability.test_delivery import service

FORMS = frozenset({"GrafanaDashboard"})
OBJECTIVES = [
    {"name": "availability", "target": 99.7},
    {"name": "latency", "target": 97.0, "below": "130ms", "operation": "POST /orders/{id}"},
]


def contract(name: str = "orders-api", namespace: str = "shop", **spec: Any) -> ServiceContract:
    stated = {"type": "openapi", "version": "1.4.2", "document": {"inline": "{}"}, "objectives": OBJECTIVES} | spec
    metadata = {"name": name, "namespace": namespace, "uid": "17"}
    kind = {"apiVersion": "concordat.dev/v1alpha1", "kind": "ServiceContract"}
    return parse_contract({**kind, "metadata": metadata, "spec": stated})


def facts(*providers: Any, **more: Any) -> ContractFacts:
    return ContractFacts(version="1.4.2", providers=providers or (service(provides=["orders-api"]),), **more)


def dashboards(of: ServiceContract, known: ContractFacts) -> list[PlannedChild]:
    return [child for child in plan_contract(of, known).children if child.name.endswith("dashboard")]


def board(child: PlannedChild) -> dict[str, Any]:
    manifest = child.manifest
    text = manifest["spec"]["json"] if "spec" in manifest else next(iter(manifest["data"].values()))
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def rows(child: PlannedChild) -> list[str]:
    return [panel["title"] for panel in board(child)["panels"] if panel["type"] == "row"]


def test_the_same_dashboard_either_way() -> None:
    """For grafana-operator, or for the sidecar."""
    (resource,) = dashboards(contract(), facts(installed=FORMS))
    (file,) = dashboards(contract(), facts())

    assert ("GrafanaDashboard", "ConfigMap") == (resource.kind.kind, file.kind.kind)
    assert board(resource) == board(file)
    assert resource.manifest["spec"]["uid"] == board(file)["uid"]
    assert "1" == file.manifest["metadata"]["labels"]["grafana_dashboard"]


@pytest.mark.parametrize("installed", [frozenset(), FORMS], ids=["file", "resource"])
def test_it_goes_with_its_contract(installed: frozenset[str]) -> None:
    """The ServiceContract controls it; no label makes it look like a child of a service."""
    (child,) = dashboards(contract(), facts(installed=installed))
    (owner,) = child.manifest["metadata"]["ownerReferences"]
    labels = child.manifest["metadata"]["labels"]

    assert ("ServiceContract", "orders-api", "17", True) == (
        owner["kind"],
        owner["name"],
        owner["uid"],
        owner["controller"],
    )
    assert {
        "concordat.dev/contract": "orders-api",
        "app.kubernetes.io/managed-by": "concordat",
    }.items() <= labels.items()
    assert "concordat.dev/service" not in labels


def test_a_contract_and_a_service_may_be_called_the_same() -> None:
    """Neither the objects nor the files in Grafana's one directory meet."""
    same = resolve(service("orders", provides=["orders"]))
    of_service = {child.key: child.manifest for child in plan(same, Facts()).children}
    (child,) = dashboards(contract("orders"), facts(same))

    assert child.key not in of_service
    files = {key for manifest in of_service.values() for key in manifest.get("data", ())}
    assert files.isdisjoint(child.manifest["data"])
    assert board(child)["uid"] not in str(of_service)


@pytest.mark.parametrize("name", ["orders-contract", "orders.contract", "orders"])
def test_no_service_has_a_child_of_that_name(name: str) -> None:
    """However it is called."""
    (child,) = dashboards(contract("orders"), facts())

    assert child.name not in {each.name for each in plan(service(name), Facts()).children}


def test_a_long_name_is_shortened() -> None:
    """Names of contracts may have 253 characters, and keys of ConfigMaps no more."""
    (child,) = dashboards(contract("o" * 253, "n" * 63), facts())
    (key,) = child.manifest["data"]

    assert len(child.name) <= 253
    assert len(key) <= 253


def test_nobody_provides_it() -> None:
    """An empty dashboard helps nobody."""
    assert [] == dashboards(contract(), ContractFacts(version="1.4.2"))


def test_it_shows_what_is_promised_who_serves_and_who_relies() -> None:
    """A row each."""
    (child,) = dashboards(contract(), facts(consumers=(Consumer(name="web", namespace="front"),)))

    assert ["The promise", "Requests to orders", "Who relies on it"] == rows(child)
    assert {"shop/orders", "front/web"} <= {link["title"] for link in board(child)["links"]}


def test_a_draft_promises_nothing() -> None:
    """Its providers are not measured by it either."""
    (child,) = dashboards(contract(lifecycle={"state": "draft"}), facts())

    assert ["Requests to orders"] == rows(child)


def test_a_promise_no_provider_can_measure_has_no_panel() -> None:
    """Istio knows no operations: what cannot be recorded would be an empty panel."""
    istio = service(provides=["orders-api"], telemetry={"metrics": {"profile": "istio"}})
    (child,) = dashboards(contract(objectives=OBJECTIVES[1:]), facts(istio))

    assert ["Requests to orders"] == rows(child)


def test_requests_are_those_of_each_providers_profile() -> None:
    """Two providers that are measured differently."""
    istio = service("orders-next", provides=["orders-api"], telemetry={"metrics": {"profile": "istio"}})
    (child,) = dashboards(contract(), facts(service(provides=["orders-api"]), istio))
    asked = [target["expr"] for panel in board(child)["panels"] for target in panel.get("targets", ())]

    assert any("istio_requests_total" in query and "orders-next" in query for query in asked)
    assert any('http_server_request_duration_seconds_count{namespace="shop",job="orders"' in query for query in asked)
    assert "checkout" == child.manifest["metadata"]["annotations"]["grafana_folder"]
