"""
From nothing to an installed operator: a cluster, our images in it, the definitions others bring, the chart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

from concordat.lab import binaries, paths
from concordat.lab.images import build_image
from concordat.lab.node.cluster import NodeCluster
from concordat.lab.progress import Lines, Progress
from concordat.manifest import Manifest
from tests.chart.helm import CHART
from tests.e2e.stage import Stage, at_once, manifests

ROOT = CHART.parents[1]
SYSTEM = "concordat-system"
RELEASE = "concordat"
GATEWAYS = "gateway-system"
MONITORING = "monitoring"

OPERATOR_IMAGE = "localhost/concordat-operator:e2e"
PROBER_IMAGE = "localhost/concordat-prober:e2e"
IMAGES = {
    OPERATOR_IMAGE: ROOT / "operator",
    PROBER_IMAGE: ROOT / "tests" / "e2e" / "prober",
}
"""Tag -> folder of its Dockerfile."""

STORY = Path(__file__).parent / "story.yaml"
BYSTANDERS = {"loose": "shop", "prometheus": MONITORING, "visitor": GATEWAYS}
"""Pods that nobody declared -> their namespace: no policy holds them back, those of others must."""


@contextmanager
def opened(progress: Progress | None = None) -> Iterator[Stage]:
    """A cluster with everything on it but the operator."""
    progress = progress or Lines()
    archives = [build_image(folder, tag, progress=progress) for tag, folder in IMAGES.items()]
    programs = binaries.locate(["helm", "gateway-api.yaml", "prometheus-operator.yaml"], progress)
    with NodeCluster(paths.clusters() / "e2e", name="e2e", images=archives, progress=progress) as cluster:
        stage = Stage(
            kubeconfig=cluster.kubeconfig,
            program=cluster.binaries["kubectl"],
            helm_program=programs["helm"],
            audit=cluster.audit_log,
        )
        for definitions in ("gateway-api.yaml", "prometheus-operator.yaml"):
            stage.kubectl("apply", "--server-side", f"--filename={programs[definitions]}")
        stage.apply(*map(restricted, ("shop", "partners", SYSTEM, GATEWAYS, MONITORING)))
        stage.apply(*(bystander(name, namespace) for name, namespace in BYSTANDERS.items()))
        at_once(
            partial(stage.kubectl, "wait", "--for=condition=Ready", f"pod/{name}", f"--namespace={namespace}")
            for name, namespace in BYSTANDERS.items()
        )
        yield stage


def install(stage: Stage, *, release: str = RELEASE, namespace: str = SYSTEM, **values: Any) -> None:
    """``helm install`` and wait for both replicas."""
    stage.helm(
        "install",
        release,
        str(CHART),
        f"--namespace={namespace}",
        "--create-namespace",
        "--wait",
        "--timeout=60s",
        values={
            "image": dict(zip(("repository", "tag"), OPERATOR_IMAGE.rsplit(":", 1), strict=True)),
            "platform": {"dns": _resolver(stage)},
            **values,
        },
    )


def story(stage: Stage) -> None:
    """Everybody but catalog comes on stage."""
    stage.apply(*manifests(Template(STORY.read_text()).substitute(IMAGE=PROBER_IMAGE)))


def restricted(name: str) -> Manifest:
    """A namespace that lets in only what passes Pod Security ``restricted``."""
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": label}}


def bystander(name: str, namespace: str) -> Manifest:
    """A pod of the prober without a Microservice."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"bystander": name}},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "prober",
                    "image": PROBER_IMAGE,
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }
            ],
        },
    }


def _resolver(stage: Stage) -> dict[str, Any]:
    """What the chart must be told of this cluster's DNS: nothing where it is the usual Service before the usual pods."""
    used = stage.ask("loose", "shop", "resolver")["address"]
    usual = stage.get("service", "kube-system", "kube-dns")
    return {} if usual and usual["spec"]["clusterIP"] == used else {"addresses": [f"{used}/32"]}
