"""
Rules and dashboards come in the form the cluster can use, and change it when the cluster does.
"""

import asyncio
import json
from typing import Any

import pytest
import yaml

from concordat.api import parse
from concordat.facts import Facts, Platform
from concordat.plan.service import plan
from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.machine.progress import Lines
from concordat_lab.programs import binaries
from tests.engine.cluster import Kubectl, started
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import optional_crd, routed
from tests.slo.promtool import check_rules

pytestmark = pytest.mark.controlplane

FORMS = ("PrometheusRule", "GrafanaDashboard")
PROMISED = [
    {"name": "availability", "target": 99.9, "route": "/orders/{id}", "method": "POST"},
    {"name": "latency", "target": 97.3, "below": "130ms", "window": "7d"},
    {"name": "settled", "target": 99.1, "good": 'settled_total{outcome=~"ok|late"}', "total": "settled_total"},
]


def promising(namespace: str, **changes: Any) -> dict[str, Any]:
    manifest = routed("orders", namespace)
    return manifest | {"spec": manifest["spec"] | {"objectives": PROMISED} | changes}


async def told(story: Story) -> set[str]:
    """Where the status says the rules and the dashboard are."""
    children = (await story.status("orders"))["children"]
    return {f"{child['kind']}/{child['name']}" for child in children if child["name"] != "orders"}


FILES = {"ConfigMap/orders-rules", "ConfigMap/orders-dashboard"}
RESOURCES = {"PrometheusRule/orders-rules", "GrafanaDashboard/orders-dashboard"}


async def test_the_form_follows_what_the_cluster_serves(control_plane: ControlPlane, namespace: str) -> None:
    """Installed later, prometheus-operator and grafana-operator take over; gone again, the files are back."""
    kubectl = Kubectl(control_plane)
    crds = [optional_crd(kind) for kind in FORMS]
    names = [crd["metadata"]["name"] for crd in crds]
    await asyncio.to_thread(kubectl, "delete", "crd", "--ignore-not-found", *names)
    async with operating(control_plane, namespace) as story:
        await story.apply(promising(namespace))
        await story.settled("orders")
        assert await told(story) == FILES

        async def is_told(where: set[str]) -> bool:
            return await told(story) == where

        async def exist(kind: str) -> bool:
            listed = await asyncio.to_thread(story.kubectl.get, kind, "--namespace", namespace)
            return bool([item for item in listed["items"] if item["metadata"]["name"].startswith("orders-")])

        await asyncio.to_thread(kubectl.apply, *crds)
        await eventually(lambda: is_told(RESOURCES), seconds=60)
        assert not await exist("configmap")
        assert await exist("prometheusrule")

        await asyncio.to_thread(kubectl, "delete", "crd", *names)
        await eventually(lambda: is_told(FILES), seconds=60)
        assert await exist("configmap")


async def test_promtool_reads_what_the_operator_wrote(control_plane: ControlPlane, namespace: str) -> None:
    """From the ConfigMap as it lies in the cluster; the dashboard is JSON with the uid the alerts link to."""
    kubectl = Kubectl(control_plane)
    names = [optional_crd(kind)["metadata"]["name"] for kind in FORMS]
    await asyncio.to_thread(kubectl, "delete", "crd", "--ignore-not-found", *names)
    async with operating(control_plane, namespace) as story:
        await story.apply(promising(namespace))
        await story.settled("orders")
        rules = await story.get("configmap", "orders-rules")
        drawn = await story.get("configmap", "orders-dashboard")

    assert {f"{namespace}_orders.yaml"} == rules["data"].keys()
    groups = yaml.safe_load(rules["data"][f"{namespace}_orders.yaml"])["groups"]
    check_rules(groups)
    dashboard = json.loads(drawn["data"][f"{namespace}_orders.json"])
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert {f"/d/{dashboard['uid']}"} == {alert["annotations"]["dashboard_url"] for alert in alerts}
    assert {"1"} == {rules["metadata"]["labels"]["prometheus-rules"], drawn["metadata"]["labels"]["grafana_dashboard"]}


@pytest.mark.timeout(600)
async def test_the_real_definitions_take_what_is_written() -> None:
    """prometheus-operator's and grafana-operator's own schemas, field by field: nothing is unknown, nothing is pruned."""
    files = binaries.locate(["prometheus-operator.yaml", "grafana-operator.yaml"], Lines())
    with started(optional=False) as cluster:
        kubectl = Kubectl(cluster)
        for file in files.values():
            kubectl("apply", "--server-side", "-f", str(file))
        kubectl("wait", "--for=condition=Established", "--timeout=120s", "crd", "--all")
        kubectl("create", "namespace", "real")
        async with operating(
            cluster, "real", platform=Platform(alerts_url="https://a.example.com/{team}/{severity}")
        ) as story:
            manifest = promising("real")
            await story.apply(manifest)
            await story.settled("orders")
            written = {
                name: (await story.get(kind, name))["spec"]
                for kind, name in (
                    ("prometheusrule", "orders-rules"),
                    ("grafanadashboard", "orders-dashboard"),
                    ("alertmanagerconfig", "orders"),
                )
            }
    facts = Facts(
        installed=frozenset({"PrometheusRule", "GrafanaDashboard", "AlertmanagerConfig"}),
        platform=Platform(alerts_url="https://a.example.com/{team}/{severity}"),
    )
    planned = {child.name: child.manifest for child in plan(parse(manifest), facts).children if child.kind.optional}
    for name, spec in written.items():
        assert planned[name]["spec"].items() <= spec.items(), name


async def test_what_is_promised_reaches_the_pods(story: Story) -> None:
    """The threshold of a latency becomes a bucket: the service is told."""
    await story.apply(promising(story.namespace))
    await story.settled("orders")
    container = (await story.get("deployment", "orders"))["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "SLO_BUCKETS", "value": "0.13"} in container["env"]


async def test_the_condition_says_where_they_are(story: Story) -> None:
    """Objectives by name, objects by kind and name."""
    await story.apply(promising(story.namespace))
    await story.settled("orders")
    (observed,) = [c for c in (await story.status("orders"))["conditions"] if c["type"] == "Observed"]
    assert ("True", "Delivered") == (observed["status"], observed["reason"])
    assert (
        "objectives: availability, latency, settled; in AlertmanagerConfig/orders, GrafanaDashboard/orders-dashboard,"
        " PrometheusRule/orders-rules"
    ) == observed["message"]


async def test_an_unmeasurable_promise_keeps_the_last_good_rules(story: Story) -> None:
    """A regular expression that is none passes the schema; the parser finds it before Prometheus does."""
    await story.apply(promising(story.namespace))
    await story.settled("orders")
    before = await story.get("prometheusrule", "orders-rules")
    broken = [{"name": "settled", "target": 99.1, "good": 'settled_total{outcome=~"("}', "total": "settled_total"}]
    story.forget_requests()
    await story.apply(promising(story.namespace, objectives=broken))
    await story.quiet()
    status = await story.status("orders")

    assert "ObjectiveUnmeasurable" in {c["reason"] for c in status["conditions"]}
    assert "spec.objectives[0].good" == status["problems"][0]["path"]
    assert before["spec"] == (await story.get("prometheusrule", "orders-rules"))["spec"]


async def test_a_providers_rules_follow_its_contract(story: Story) -> None:
    """Promised in the contract, watched at the provider; taken back, the rules go, and nobody edited the service."""
    document = json.dumps({"openapi": "3.0.3", "info": {"title": "orders", "version": "1.0.0"}, "paths": {}})
    contract = {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "ServiceContract",
        "metadata": {"name": "orders-api", "namespace": story.namespace},
        "spec": {"type": "openapi", "version": "1.0.0", "document": {"inline": document}},
    }
    promised = [{"name": "latency", "target": 97.3, "below": "170ms", "operation": "POST /orders"}]

    async def told() -> str:
        conditions = (await story.status("orders"))["conditions"]
        return next(str(each["message"]).partition(";")[0] for each in conditions if each["type"] == "Observed")

    async def is_watched() -> bool:
        groups = (await story.get("prometheusrule", "orders-rules"))["spec"]["groups"]
        return any(group["name"].endswith(":slo:orders-api/latency") for group in groups)

    async def is_not_watched() -> bool:
        return not await is_watched()

    await story.apply(promising(story.namespace, provides=["orders-api"]), contract)
    await story.settled("orders")
    assert not await is_watched()
    await story.apply(contract | {"spec": contract["spec"] | {"objectives": promised}})
    await eventually(is_watched, seconds=30)
    await story.quiet()
    assert "objectives: availability, latency, settled, orders-api/latency" == await told()
    await story.apply(contract)
    await eventually(is_not_watched, seconds=30)
    await story.quiet()
    assert "objectives: availability, latency, settled" == await told()
