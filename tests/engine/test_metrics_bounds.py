"""
What others write does not make series without end: labels have known values, and a namespace a share.
"""

from typing import Any

from concordat.cluster.children import Children
from concordat.handlers.metrics import Metrics
from concordat.manifest import conventions
from concordat.world.census import MOST_FAILING, Census
from concordat.world.contracts import Contracts
from concordat.world.microservices import Parents


def test_words_of_a_question_make_no_series() -> None:
    """Whoever reaches the webhook may write any kind and operation; each would be remembered for good."""
    metrics = Metrics()
    for number in range(100):
        metrics.reviewed(f"kind{number}", f"operation{number}", "allowed", 0.1)
    metrics.reviewed(conventions.MICROSERVICE, "CREATE", "allowed", 0.1)
    found = {
        (sample.labels["kind"], sample.labels["operation"])
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "concordat_admission_reviews_total"
    }
    assert found == {("other", "other"), (conventions.MICROSERVICE, "CREATE")}


def _contract(namespace: str, name: str, **condition: Any) -> dict[str, Any]:
    written = {
        "type": "Ready",
        "status": "False",
        "reason": "BreakingChange",
        "lastTransitionTime": "2026-11-22T11:12:13Z",
    }
    return {
        "metadata": {"namespace": namespace, "name": name, "uid": f"{namespace}-{name}", "resourceVersion": "7"},
        "spec": {"type": "openapi", "version": "1.0.0", "document": {"inline": "{}"}},
        "status": {"conditions": [{**written, **condition}]},
    }


def _failing(*items: dict[str, Any]) -> list[tuple[str, ...]]:
    contracts = Contracts()
    for item in items:
        contracts.observe("ADDED", item)
    census = Census(parents=Parents(lambda _key, _lane: None), contracts=contracts, children=Children())
    return list(census.contracts_failing())


def test_a_namespace_has_so_many_series_and_costs_nobody_else_theirs() -> None:
    found = _failing(*(_contract("evil", f"c{number}") for number in range(200)), _contract("quiet", "ledger-api"))
    assert len(found) == MOST_FAILING + 1
    assert ("quiet/ledger-api", "", "Ready", "BreakingChange") in found


def test_a_status_somebody_else_wrote_makes_no_label() -> None:
    """Reasons and conditions that are not ours."""
    assert _failing(_contract("evil", "a", reason="x" * 1000)) == [("evil/a", "", "Ready", "Other")]
    assert _failing(_contract("evil", "a", type="x" * 300)) == []
