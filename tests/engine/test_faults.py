"""
What goes wrong around us: an API server that dies, refuses, forbids; kinds that come and go; a namespace that ends.
"""

import asyncio
import logging
from typing import Any

import pytest

from concordat.cluster.connection.access import Access, StaticToken, from_kubeconfig
from concordat.cluster.connection.client import Client
from concordat.manifest import conventions
from concordat.reconcile import child_memory, watches
from concordat.reconcile.engine import Engine
from concordat.reconcile.settings import Settings
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.conftest import Story, eventually, operating
from tests.engine.kill_plans import Plan, Runner
from tests.engine.rig import OPTIONAL_KINDS, microservice, optional_crd, routed

pytestmark = pytest.mark.controlplane


@pytest.mark.parametrize(
    "plan",
    [
        Plan(workload="create", write=2, when="after"),
        Plan(workload="create", write=6, when="before"),
        Plan(workload="update", write=3, when="before"),
        Plan(workload="update", write=7, when="after"),
    ],
    ids=str,
)
def test_killed_at_a_write_and_started_again_it_comes_to_the_same_state(
    control_plane: ControlPlane, optional_kinds: None, plan: Plan
) -> None:
    """A sample; `make figures` tries every write, before and after."""
    assert Runner(control_plane).differences(plan) == ""


async def test_an_outage_in_a_create_storm_is_survived_by_the_same_process(story: Story) -> None:
    """The API server dies while services are being created; when it is back, they all get built, each child once."""
    names = [f"service-{n}" for n in range(20)]
    await story.apply(*(routed(name, story.namespace) for name in names))
    await asyncio.to_thread(story.cluster.kill_apiserver)
    await asyncio.sleep(6)
    await asyncio.to_thread(story.cluster.start_apiserver)
    started = asyncio.get_running_loop().time()
    await story.settled(*names, seconds=60)
    assert asyncio.get_running_loop().time() - started < 30
    created = [(r.resource, r.name) for r in story.requests() if r.code == 201 and r.name]
    assert len(created) == len(set(created))


async def test_a_quota_is_named_and_recovers(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """An admission plugin's refusal is in the condition, holds back nothing else, and is tried again."""
    monkeypatch.setattr(child_memory, "LOOK_AGAIN_AT_REFUSAL", 0.5)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight", "namespace": story.namespace},
        "spec": {"hard": {"services": "0"}},
    }
    await story.apply(quota)

    async def counted() -> bool:
        return "used" in ((await story.get("resourcequota", "tight")).get("status") or {})

    await eventually(counted, seconds=30)
    await story.apply(microservice("orders", story.namespace))
    await story.settled("orders")
    condition = await story.condition("orders")
    assert condition["reason"] == conventions.REASON_REJECTED
    assert "Service/orders" in condition["message"]
    assert "tight" in condition["message"]
    assert await story.get("deployment", "orders")

    await story.run("delete", "resourcequota", "tight")
    await eventually(lambda: _reconciled(story, "orders"))


async def test_what_is_invalid_is_not_sent_twice(story: Story) -> None:
    """422: the same manifest would be refused for ever, so it waits for another one."""
    policy: list[dict[str, Any]] = [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": f"no-services-{story.namespace}"},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {
                    "resourceRules": [
                        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["services"]}
                    ]
                },
                "validations": [{"expression": "false", "message": "services are off today"}],
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": f"no-services-{story.namespace}"},
            "spec": {
                "policyName": f"no-services-{story.namespace}",
                "validationActions": ["Deny"],
                "matchResources": {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": story.namespace}}
                },
            },
        },
    ]
    await story.apply(*policy)
    try:
        probe = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "probe", "namespace": story.namespace},
            "spec": {"ports": [{"port": 80}]},
        }

        async def denied() -> bool:
            return not await asyncio.to_thread(_created, story, probe)

        await eventually(denied, seconds=30, every=0.5)
        await story.apply(microservice("orders", story.namespace))
        await story.settled("orders")
        story.forget_requests()
        story.engine._enqueue_all()
        await story.quiet()
        condition = await story.condition("orders")
        assert (condition["reason"], "services are off today" in condition["message"]) == ("Rejected", True)
        assert story.writes() == []
    finally:
        name = f"no-services-{story.namespace}"
        await asyncio.to_thread(story.kubectl, "delete", "validatingadmissionpolicybinding", name)
        await asyncio.to_thread(story.kubectl, "delete", "validatingadmissionpolicy", name)
    await asyncio.sleep(1)
    await story.apply(microservice("orders", story.namespace, image="registry.example.com/shop/orders:2"))
    await eventually(lambda: _reconciled(story, "orders"))


def _created(story: Story, manifest: dict[str, Any]) -> bool:
    try:
        story.kubectl("create", "-f", "-", "--dry-run=server", stdin=manifest)
    except AssertionError:
        return False
    return True


async def _reconciled(story: Story, name: str) -> bool:
    return (await story.condition(name)).get("status") == "True"


def _role(namespace: str, *, without: str = "") -> list[dict[str, Any]]:
    verbs = ["get", "list", "watch", "create", "patch", "delete"]
    rules = {
        "": ["configmaps", "serviceaccounts", "services"],
        "apps": ["deployments"],
        "networking.k8s.io": ["networkpolicies"],
        "autoscaling": ["horizontalpodautoscalers"],
        "policy": ["poddisruptionbudgets"],
        "gateway.networking.k8s.io": ["httproutes"],
        "monitoring.coreos.com": ["alertmanagerconfigs", "prometheusrules", "servicemonitors"],
        "grafana.integreatly.org": ["grafanadashboards"],
        conventions.GROUP: ["microservices", "microservices/status", "servicecontracts", "servicecontracts/status"],
    }
    return [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "operator", "namespace": namespace},
            "rules": [
                {"apiGroups": [group], "resources": [r for r in resources if r != without], "verbs": verbs}
                for group, resources in rules.items()
                if resources != [without]
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "operator", "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "operator"},
            "subjects": [{"kind": "ServiceAccount", "name": "operator", "namespace": namespace}],
        },
    ]


async def test_a_right_that_is_missing_degrades_only_its_kind(
    control_plane: ControlPlane, optional_kinds: None, namespace: str
) -> None:
    """With a Role alone; without one kind in it, that kind is named, the others are built, and it comes back."""
    async with operating(control_plane, namespace) as admin:
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "operator", "namespace": namespace},
        }
        await admin.apply(account, *_role(namespace, without="poddisruptionbudgets"))
        token = (await admin.run("create", "token", "operator")).strip()
        await admin.engine.stop(drain=1)
        full = from_kubeconfig(control_plane.kubeconfig)
        access = Access(server=full.server, tls=_without_certificate(control_plane), token=StaticToken(token))
        async with Client(access) as client:
            limited = Engine(client, Settings(namespaces=(namespace,)))
            await limited.warm()
            await limited.work()
            try:
                await admin.apply(microservice("orders", namespace))

                async def forbidden() -> bool:
                    condition = await admin.condition("orders")
                    return (
                        condition.get("reason") == conventions.REASON_FORBIDDEN
                        and "poddisruptionbudgets" in condition["message"]
                    )

                await eventually(forbidden)
                assert await admin.get("deployment", "orders")
                assert await admin.get("hpa", "orders")

                await admin.apply(*_role(namespace))
                await eventually(lambda: _reconciled(admin, "orders"), seconds=30)
                assert await admin.get("pdb", "orders")
            finally:
                await limited.stop(drain=1)


def _without_certificate(cluster: ControlPlane) -> Any:
    """The kubeconfig's authority without its client certificate: the token says who we are."""
    import base64
    import ssl

    import yaml

    config = yaml.safe_load(cluster.kubeconfig.read_text())
    entry = config["clusters"][0]["cluster"]
    if "certificate-authority-data" in entry:
        return ssl.create_default_context(cadata=base64.b64decode(entry["certificate-authority-data"]).decode())
    return ssl.create_default_context(cafile=entry["certificate-authority"])


async def test_an_optional_kind_is_picked_up_when_it_appears_and_let_go_when_it_goes(
    control_plane: ControlPlane, optional_kinds: None, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gateway API is installed after us, and removed while we run: no restart, no crash, a notice meanwhile."""
    monkeypatch.setattr(watches, "DISCOVERY", 0.5)
    group, _, plural = OPTIONAL_KINDS["HTTPRoute"]
    async with operating(control_plane, namespace) as story:
        await asyncio.to_thread(story.kubectl, "delete", "crd", f"{plural}.{group}")
        await eventually(lambda: _installed(story, "HTTPRoute", False), seconds=30)
        await story.apply(routed("orders", namespace))
        await story.settled("orders")
        problems = (await story.status("orders"))["problems"]
        assert [problem["path"] for problem in problems] == ["spec.routing"]
        assert await _reconciled(story, "orders")

        await story.apply(optional_crd("HTTPRoute"))

        async def routed_now() -> bool:
            return "HTTPRoute" in [child["kind"] for child in (await story.status("orders"))["children"]]

        await eventually(routed_now, seconds=60, every=0.5)
        assert (await story.status("orders")).get("problems") in (None, [])
        assert await story.get("httproute", "orders")


async def _installed(story: Story, kind: str, expected: bool) -> bool:
    return (kind in story.engine.installed) == expected


async def test_a_namespace_that_ends_while_we_build_in_it_makes_no_noise(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing can be created where everything is being deleted: no traceback, and nothing is left to do."""
    with caplog.at_level(logging.ERROR):
        await story.apply(*(routed(f"service-{n}", story.namespace) for n in range(10)))
        await asyncio.to_thread(story.kubectl, "delete", "namespace", story.namespace, "--wait=true", "--timeout=180s")
        await eventually(lambda: _forgotten(story))
        await story.quiet()
    assert [record.getMessage() for record in caplog.records] == []
    await asyncio.to_thread(story.kubectl, "create", "namespace", story.namespace)


async def _forgotten(story: Story) -> bool:
    return len(story.engine.parents) == 0


async def test_a_microservice_deleted_and_created_again_at_once_is_built(story: Story) -> None:
    """Same name, another uid: the children of the former go, those of the new one come."""
    await story.apply(microservice("orders", story.namespace))
    await story.settled("orders")
    former = (await story.get("microservice", "orders"))["metadata"]["uid"]
    await story.run("delete", "microservice", "orders", "--wait=false")
    await story.apply(microservice("orders", story.namespace))
    current = (await story.get("microservice", "orders"))["metadata"]["uid"]
    assert current != former

    async def built_anew() -> bool:
        listed = await asyncio.to_thread(
            story.kubectl.get, "deployments,services,networkpolicies,pdb,hpa", "--namespace", story.namespace
        )
        owners = [o["uid"] for i in listed["items"] for o in i["metadata"].get("ownerReferences", ())]
        return owners == [current] * 5 and await _reconciled(story, "orders")

    await eventually(built_anew, seconds=30, every=0.5)


async def test_a_consumer_follows_its_provider(story: Story) -> None:
    """One declaration, both sides: the policies of consumer and provider change when either does."""
    await story.apply(microservice("orders", story.namespace, consumes=[{"service": "payments"}]))
    await story.settled("orders")
    assert _peers(await story.get("networkpolicy", "orders"), "egress") == set()

    await story.apply(microservice("payments", story.namespace))
    await story.settled("payments", "orders")
    await eventually(lambda: _has_peer(story, "orders", "egress", ("payments", 8080)))
    assert _peers(await story.get("networkpolicy", "payments"), "ingress") == {("orders", 8080)}

    await story.apply(microservice("payments", story.namespace, ports={"http": {"port": 9999}}))
    await eventually(lambda: _has_peer(story, "orders", "egress", ("payments", 9999)))

    await story.run("delete", "microservice", "payments")

    async def closed() -> bool:
        return _peers(await story.get("networkpolicy", "orders"), "egress") == set()

    await eventually(closed)


async def _has_peer(story: Story, name: str, direction: str, peer: tuple[str, int]) -> bool:
    return peer in _peers(await story.get("networkpolicy", name), direction)


def _peers(policy: dict[str, Any], direction: str) -> set[tuple[str, int]]:
    """Services and ports a policy names."""
    return {
        (peer["podSelector"]["matchLabels"][conventions.LABEL_SERVICE], port["port"])
        for rule in policy["spec"].get(direction, ())
        for peer in rule.get("to", rule.get("from", ()))
        for port in rule.get("ports", ())
        if conventions.LABEL_SERVICE in peer.get("podSelector", {}).get("matchLabels", {})
    }
