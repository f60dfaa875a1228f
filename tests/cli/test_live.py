"""
Commands against a real API server with the operator running.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from concordat_lab.control_plane.controlplane import ControlPlane
from tests.conftest import kubectl

pytestmark = [pytest.mark.controlplane, pytest.mark.usefixtures("operator")]

SERVICE = """
apiVersion: concordat.dev/v1alpha1
kind: Microservice
metadata: {{name: orders, namespace: {namespace}}}
spec:
  team: checkout
  tier: {tier}
  image: example.com/orders:{version}
  ports: {{http: {{port: {port}}}}}
"""


def _service(namespace: str, *, tier: str = "standard", version: str = "1.11", port: int = 8011) -> str:
    return SERVICE.format(namespace=namespace, tier=tier, version=version, port=port)


def _concordat(cluster: ControlPlane, *arguments: str, stdin: str | None = None) -> tuple[int, Any]:
    program = Path(sys.executable).parent / "concordat"
    done = subprocess.run(
        [program, *arguments, "-o", "json"],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def _ready(cluster: ControlPlane, namespace: str) -> None:
    kubectl(cluster, "wait", "-n", namespace, "--for=condition=Ready", "--timeout=120s", "microservice/orders")


def test_nothing_is_planned_for_what_the_operator_has_built(control_plane: ControlPlane, namespace: str) -> None:
    """The same function decides in the cluster and on the laptop."""
    kubectl(control_plane, "apply", "-f", "-", stdin=_service(namespace))
    _ready(control_plane, namespace)

    code, answer = _concordat(control_plane, "plan", "--all", "-n", namespace)

    assert (0, []) == (code, answer["services"][0]["changes"])


def test_what_is_planned_is_what_the_operator_then_writes(control_plane: ControlPlane, namespace: str) -> None:
    """Child for child: created, changed or deleted as foretold, and not one more."""
    kubectl(control_plane, "apply", "-f", "-", stdin=_service(namespace))
    _ready(control_plane, namespace)
    changed = _service(namespace, tier="besteffort", version="1.12", port=8013)

    _, answer = _concordat(control_plane, "plan", "-f", "-", "-n", namespace, stdin=changed)
    foretold = {(change["kind"], change["action"]) for change in answer["services"][0]["changes"]}
    mark = control_plane.audit_log.mark()
    kubectl(control_plane, "apply", "-f", "-", stdin=changed)
    kubectl(
        control_plane,
        "wait",
        "-n",
        namespace,
        "--for=jsonpath={.status.version}=1.12",
        "--timeout=120s",
        "microservice/orders",
    )

    actions = {"create": "create", "patch": "change", "delete": "delete"}
    kinds = {
        "deployments": "Deployment",
        "services": "Service",
        "serviceaccounts": "ServiceAccount",
        "networkpolicies": "NetworkPolicy",
        "configmaps": "ConfigMap",
        "horizontalpodautoscalers": "HorizontalPodAutoscaler",
        "poddisruptionbudgets": "PodDisruptionBudget",
    }
    written = {
        (kinds[request.resource], actions[request.verb])
        for request in control_plane.audit_log.since(mark)
        if request.is_write
        and request.user_agent.startswith("concordat/")
        and request.namespace == namespace
        and request.resource in kinds
    }
    assert foretold == written


def test_a_plan_tells_what_pods_and_traffic_feel(control_plane: ControlPlane, namespace: str) -> None:
    """A renumbered port cuts off whoever used the old number, and pods restart; `--fail-on` makes that a failure."""
    kubectl(control_plane, "apply", "-f", "-", stdin=_service(namespace))
    _ready(control_plane, namespace)

    code, answer = _concordat(
        control_plane, "plan", "-f", "-", "--fail-on", "disruption", stdin=_service(namespace, port=8013)
    )

    said = {item["text"] for change in answer["services"][0]["changes"] for item in change["consequences"]}
    assert "traffic to port 8011/TCP drops" in said
    assert any(text.startswith("pods restart, one after the other") for text in said)
    assert (1, "disruption") == (code, answer["services"][0]["worst"])


def test_a_refusal_of_the_api_server_is_foretold(control_plane: ControlPlane, namespace: str) -> None:
    """A stranger's object of the same name is a conflict before anything is applied."""
    kubectl(control_plane, "create", "serviceaccount", "orders", "-n", namespace)

    code, answer = _concordat(control_plane, "plan", "-f", "-", stdin=_service(namespace))

    (refusal,) = answer["services"][0]["refusals"]
    assert 1 == code
    assert refusal.startswith("ServiceAccount/orders exists and is not ours: ")


def test_status_tells_the_truth_of_each_service(control_plane: ControlPlane, namespace: str) -> None:
    """Ready or why not, with what was built; the exit code says whether all is well."""
    kubectl(control_plane, "apply", "-f", "-", stdin=_service(namespace))
    _ready(control_plane, namespace)

    code, answer = _concordat(control_plane, "status", "-n", namespace)

    service = answer["services"][0]
    assert (0, "orders", "True", "1.11") == (code, service["name"], service["ready"], service["version"])
    assert 8 == len(service["children"])


def test_graph_reads_the_cluster(control_plane: ControlPlane, namespace: str) -> None:
    """An edge to nobody is shown as such."""
    text = _service(namespace) + "  consumes: [{service: absent}]\n"
    kubectl(control_plane, "apply", "-f", "-", stdin=text)

    _, answer = _concordat(control_plane, "graph", "-n", namespace)

    edge = {"consumer": f"{namespace}/orders", "provider": f"{namespace}/absent", "state": "missing"}
    assert [edge | {"criticality": "hard", "contract": ""}] == answer["edges"]


def test_graph_of_a_namespace_knows_its_neighbours(control_plane: ControlPlane, namespace: str) -> None:
    """A provider elsewhere is there and shut, not missing; whoever uses ours from elsewhere is shown, and nobody else."""
    elsewhere = f"{namespace}-other"
    kubectl(control_plane, "create", "namespace", elsewhere)
    try:
        used = _service(elsewhere).replace("name: orders", "name: stock")
        user = _service(elsewhere) + f"  consumes: [{{service: {namespace}/orders}}, {{service: stock}}]\n"
        ours = _service(namespace) + f"  consumes: [{{service: {elsewhere}/stock}}]\n"
        for text in (used, user, ours):
            kubectl(control_plane, "apply", "-f", "-", stdin=text)

        _, answer = _concordat(control_plane, "graph", "-n", namespace)
        _, whole = _concordat(control_plane, "graph", "-A")
    finally:
        kubectl(control_plane, "delete", "namespace", elsewhere, "--wait=false")

    assert [f"{namespace}/orders"] == answer["services"]
    assert {
        (f"{namespace}/orders", f"{elsewhere}/stock", "unconsented"),
        (f"{elsewhere}/orders", f"{namespace}/orders", "unconsented"),
    } == {(edge["consumer"], edge["provider"], edge["state"]) for edge in answer["edges"]}
    assert {f"{namespace}/orders", f"{elsewhere}/orders", f"{elsewhere}/stock"} <= set(whole["services"])


def test_init_proposes_a_microservice_for_a_deployment(control_plane: ControlPlane, namespace: str) -> None:
    """From the cluster to YAML that the API server accepts."""
    kubectl(
        control_plane,
        "create",
        "deployment",
        "legacy",
        "--image=example.com/legacy:1.13",
        "--port=8017",
        "-n",
        namespace,
    )
    program = Path(sys.executable).parent / "concordat"

    proposed = subprocess.run(
        [
            program,
            "init",
            "deployment/legacy",
            "-n",
            namespace,
            "--team",
            "checkout",
            "--kubeconfig",
            control_plane.kubeconfig,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "created (server dry run)" in kubectl(control_plane, "apply", "--dry-run=server", "-f", "-", stdin=proposed)


def test_a_changed_setting_of_the_operator_is_foretold(control_plane: ControlPlane, namespace: str) -> None:
    """Another monitoring namespace moves one rule of each policy and nothing else."""
    kubectl(control_plane, "apply", "-f", "-", stdin=_service(namespace))
    _ready(control_plane, namespace)

    setting = "CONCORDAT_MONITORING_NAMESPACE=observability"
    _, answer = _concordat(control_plane, "plan", "--all", "-n", namespace, "--setting", setting)

    changes = answer["services"][0]["changes"]
    assert [("NetworkPolicy", "change")] == [(change["kind"], change["action"]) for change in changes]
    assert any("observability" in str(field["after"]) for field in changes[0]["fields"])
