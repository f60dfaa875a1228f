"""
``concordat plan`` against a real cluster, where words and hosts are awkward.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from concordat.manifest import as_yaml
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.conftest import kubectl
from tests.engine.rig import microservice

pytestmark = [pytest.mark.controlplane, pytest.mark.usefixtures("operator")]

NEWER = "registry.example.com/shop/orders:1.4.3"


def applied(cluster: ControlPlane, manifest: dict[str, Any]) -> None:
    """And reported at its new generation."""
    kubectl(cluster, "apply", "-f", "-", stdin=json.dumps(manifest))
    where, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
    generation = kubectl(cluster, "get", "microservice", name, "-n", where, "-o", "jsonpath={.metadata.generation}")
    reported = f"--for=jsonpath={{.status.observedGeneration}}={generation}"
    kubectl(cluster, "wait", "-n", where, reported, "--timeout=120s", f"microservice/{name}")


def planned(cluster: ControlPlane, manifest: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Exit code, and what is said of the first service."""
    done = subprocess.run(
        [Path(sys.executable).parent / "concordat", "plan", "-f", "-", "-o", "json"],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        input=as_yaml(manifest).decode(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    first: dict[str, Any] = json.loads(done.stdout)["services"][0]
    return done.returncode, first


def test_text_of_any_script_is_planned_as_it_is(control_plane: ControlPlane, namespace: str) -> None:
    """The dry run reads YAML: nothing in ``args`` may be refused or changed on the way."""
    args = ["店", "\N{GRINNING FACE}", "\x7f\x85\u2028"]
    applied(control_plane, microservice("orders", namespace, args=args))

    code, found = planned(control_plane, microservice("orders", namespace, args=args, image=NEWER))

    assert (0, []) == (code, found["refusals"])
    assert ["Deployment"] == [change["kind"] for change in found["changes"]]


def test_who_holds_a_host_is_foretold(control_plane: ControlPlane, namespace: str) -> None:
    """An edit by its holder takes nothing from it; an older one that claims it gets it neither here nor later."""
    routing = {"hosts": [f"{namespace}.example.com"]}
    applied(control_plane, microservice("veteran", namespace))
    applied(control_plane, microservice("orders", namespace, routing=routing))

    hijack, veteran = planned(control_plane, microservice("veteran", namespace, routing=routing))
    applied(control_plane, microservice("veteran", namespace, routing=routing))
    _, orders = planned(control_plane, microservice("orders", namespace, routing=routing, image=NEWER))

    assert (1, True) == (hijack, veteran["complete"])
    assert "HostTaken" in {problem["reason"] for problem in veteran["problems"]}
    assert "HostTaken" not in {problem["reason"] for problem in orders["problems"]}


def test_nothing_is_foretold_that_would_act_on_a_stranger(control_plane: ControlPlane, namespace: str) -> None:
    """The name of the Deployment is taken, so that the operator would write no autoscaler for it either."""
    stranger = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "orders", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "legacy"}},
            "template": {
                "metadata": {"labels": {"app": "legacy"}},
                "spec": {"containers": [{"name": "legacy", "image": "legacy:1"}]},
            },
        },
    }
    kubectl(control_plane, "apply", "-f", "-", stdin=json.dumps(stranger))

    _, found = planned(control_plane, microservice("orders", namespace))

    foretold = {change["kind"] for change in found["changes"]}
    assert {"ServiceAccount", "NetworkPolicy"} <= foretold
    assert not {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"} & foretold
    assert any("HorizontalPodAutoscaler/orders would act on Deployment/orders" in said for said in found["refusals"])


def test_a_paused_child_is_foretold_to_stay(control_plane: ControlPlane, namespace: str) -> None:
    """The operator keeps its hands off; so does the plan."""
    applied(control_plane, microservice("orders", namespace))
    kubectl(control_plane, "annotate", "deployment", "orders", "-n", namespace, "concordat.dev/paused=true")

    _, found = planned(control_plane, microservice("orders", namespace, image=NEWER))

    assert [] == found["changes"]
