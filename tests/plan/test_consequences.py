"""
What a change does, said before it is made.
"""

from typing import Any

import pytest

from concordat.api import parse
from concordat.facts import Consumer, Facts
from concordat.manifest import PlannedChild
from concordat.plan.consequences import ChildChange, Severity, consequences
from concordat.plan.service import plan
from tests.plan.test_explain import FACTS, manifest


def children(facts: Facts = FACTS, **changes: Any) -> tuple[PlannedChild, ...]:
    spec = manifest(**changes)
    spec["spec"] = {key: value for key, value in spec["spec"].items() if value is not None}
    return plan(parse(spec), facts).children


def said(found: tuple[ChildChange, ...]) -> dict[str, list[str]]:
    return {change.child.kind: [f"{item.severity}: {item.text}" for item in change.consequences] for change in found}


def test_the_same_has_no_consequences() -> None:
    """No change, no line."""
    assert () == consequences(children(), children())


def test_another_team_restarts_nothing() -> None:
    """Eight objects get a label; the pods stay, the alerts go to somebody else."""
    found = consequences(children(), children(team="payments"))

    noticed = {
        change.child.kind for change in found if any(c.severity != Severity.NOTHING for c in change.consequences)
    }
    assert {"PrometheusRule"} == noticed
    assert ["nothing: pods do not restart"] == said(found)["Deployment"]


def test_a_new_image_restarts_pods_and_nothing_else() -> None:
    """The field is named."""
    found = said(consequences(children(), children(image="example.com/orders:1.13")))

    assert ["Deployment"] == list(found)
    assert found["Deployment"][0].startswith("notice: pods restart, one after the other: ")
    assert "image" in found["Deployment"][0]


CASES: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "a port renumbered": (
        {"ports": {"http": {"port": 8012}, "metrics": {"port": 9013}}},
        "Service",
        ["disruption: traffic to port 8011/TCP drops", "notice: port 8012/TCP opens"],
    ),
    "the route taken away": (
        {"routing": None},
        "HTTPRoute",
        ["disruption: traffic from outside the cluster drops"],
    ),
    "another host": (
        {"routing": {"hosts": ["shop.example.com"]}},
        "HTTPRoute",
        [
            "disruption: traffic to host orders.example.com drops",
            "notice: host shop.example.com is served from now on",
        ],
    ),
    "no egress": (
        {"egress": []},
        "NetworkPolicy",
        [
            "disruption: the policy narrows: nothing out to 0.0.0.0/0 without 11 networks on 443/TCP any more",
            "disruption: the policy narrows: nothing out to ::/0 without 20 networks on 443/TCP any more",
        ],
    ),
    "a fixed size": (
        {"scaling": {"min": 3, "max": 3}},
        "Deployment",
        ["notice: the autoscaler hands back the number of replicas: 3 from now on"],
    ),
    "no autoscaler": (
        {"scaling": {"min": 3, "max": 3}},
        "HorizontalPodAutoscaler",
        ["notice: the number of replicas is fixed from now on"],
    ),
    "more replicas allowed": (
        {"scaling": {"max": 17}},
        "HorizontalPodAutoscaler",
        ["notice: most replicas change from 13 to 17"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_says_what_it_does(case: str) -> None:
    """By kind, with the worst first where it matters."""
    change, kind, expected = CASES[case]

    assert expected == said(consequences(children(), children(**change)))[kind]


def test_a_consumer_that_is_gone_narrows_the_policy() -> None:
    """Also what others do is foreseen."""
    alone = Facts(installed=FACTS.installed, providers=FACTS.providers)
    found = said(consequences(children(), children(alone)))

    assert {
        "NetworkPolicy": ["disruption: the policy narrows: nothing in from shop/web on 8011/TCP any more"],
        "GrafanaDashboard": ["nothing: the dashboard changes"],
    } == found


def test_a_consumer_that_comes_widens_it() -> None:
    """And nothing restarts."""
    more = Facts(
        installed=FACTS.installed,
        providers=FACTS.providers,
        consumers=(*FACTS.consumers, Consumer(name="batch", namespace="night")),
    )
    found = said(consequences(children(), children(more)))

    assert {
        "NetworkPolicy": ["notice: the policy widens: in from night/batch on 8011/TCP"],
        "GrafanaDashboard": ["nothing: the dashboard changes"],
    } == found


def test_a_stricter_promise_changes_its_alerts_alone() -> None:
    """Each objective by its name; the rest of the rules is left out."""
    promised = [{"name": "availability", "target": 99.9}, {"name": "pay", "target": 99, "route": "/pay"}]
    stricter = [{"name": "availability", "target": 99.95}, {"name": "refund", "target": 99, "route": "/refund"}]
    found = said(consequences(children(objectives=promised), children(objectives=stricter)))

    assert [
        "notice: no longer watched: objective pay",
        "notice: watched from now on: objective refund",
        "notice: alerts change: objective availability",
        "notice: alerts change: budgets",
    ] == found["PrometheusRule"]


def test_another_threshold_restarts_the_pods() -> None:
    """They count into other buckets from then on."""
    before, after = ([{"name": "latency", "target": 99, "below": limit}] for limit in ("110ms", "130ms"))
    found = said(consequences(children(objectives=before), children(objectives=after)))

    assert ["notice: pods restart, one after the other: containers[service].env[SLO_BUCKETS].value"] == found[
        "Deployment"
    ]


def test_an_autoscaler_takes_over_without_a_reset() -> None:
    """The other direction: replicas stay as they are."""
    fixed, scaled = children(scaling={"min": 3, "max": 3}), children()

    assert [
        "notice: an autoscaler takes over the number of replicas; it stays 3 until the load asks for another"
    ] == said(consequences(fixed, scaled))["Deployment"]


def test_the_first_time_everything_is_created() -> None:
    """And nobody is disrupted: nothing has run before."""
    found = consequences((), children())

    assert {"create"} == {change.action for change in found}
    assert ["notice: only what is declared gets in or out"] == said(found)["NetworkPolicy"]
    assert Severity.DISRUPTION not in {item.severity for change in found for item in change.consequences}


def test_a_policy_around_pods_that_run_cuts_off() -> None:
    """A Deployment taken over was open so far."""
    open_so_far = [child for child in children() if child.kind.kind != "NetworkPolicy"]

    assert {"NetworkPolicy": ["disruption: everything that is not declared is cut off, both ways"]} == said(
        consequences(open_so_far, children())
    )
