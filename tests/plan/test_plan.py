"""
The plan: the same for the same input, in the order of writing, and never half of it.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings

from concordat.api import parse
from concordat.facts import Consumer, Facts, Provider
from concordat.manifest import canonical
from concordat.plan.service import BUILDERS, plan
from concordat.resources import kinds
from tests.api.strategies import manifests

EVERYTHING = frozenset(kind.kind for kind in kinds.OF_SERVICES)
FACTS = Facts(
    installed=EVERYTHING,
    providers={
        "billing/a": Provider(name="a", namespace="billing", object_name="a", ports={"http": (8013, "TCP")}),
        "a": Provider(name="a", namespace="shop", object_name="a", ports={"http": (8011, "TCP")}),
    },
    consumers=(Consumer(name="web", namespace="shop"), Consumer(name="web", namespace="billing", ports=("http",))),
)

many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_builders_are_in_the_order_of_writing() -> None:
    """What guards a pod exists before the pod does: one order, stated once."""
    assert kinds.OF_SERVICES == tuple(dict.fromkeys(kind for kind, _ in BUILDERS))


@given(manifests())
@many
def test_a_plan_depends_on_nothing_but_its_input(manifest: dict[str, Any]) -> None:
    """Twice the same bytes: a digest that moved by itself would be an endless write."""
    again = plan(parse(copy.deepcopy(manifest)), FACTS)

    assert [canonical(child.manifest) for child in plan(parse(manifest), FACTS).children] == [
        canonical(child.manifest) for child in again.children
    ]


@given(manifests())
@many
def test_every_child_stays_in_its_namespace_and_belongs_to_its_service(manifest: dict[str, Any]) -> None:
    """Nobody writes elsewhere, and garbage collection finds everything."""
    service = parse(manifest)
    for child in plan(service, FACTS).children:
        metadata = child.manifest["metadata"]

        assert service.namespace == metadata["namespace"]
        assert [service.uid] == [owner["uid"] for owner in metadata["ownerReferences"]]
        assert "concordat" == metadata["labels"]["app.kubernetes.io/managed-by"]
        assert child.kind.api_version == child.manifest["apiVersion"]


@given(manifests())
@many
def test_team_and_tier_never_touch_the_pods(manifest: dict[str, Any]) -> None:
    """A service that changes hands does not restart: the template holds nothing that changes while the program does not."""
    stated = {"resources": {"cpu": "1", "memory": "64Mi"}, "tier": "critical", "objectives": []}
    one, other = (
        parse(manifest | {"spec": manifest["spec"] | stated | change})
        for change in ({"team": "checkout"}, {"team": "payments", "tier": "standard"})
    )

    def template(service: Any) -> Any:
        return next(c.manifest["spec"]["template"] for c in plan(service, FACTS).children if c.kind is kinds.DEPLOYMENT)

    assert template(one) == template(other)


@given(manifests())
@many
def test_selectors_hold_one_label_that_is_ours(manifest: dict[str, Any]) -> None:
    """A Deployment's selector is immutable: nothing a user may ever change is in it."""
    found = {
        child.kind.kind: child.manifest["spec"]
        for child in plan(parse(manifest), FACTS).children
        if "spec" in child.manifest
    }

    assert ["concordat.dev/service"] == list(found["Deployment"]["selector"]["matchLabels"])
    assert found["Deployment"]["selector"]["matchLabels"] == found["Service"]["selector"]
    assert found["Deployment"]["selector"]["matchLabels"] == found["NetworkPolicy"]["podSelector"]["matchLabels"]


@given(manifests())
@many
def test_replicas_have_one_owner(manifest: dict[str, Any]) -> None:
    """Either the Deployment states them, or an autoscaler exists and they are handed over without a reset."""
    children = {child.kind.kind: child for child in plan(parse(manifest), FACTS).children}
    stated = "replicas" in children["Deployment"].manifest["spec"]

    assert stated != ("HorizontalPodAutoscaler" in children)
    assert (() if stated else (("spec", "replicas"),)) == children["Deployment"].relinquished


@given(manifests())
@many
def test_optional_kinds_are_planned_only_where_they_exist(manifest: dict[str, Any]) -> None:
    """Without Gateway API and prometheus-operator the rest is built, what is missing is said, and rules come as files."""
    everywhere = {child.kind.kind for child in plan(parse(manifest), FACTS).children}
    bare = plan(parse(manifest), Facts())
    optional = {kind.kind for kind in kinds.ALL if kind.optional}

    assert everywhere - optional | {"ConfigMap"} == {child.kind.kind for child in bare.children}
    assert everywhere & {"HTTPRoute", "ServiceMonitor"} == {
        {"spec.routing": "HTTPRoute", "spec.telemetry.metrics": "ServiceMonitor"}[notice.problem.path]
        for notice in bare.notices
        if notice.reason == "ApiNotInstalled"
    }


@given(manifests())
@many
def test_taken_hosts_cost_the_route_and_nothing_else(manifest: dict[str, Any]) -> None:
    """Whoever claims somebody's host must not keep their pods from being built; without a host there is no route."""
    service = parse(manifest)
    hosts = service.spec.routing.hosts if service.spec.routing else ()
    free = {child.kind.kind: child.manifest for child in plan(service, FACTS).children}
    taken = plan(service, replace(FACTS, taken_hosts=dict.fromkeys(hosts, "evil/veteran")))

    def apart(built: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without the route, and without the rules: there is no certificate to watch."""
        return {kind: manifest for kind, manifest in built.items() if kind not in ("HTTPRoute", "PrometheusRule")}

    assert apart(free) == apart({child.kind.kind: child.manifest for child in taken.children})
    assert (taken.complete, taken.flawless, taken.hosts) == (True, not hosts, ())
