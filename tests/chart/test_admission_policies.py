"""
The operator's account is held to what the operator does, by the API server itself: with a real token of it, on a real API server.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat.api import parse, parse_contract
from concordat.cli.offline import World
from concordat.errors import InvalidInput
from concordat.facts import ContractFacts, Platform, Provider
from concordat.manifest import Manifest
from concordat.plan.contract import plan_contract
from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.programs import binaries
from concordat_lab.testing import control_plane
from tests.cases.test_cases import STORIES, around
from tests.chart.account import Account, token_of
from tests.chart.helm import NAMESPACE, Helm, of_kind
from tests.conftest import ROOT, established, kubectl

pytestmark = pytest.mark.controlplane

INSTALLED = (
    "Namespace",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
BUILT = yaml.safe_load(
    """
apiVersion: concordat.dev/v1alpha1
kind: Microservice
metadata: {name: orders, namespace: shop, uid: u1}
spec:
  team: checkout
  image: registry.example.com/orders:1.0.0
  ports: {http: {port: 8080}}
"""
)


def children() -> list[Manifest]:
    """Everything the stories and the trials of contracts lead to."""
    found: list[Manifest] = []
    for story in STORIES:
        manifest = yaml.safe_load((story / "microservice.yaml").read_text())
        try:
            service = parse(manifest)
        except InvalidInput:
            continue
        world, installed = around(story / "world.yaml")
        known = World([*world, manifest], installed=installed)
        service = next(one for one in known.services if one.reference == service.reference)
        found += [child.manifest for child in known.planned(service).children]
    return found + trial()


def trial() -> list[Manifest]:
    provider = Provider(name="payments", namespace="shop", object_name="payments", ports={"http": (8080, "TCP")})
    facts = ContractFacts(
        platform=Platform(conformance_image="registry.example.com/conformance:1"),
        version="1.4.0",
        document="payments-api-0123456789abcdef",
        provider=provider,
        rollout="uid/3",
    )
    tried = {
        "profile": "core",
        "schedule": "0 3 * * *",
        "headers": [{"name": "Authorization", "secret": {"name": "payments-api-conformance", "key": "header"}}],
    }
    contract = parse_contract(
        {
            "apiVersion": "concordat.dev/v1alpha1",
            "kind": "ServiceContract",
            "metadata": {"name": "payments-api", "namespace": "shop", "uid": "c1"},
            "spec": {"type": "openapi", "version": "1.4.0", "document": {"inline": "{}"}, "conformance": tried},
        }
    )
    return [child.manifest for child in plan_contract(contract, facts).children]


def child(kind: str) -> Manifest:
    """The child of that kind of an ordinary service, or of a trial."""
    known = World([BUILT], installed=())  # so that rules and dashboards are ConfigMaps
    (service,) = known.services
    planned = [one.manifest for one in known.planned(service).children] + trial()
    return deepcopy(next(one for one in planned if one["kind"] == kind))


@pytest.fixture(scope="module")
def server(helm: Helm) -> Iterator[ControlPlane]:
    """An API server of its own, since namespaces and what is built in them stay; with the chart's objects and every optional kind."""
    with control_plane() as cluster:
        for file in binaries.locate(("gateway-api.yaml", "prometheus-operator.yaml", "grafana-operator.yaml")).values():
            kubectl(cluster, "apply", "--server-side", "-f", str(file))
        established(cluster)
        for name in sorted({NAMESPACE, *(one["metadata"]["namespace"] for one in children())}):
            kubectl(cluster, "create", "namespace", name, check=False)
        objects = of_kind(helm.manifests({}), *INSTALLED)
        kubectl(cluster, "apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(objects))
        yield cluster


@pytest.fixture(scope="module")
def account(server: ControlPlane) -> Iterator[Account]:
    """The operator's own. A policy takes a moment until it holds."""
    found = token_of(server, "concordat")
    with found.http:
        _wait(found)
        yield found


def _wait(account: Account) -> None:
    probes = [child(kind) for kind in ("ConfigMap", "Deployment", "Service")]
    probes[0]["metadata"]["namespace"] = "kube-system"
    probes[1]["spec"]["template"]["spec"]["hostNetwork"] = True
    probes[2]["spec"]["externalIPs"] = ["192.0.2.1"]
    for _ in range(200):
        if all(account.create(probe) for probe in probes):
            return
        time.sleep(0.1)
    raise AssertionError("the policies do not come into force")


def test_whatever_the_operator_builds_passes(account: Account) -> None:
    """Every child of every story, and what tries contracts: created whole and applied."""
    built = children()
    assert len(built) > 300
    refused = {
        (one["kind"], one["metadata"]["name"]): said
        for one in built
        for said in (account.create(one), account.apply(one))
        if said is not None
    }
    assert {} == refused


def _pod(manifest: Manifest) -> dict[str, Any]:
    spec = manifest["spec"]
    template: dict[str, Any] = (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]["spec"]
    return template


POD: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another identity": (lambda pod: pod.update(serviceAccountName="cluster-admin"), "serviceAccountName"),
    "a token": (lambda pod: pod.update(automountServiceAccountToken=True), "automountServiceAccountToken"),
    "a token by silence": (lambda pod: pod.pop("automountServiceAccountToken"), "automountServiceAccountToken"),
    "the node's network": (lambda pod: pod.update(hostNetwork=True), "hostNetwork"),
    "the node's processes": (lambda pod: pod.update(hostPID=True), "hostPID"),
    "the node's memory": (lambda pod: pod.update(hostIPC=True), "hostIPC"),
    "a port of the node": (
        lambda pod: pod["containers"][0].update(ports=[{"containerPort": 8011, "hostPort": 8011}]),
        "hostPort",
    ),
    "a path of the node": (lambda pod: pod["volumes"].append({"name": "x", "hostPath": {"path": "/"}}), "spec.volumes"),
    "a Secret": (lambda pod: pod["volumes"].append({"name": "x", "secret": {"secretName": "y"}}), "spec.volumes"),
    "a token as a volume": (
        lambda pod: pod["volumes"].append(
            {"name": "x", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
        ),
        "spec.volumes",
    ),
    "a volume of a driver": (lambda pod: pod["volumes"].append({"name": "x", "csi": {"driver": "y"}}), "spec.volumes"),
    "a whole Secret": (
        lambda pod: pod["containers"][0].update(envFrom=[{"secretRef": {"name": "y"}}]),
        "envFrom",
    ),
    "privilege": (lambda pod: _security(pod).update(privileged=True, allowPrivilegeEscalation=True), "securityContext"),
    "escalation": (lambda pod: _security(pod).update(allowPrivilegeEscalation=True), "securityContext"),
    "a capability": (lambda pod: _security(pod).update(capabilities={"add": ["NET_ADMIN"]}), "securityContext"),
    "root": (lambda pod: _security(pod).update(runAsUser=0), "securityContext"),
    "root perhaps": (lambda pod: _security(pod).update(runAsNonRoot=False), "securityContext"),
    "no seccomp": (
        lambda pod: _security(pod).update(seccompProfile={"type": "Unconfined"}),
        "securityContext",
    ),
    "no seccomp in the pod": (lambda pod: pod["securityContext"].pop("seccompProfile"), "seccomp"),
    "a second container with privilege": (
        lambda pod: pod["containers"].append(
            {"name": "second", "image": "x:1", "securityContext": {"privileged": True}}
        ),
        "securityContext",
    ),
    "a first container that says nothing": (
        lambda pod: pod.update(initContainers=[{"name": "first", "image": "x:1"}]),
        "securityContext",
    ),
    "a node": (lambda pod: pod.update(nodeName="control-plane"), "nodeName"),
    "precedence of the system": (lambda pod: pod.update(priorityClassName="system-node-critical"), "priorityClassName"),
}


def _security(pod: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = pod["containers"][0]["securityContext"]
    return found


@pytest.mark.parametrize("kind", ["Deployment", "Job", "CronJob"])
def test_no_pod_gets_more_than_its_own(account: Account, kind: str) -> None:
    """Whichever object the pod is written in, the refusal names the field."""
    passed, unnamed = [], []
    for what, (change, field) in POD.items():
        manifest = child(kind)
        change(_pod(manifest))
        said = account.create(manifest)
        if said is None:
            passed.append(what)
        elif field not in said or "denied request" not in said:
            unnamed.append((what, said))
    assert ([], []) == (passed, unnamed)


REACH: dict[str, tuple[str, Callable[[Manifest], object], str]] = {
    "a node port": ("Service", lambda one: one["spec"].update(type="NodePort"), "spec.type"),
    "a load balancer": ("Service", lambda one: one["spec"].update(type="LoadBalancer"), "spec.type"),
    "an outside address": ("Service", lambda one: one["spec"].update(externalIPs=["192.0.2.11"]), "externalIPs"),
    "an outside name": (
        "Service",
        lambda one: one.update(spec={"type": "ExternalName", "externalName": "attacker.example.com"}),
        "spec.type",
    ),
    "pods of others": ("Service", lambda one: one["spec"].update(selector={"k8s-app": "kube-dns"}), "selector"),
    "endpoints of others": ("Service", lambda one: one["spec"].pop("selector"), "selector"),
    "an account with a token": (
        "ServiceAccount",
        lambda one: one.update(automountServiceAccountToken=True),
        "automountServiceAccountToken",
    ),
    "replicas of others": (
        "HorizontalPodAutoscaler",
        lambda one: one["spec"]["scaleTargetRef"].update(name="of-others"),
        "scaleTargetRef",
    ),
    "every pod opened": ("NetworkPolicy", lambda one: one["spec"].update(podSelector={}), "podSelector"),
    "pods of others opened": (
        "NetworkPolicy",
        lambda one: one["spec"].update(podSelector={"matchLabels": {"app": "vault"}}),
        "podSelector",
    ),
    "every pod kept from going": (
        "PodDisruptionBudget",
        lambda one: one["spec"].update(selector={}),
        "spec.selector",
    ),
}


@pytest.mark.parametrize("what", REACH)
def test_nothing_reaches_beyond_its_own_pods(account: Account, what: str) -> None:
    """Not by a Service, an account, an autoscaler, a policy or a budget."""
    kind, change, field = REACH[what]
    manifest = child(kind)
    change(manifest)
    said = account.create(manifest)
    assert said is not None
    assert field in said


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "kube-node-lease", NAMESPACE])
def test_nothing_is_built_where_the_cluster_lives(account: Account, namespace: str) -> None:
    """The message says where that is decided."""
    manifest = child("Deployment")
    manifest["metadata"]["namespace"] = namespace
    assert "admissionPolicies.closedNamespaces" in str(account.create(manifest))


def test_what_is_not_ours_is_neither_changed_nor_deleted_nor_made(server: ControlPlane, account: Account) -> None:
    """Until somebody marks it for adoption."""
    manifest = child("ConfigMap")
    metadata = manifest["metadata"]
    kubectl(server, "create", "configmap", metadata["name"], "--namespace", metadata["namespace"])
    name = ("configmap", metadata["name"], "--namespace", metadata["namespace"])
    try:
        assert "told to adopt" in str(account.apply(manifest))
        assert "denied request" in str(account.delete(manifest))
        kubectl(server, "annotate", *name, "concordat.dev/adopt=true")
        assert account.apply(manifest) is None
        assert "managed-by" in str(account.delete(manifest)), "not even then"
        kubectl(server, "label", *name, "app.kubernetes.io/managed-by=concordat")
        assert account.delete(manifest) is None
    finally:
        kubectl(server, "delete", *name)
    unmarked = child("ConfigMap")
    unmarked["metadata"]["labels"].pop("app.kubernetes.io/managed-by")
    assert "managed-by" in str(account.create(unmarked))


WEBHOOK = [
    ("/webhooks/0/clientConfig", {"url": "https://attacker.example.com/"}),
    ("/webhooks/0/clientConfig/service/name", "attacker"),
    ("/webhooks/0/clientConfig/service/namespace", "strangers"),
    ("/webhooks/0/clientConfig/service/path", "/elsewhere"),
    ("/webhooks/0/timeoutSeconds", 30),
    ("/webhooks/0/rules/0/resources", ["*/*"]),
    ("/webhooks/0/rules/0/operations", ["*"]),
    ("/webhooks/0/rules/0/scope", "*"),
    ("/webhooks/0/failurePolicy", "Fail"),
    ("/webhooks/0/matchPolicy", "Exact"),
    ("/webhooks/0/namespaceSelector", {"matchLabels": {"a": "b"}}),
    ("/webhooks/0/objectSelector", {"matchLabels": {"a": "b"}}),
    ("/webhooks/0/matchConditions", [{"name": "x", "expression": "true"}]),
    ("/webhooks/0/name", "other.concordat.dev"),
    ("/webhooks", []),
]


@pytest.mark.parametrize(("path", "value"), WEBHOOK)
def test_of_its_webhook_the_certificates_alone_may_change(account: Account, path: str, value: Any) -> None:
    """Who is asked, about what, and for how long stays as it was installed."""
    said = _patched(account, path, value)
    assert said is not None
    assert "puts certificates into" in said


def test_certificates_may_change(server: ControlPlane, account: Account) -> None:
    """That is what the right is for."""
    authority = yaml.safe_load(server.kubeconfig.read_text())["clusters"][0]["cluster"]["certificate-authority-data"]
    assert _patched(account, "/webhooks/0/clientConfig/caBundle", authority) is None


def _patched(account: Account, path: str, value: Any) -> str | None:
    return account.refusal(
        "PATCH",
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/concordat",
        [{"op": "add", "path": path, "value": value}],
        content_type="application/json-patch+json",
    )


def test_there_are_no_warnings_about_the_expressions(server: ControlPlane) -> None:
    """The API server checks the types of each expression against every kind it matches."""
    for name in ("children", "pods", "reach", "webhook"):
        policy = f"validatingadmissionpolicy/concordat-{name}"
        kubectl(server, "wait", "--for=jsonpath={.status.observedGeneration}=1", policy, "--timeout=30s")
        said = kubectl(server, "get", policy, "-o", "jsonpath={.status.typeChecking.expressionWarnings}")
        assert "" == said, name


def test_an_operator_with_this_account_builds_changes_and_takes_away(
    server: ControlPlane, account: Account, tmp_path: Path
) -> None:
    """All the ways it writes, with the policies in force: the real operator, logged in as its own account."""
    kubectl(server, "apply", "--server-side", "-f", str(ROOT / "crds"))
    kubectl(server, "wait", "--for=condition=Established", "--timeout=60s", "-f", str(ROOT / "crds"))
    config = yaml.safe_load(server.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": account.http.headers["authorization"].removeprefix("Bearer ")}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    settings = {"KUBECONFIG": str(kubeconfig), "CONCORDAT_HTTP_PORT": "0", "CONCORDAT_LOG_LEVEL": "warning"}
    process = subprocess.Popen([sys.executable, "-m", "concordat"], env=os.environ | settings, cwd=ROOT)
    service = deepcopy(BUILT)
    service["metadata"].pop("uid")
    orders = ("--namespace", "shop", "microservice/orders")
    try:
        _declare(server, service)
        kubectl(server, "wait", "--for=create", "--timeout=60s", "hpa/orders", "--namespace", "shop")
        service["spec"] |= {"image": "registry.example.com/orders:2.0.0", "scaling": {"min": 2, "max": 2}}
        _declare(server, service)
        kubectl(server, "wait", "--for=delete", "--timeout=60s", "hpa/orders", "--namespace", "shop")
        image = "jsonpath={.spec.template.spec.containers[0].image}=registry.example.com/orders:2.0.0"
        kubectl(server, "wait", f"--for={image}", "--timeout=60s", "deployment/orders", "--namespace", "shop")
        kubectl(server, "wait", "--for=condition=Reconciled", "--timeout=60s", *orders)

        elsewhere = deepcopy(service)
        elsewhere["metadata"]["namespace"] = "kube-public"
        _declare(server, elsewhere)
        kubectl(
            server,
            *("wait", "--for=jsonpath={.status.conditions[?(@.type=='Reconciled')].status}=False"),
            *("--timeout=60s", "--namespace", "kube-public", "microservice/orders"),
        )
        said = kubectl(server, "get", "microservice/orders", "--namespace", "kube-public", "-o", "yaml")
        assert "admissionPolicies.closedNamespaces" in said
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        kubectl(server, "delete", "-f", str(ROOT / "crds"))


def _declare(server: ControlPlane, service: Manifest) -> None:
    kubectl(server, "apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(service))


def test_people_are_not_held_to_it(server: ControlPlane) -> None:
    """Other accounts answer to other rules."""
    manifest = child("Deployment")
    manifest["metadata"]["name"] = "of-people"
    _pod(manifest)["hostNetwork"] = True
    kubectl(server, "create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(manifest))
