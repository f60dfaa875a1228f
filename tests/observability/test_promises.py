"""
What a contract promises, everybody who provides it keeps.
"""

from typing import Any

from concordat.api.objectives import ContractObjective
from concordat.facts import Facts
from concordat.plan.service import plan
from tests.observability.test_delivery import built, service

PROMISED = {
    "orders-api": (
        ContractObjective(name="availability", target=99.7),
        ContractObjective(name="latency", target=97.0, below="130ms", operation="POST /orders/{id}"),
    )
}
FACTS = Facts(installed=frozenset({"PrometheusRule"}), promised=PROMISED)


def providing(**spec: Any) -> Any:
    return service(provides=["orders-api"], tier="besteffort", **spec)


def watched(of: Any) -> dict[str, str]:
    """The query of each objective's first rule."""
    groups = built(of, FACTS)["PrometheusRule/orders-rules"]["spec"]["groups"]
    return {
        group["rules"][0]["labels"]["slo"]: group["rules"][0]["expr"]
        for group in groups
        if ":slo:" in group["name"] and not group["name"].endswith(":tickets")
    }


def test_a_contracts_promises_are_watched_at_its_provider() -> None:
    """Under the contract's name, of the operation alone that is meant, beside the provider's own."""
    found = watched(providing(objectives=[{"name": "availability", "target": 99.1}]))

    assert ["availability", "orders-api/availability", "orders-api/latency"] == list(found)
    assert 'http_route="/orders/{id}",http_request_method="POST"' in found["orders-api/latency"]


def test_its_thresholds_become_buckets() -> None:
    """Whoever provides the contract is told."""
    (container,) = built(providing(), FACTS)["Deployment/orders"]["spec"]["template"]["spec"]["containers"]

    assert {"name": "SLO_BUCKETS", "value": "0.13"} in container["env"]


def test_what_a_provider_cannot_measure_is_said_and_left_out() -> None:
    """Another team's promise must not keep its pods from being built."""
    of = providing(telemetry={"metrics": {"profile": "istio"}})
    planned = plan(of, FACTS)

    assert ["orders-api/availability"] == list(watched(of))
    assert planned.complete
    said = [notice for notice in planned.notices if notice.reason == "ObjectiveUnmeasurable"]
    assert [("spec.provides[0]", "warning")] == [(notice.problem.path, notice.problem.severity) for notice in said]


def test_a_provider_nobody_reads_keeps_no_promise() -> None:
    """Both are named."""
    planned = plan(providing(telemetry={"metrics": {"enabled": False}}), FACTS)

    assert 2 == sum(notice.reason == "ObjectiveUnmeasurable" for notice in planned.notices)
