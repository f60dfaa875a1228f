"""
The same rules and the same dashboard, in whichever form they come.
"""

import json
from typing import Any

import pytest
import yaml

from concordat.api import parse
from concordat.facts import Consumer, Facts, Platform
from concordat.manifest import Manifest
from concordat.plan.service import plan
from tests.observability.hostile import SERVICE
from tests.slo.catalogue import missing

FORMS = frozenset({"PrometheusRule", "GrafanaDashboard"})


def service(name: str = "orders", namespace: str = "shop", **spec: Any) -> Any:
    stated = {"team": "checkout", "image": "example.com/a:1.11", "ports": {"http": {"port": 8011}}} | spec
    metadata = {"name": name, "namespace": namespace}
    return parse({"apiVersion": "concordat.dev/v1alpha1", "kind": "Microservice", "metadata": metadata, "spec": stated})


def built(of: Any, facts: Facts) -> dict[str, Manifest]:
    return {str(child.key): child.manifest for child in plan(of, facts).children}


def test_the_same_rules_either_way() -> None:
    """For prometheus-operator, or for a Prometheus that reads files."""
    resource = built(service(), Facts(installed=FORMS))["PrometheusRule/orders-rules"]
    (text,) = built(service(), Facts())["ConfigMap/orders-rules"]["data"].values()

    assert resource["spec"] == yaml.safe_load(text)


def test_the_same_dashboard_either_way() -> None:
    """As JSON text; where it is told apart, with the uid alerts link to."""
    resource = built(service(), Facts(installed=FORMS))["GrafanaDashboard/orders-dashboard"]
    (text,) = built(service(), Facts())["ConfigMap/orders-dashboard"]["data"].values()

    assert text == resource["spec"]["json"]
    assert json.loads(text)["uid"] == resource["spec"]["uid"]


@pytest.mark.parametrize(
    ("backlog", "label", "alert"),
    [
        ({"queues": ["orders.paid"]}, "queue=", "ServiceQueueGrowing"),
        ({"consumerGroups": ["billing"]}, "consumergroup=", "ServiceConsumerLagging"),
    ],
)
def test_what_waits_is_shown_and_told(backlog: dict[str, list[str]], label: str, alert: str) -> None:
    """Only where somebody says what waits."""
    said, unsaid = (
        built(service(telemetry={"backlog": stated}), Facts(installed=FORMS)) for stated in (backlog, {"queues": []})
    )
    for children, there in ((said, True), (unsaid, False)):
        rules = yaml.safe_dump(children["PrometheusRule/orders-rules"]["spec"])
        board = json.loads(children["GrafanaDashboard/orders-dashboard"]["spec"]["json"])
        queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
        assert (alert in rules) is there
        assert any(label in query for query in queries) is there


def test_files_of_two_services_never_have_the_same_name() -> None:
    """Sidecars write the files of all namespaces into one directory; a dash may stand in either name."""
    pairs = (("b", "shop-a"), ("a-b", "shop"))
    files = [name for pair in pairs for m in built(service(*pair), Facts()).values() for name in m.get("data", ())]

    assert 4 == len(set(files))


def test_the_labels_that_find_them() -> None:
    """By its own label each; those of the platform on what prometheus-operator selects."""
    files = built(service(), Facts())

    assert "1" == files["ConfigMap/orders-rules"]["metadata"]["labels"]["prometheus-rules"]
    assert "1" == files["ConfigMap/orders-dashboard"]["metadata"]["labels"]["grafana_dashboard"]
    assert {"grafana_folder": "checkout"} == files["ConfigMap/orders-dashboard"]["metadata"]["annotations"]


@pytest.mark.parametrize("profile", ["default", "otel", "otel-native", "istio", "gateway"])
def test_every_alert_that_is_delivered_is_complete(profile: str) -> None:
    """Labels, annotations, a runbook of its own, and links where the platform says."""
    facts = Facts(
        installed=FORMS,
        platform=Platform(grafana_url="https://g.example.com/", runbooks_url="https://r.example.com/pages"),
    )
    of = service(
        tier="critical",
        routing={"hosts": ["orders.example.com"]},
        resources={"cpuLimit": "1"},
        telemetry={"metrics": {"profile": profile}},
    )
    planned = built(of, facts)
    groups = planned["PrometheusRule/orders-rules"]["spec"]["groups"]
    uid = planned["GrafanaDashboard/orders-dashboard"]["spec"]["uid"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]

    assert 2 * 4 + 1 + 9 == len(alerts)
    assert [] == [(alert["alert"], lacking) for alert in alerts for lacking in missing(alert)]
    assert {f"https://g.example.com/d/{uid}"} == {alert["annotations"]["dashboard_url"] for alert in alerts}
    assert all(alert["annotations"]["runbook_url"].startswith("https://r.example.com/pages/") for alert in alerts)


def test_a_service_everybody_uses_has_a_dashboard_of_some_size() -> None:
    """A thousand consumers make no megabytes: nobody could apply a ConfigMap of more than one."""
    consumers = tuple(Consumer(name=f"consumer-{number:04}", namespace="shop") for number in range(1_000))
    (text,) = built(service(), Facts(consumers=consumers))["ConfigMap/orders-dashboard"]["data"].values()

    assert len(text) < 200_000


def test_the_largest_there_can_be_is_no_larger_than_a_config_map() -> None:
    """Sixteen objectives with indicators of a thousand characters: less than half of the mebibyte Kubernetes allows."""
    objectives = [
        {"name": f"o{n}", "target": 99.9, "good": f"{'g' * 994}_total", "total": f"{'t' * 994}_total"}
        for n in range(16)
    ]
    (text,) = built(service(objectives=objectives), Facts())["ConfigMap/orders-rules"]["data"].values()

    assert len(text) < 2**19


def test_the_hostile_service_is_a_service_like_any_other() -> None:
    """Else the texts put into it would prove nothing."""
    assert {"ConfigMap/abcdef-rules", "ConfigMap/abcdef-dashboard"} <= built(SERVICE, Facts()).keys()
