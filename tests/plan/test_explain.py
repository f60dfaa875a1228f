"""
``explain``: what it says a field comes from moves the field, and nothing is left without a reason.
"""

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from concordat.api import parse
from concordat.facts import Consumer, Facts, Provider
from concordat.manifest.difference import leaves, written
from concordat.observability.slo.delivery import condensed
from concordat.plan.explain import Origin, Source, explain
from concordat.plan.service import plan
from concordat.resources import kinds
from tests.api.strategies import manifests

SPEC: dict[str, Any] = {
    "team": "checkout",
    "tier": "critical",
    "image": "example.com/orders:1.11",
    "ports": {"http": {"port": 8011}, "metrics": {"port": 9013}},
    "health": {"live": "/healthz", "ready": "/readyz"},
    "env": [
        {"name": "LOG_LEVEL", "value": "info"},
        {"name": "PASSWORD", "secret": {"name": "orders-db", "key": "password"}},
    ],
    "scaling": {"max": 13},
    "consumes": [{"service": "payments/payments"}],
    "egress": [{"host": "api.stripe.com", "port": 443}],
    "routing": {"hosts": ["orders.example.com"]},
}
FACTS = Facts(
    installed=frozenset(kind.kind for kind in kinds.ALL),
    providers={
        "payments/payments": Provider(
            name="payments", namespace="payments", object_name="payments", ports={"http": (8013, "TCP")}
        )
    },
    consumers=(Consumer(name="web", namespace="shop"),),
)


def manifest(**changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": "orders", "namespace": "shop", "uid": "11"},
        "spec": SPEC | changes,
    }


ORIGINS = {(origin.child.kind, origin.path): origin for origin in explain(parse(manifest()), FACTS)}


def causes(kind: str, path: str) -> list[str]:
    return [str(cause) for cause in ORIGINS[kind, path].causes]


def test_what_is_stated_is_traced_to_its_path() -> None:
    """The image of the pod comes from spec.image, and from nothing else."""
    assert ["spec.image"] == causes("Deployment", "spec.template.spec.containers[service].image")
    assert ["spec.env[LOG_LEVEL].value"] == causes(
        "Deployment", "spec.template.spec.containers[service].env[LOG_LEVEL].value"
    )
    assert ["spec.scaling.max"] == causes("HorizontalPodAutoscaler", "spec.maxReplicas")
    assert ["spec.routing.hosts[0]"] == causes("HTTPRoute", "spec.hostnames[0]")


def test_a_tiers_default_names_the_tier_and_what_overrides_it() -> None:
    """ "Why three?" is answered with where to say otherwise."""
    assert ["default of tier critical; set spec.scaling.min"] == causes("HorizontalPodAutoscaler", "spec.minReplicas")


def test_a_default_for_all_names_what_overrides_it() -> None:
    """A period nobody chose."""
    path = "spec.template.spec.containers[service].livenessProbe.periodSeconds"

    assert ["default; set spec.health.probes.live.periodSeconds"] == causes("Deployment", path)


def test_neighbours_and_the_platform_are_named() -> None:
    """Half of a policy comes from other people's resources."""
    ingress = "spec.ingress[2].from[0].podSelector.matchLabels[concordat.dev/service]"

    assert ["consumer shop/web"] == causes("NetworkPolicy", ingress)
    assert ["spec.consumes[0].service", "provider payments/payments"] == causes(
        "NetworkPolicy", "spec.egress[1].ports[0].port"
    )
    assert ["platform.dns_ports"] == causes("NetworkPolicy", "spec.egress[0].ports[0].port")


def test_a_rule_says_why() -> None:
    """What nobody can change has its reason beside it."""
    path = "spec.template.spec.containers[service].lifecycle.preStop.sleep.seconds"

    assert ["always: serves on until every proxy knows it is leaving: loses no request"] == causes("Deployment", path)


def test_a_child_itself_is_explained() -> None:
    """Why there is a route at all, and why an autoscaler."""
    assert ["spec.routing"] == causes("HTTPRoute", "")
    assert ["default; set spec.scaling.min"] == causes("HorizontalPodAutoscaler", "")


def test_every_field_is_explained_once_and_in_order() -> None:
    """Nothing is left out, nothing is invented."""
    expected = [
        (child.key, written(path, condensed(child.manifest)), value)
        for child in plan(parse(manifest()), FACTS).children
        for path, value in leaves(condensed(child.manifest)).items()
    ]

    assert expected == [(o.child, o.path, o.value) for o in ORIGINS.values() if o.path]


@given(manifests())
@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.generate],  # one example takes a second: shrinking would take the afternoon
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_every_rule_has_a_reason(found: dict[str, Any]) -> None:
    """Whatever is written: a field that nothing moves has its reason in the table."""
    silent = [
        f"{origin.child.kind} {origin.path}"
        for origin in explain(parse(found), FACTS)
        for cause in origin.causes
        if cause.source is Source.RULE and not cause.why
    ]

    assert [] == silent


def test_what_is_called_a_rule_cannot_be_moved_by_any_stated_field() -> None:
    """The other way round, with values of our own choosing: no field called a rule differs in a very different service."""
    different = manifest(
        team="payments",
        image="example.com/other:2.13",
        ports={"grpc": {"port": 8017, "appProtocol": "kubernetes.io/h2c"}, "metrics": {"port": 9017}},
        env=[{"name": "LOG_LEVEL", "value": "debug"}, {"name": "PASSWORD", "secret": {"name": "orders", "key": "pin"}}],
        scaling={"min": 2, "max": 17, "cpu": 51},
        resources={"cpu": "2", "memory": "1Gi"},
        egress=[{"cidr": "198.51.100.0/24", "port": 5432}],
    )
    after = {
        (child.key.kind, written(path, condensed(child.manifest))): value
        for child in plan(parse(different), FACTS).children
        for path, value in leaves(condensed(child.manifest)).items()
    }

    def is_rule(origin: Origin) -> bool:
        return bool(origin.path) and [Source.RULE] == [cause.source for cause in origin.causes]

    moved = [key for key, origin in ORIGINS.items() if is_rule(origin) and after.get(key, origin.value) != origin.value]

    assert [] == moved
