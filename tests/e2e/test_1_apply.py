"""
Apply: a declaration of 20 lines becomes a running, reachable, guarded service.
"""

import re

import pytest

from concordat_lab import gateway
from tests.chart.helm import dashboard_queries
from tests.e2e.cast import SERVICES
from tests.e2e.exercise import RESOURCES, children_of, name_of
from tests.e2e.opening import BYSTANDERS, MONITORING, SHOP, SYSTEM
from tests.e2e.pairs import Place
from tests.e2e.stage import Stage, eventually

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]  # the first one brings up the cluster and builds its images


@pytest.mark.parametrize("service", SERVICES, ids=str)
def test_the_service_becomes_ready(stage: Stage, service: Place) -> None:
    """``kubectl wait --for=condition=Ready``, in a namespace that lets in only restricted pods."""
    stage.wait_for("Ready", f"microservice/{service.name}", service.namespace)


def test_every_child_is_there(stage: Stage) -> None:
    """All that 20 lines mean: one of every kind we build, where everything is installed that it is built for."""
    children = children_of(stage, SHOP, "catalog")

    assert {kind.kind for kind in RESOURCES} == {child["kind"] for child in children}
    assert {name_of(kind, "catalog") for kind in RESOURCES} == {child["metadata"]["name"] for child in children}


def test_kubectl_get_tells_the_truth(stage: Stage) -> None:
    """One line a service: ready, whose, which version, how many replicas; as the Deployment itself says."""
    header, line = stage.kubectl("get", "microservice", "catalog", f"--namespace={SHOP}").splitlines()
    deployment = stage.get("deployments", SHOP, "catalog")
    assert deployment is not None
    replicas = f"{deployment['status']['readyReplicas']}/{deployment['spec']['replicas']}"

    assert ["NAME", "READY", "TEAM", "VERSION", "REPLICAS", "CONTRACTS", "AGE"] == header.split()
    assert ["catalog", "True", "shop", "1.0.0", replicas, "True"] == line.split()[:-1]


def test_it_answers_who_declared_to_call_it(stage: Stage) -> None:
    """By the name of its Service, through the database behind it."""
    url = f"http://catalog.{SHOP}:8080/products"

    assert {url: 200} == stage.ask("deploy/storefront", SHOP, "get", url)


def test_the_world_comes_in_through_the_gateway(stage: Stage) -> None:
    """Under the host it declares, and under no other."""
    gate = f"http://traefik.{gateway.NAMESPACE}/products"
    catalog, nobody = f"catalog.example.com {gate}", f"ledger.example.com {gate}"

    eventually(
        lambda: stage.ask("loose", SHOP, "get", catalog, nobody) == {catalog: 200, nobody: 404},
        because="the gateway answers for catalog",
    )


@pytest.mark.parametrize("namespace", sorted({SYSTEM, gateway.NAMESPACE, *BYSTANDERS.values(), "partners"}))
def test_every_namespace_lets_in_restricted_pods_only(stage: Stage, namespace: str) -> None:
    """So whatever runs there has passed, the operator itself included."""
    (found,) = stage.find("namespace", "", namespace)
    pods = stage.find("pods", namespace)

    assert "restricted" == found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert pods
    assert {"Running"} == {pod["status"]["phase"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}


def test_the_operators_dashboard_asks_for_what_the_operator_exposes(stage: Stage) -> None:
    """A panel that stays empty for ever is worse than none."""
    address = stage.find("pods", SYSTEM)[0]["status"]["podIP"]
    page = stage.ask("prometheus", MONITORING, "text", f"http://{address}:8080/metrics")["text"]
    families = dict(re.findall(r"(?m)^# TYPE (\S+) (\S+)$", page))
    exposed = {f"{name}_bucket" if kind == "histogram" else name for name, kind in families.items()}
    asked = {name for query in dashboard_queries().values() for name in re.findall(r"([a-z_]+)\{", query)}

    assert asked
    assert set() == asked - exposed
