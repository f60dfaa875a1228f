"""
From nothing to an installed operator: a cluster, our images in it, the definitions others bring, the chart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

from concordat.manifest import Manifest
from concordat_lab import gateway
from concordat_lab.machine.progress import Lines, Progress
from concordat_lab.programs import binaries
from concordat_lab.programs.images import build_image
from concordat_lab.testing import any_cluster
from tests.chart.helm import CHART
from tests.e2e.stage import Stage, manifests

ROOT = CHART.parents[1]
SYSTEM = "concordat-system"
RELEASE = "concordat"
SHOP = "shop"
PARTNERS = "partners"
MONITORING = "monitoring"

OPERATOR_IMAGE = "localhost/concordat-operator:e2e"
PROBER_IMAGE = "localhost/concordat-prober:e2e"
CONFORMANCE_IMAGE = "localhost/concordat-conformance:e2e"
IMAGES = {
    OPERATOR_IMAGE: ("operator", "operator/Dockerfile"),
    PROBER_IMAGE: ("tests/e2e/prober", "tests/e2e/prober/Dockerfile"),
    CONFORMANCE_IMAGE: ("operator", "operator/conformance.Dockerfile"),
    "localhost/catalog:1.0.0": ("sample_services", "sample_services/catalog/Dockerfile"),
    "localhost/catalog-db:1.0.0": ("sample_services", "sample_services/postgres/Dockerfile"),
}
"""Tag -> build context and Dockerfile."""

SAMPLES = ROOT / "sample_services"
STORY = Path(__file__).parent / "story.yaml"
BYSTANDERS = {"loose": SHOP, "prometheus": MONITORING, "visitor": gateway.NAMESPACE}
"""Pods that nobody declared -> their namespace: no policy holds them back, those of others must."""

DEFINITIONS = ("gateway-api.yaml", "prometheus-operator.yaml", "grafana-operator.yaml")
"""Of all optional kinds."""


@contextmanager
def opened(progress: Progress | None = None) -> Iterator[Stage]:
    """A cluster with everything on it but the operator."""
    progress = progress or Lines()
    archives = [
        *(
            build_image(ROOT / context, tag, dockerfile=ROOT / dockerfile, progress=progress)
            for tag, (context, dockerfile) in IMAGES.items()
        ),
        *gateway.images(progress),
    ]
    programs = binaries.locate(["kubectl", "helm", *DEFINITIONS], progress)
    with any_cluster("e2e", images=archives, progress=progress) as cluster:
        stage = Stage(
            kubeconfig=cluster.kubeconfig,
            program=programs["kubectl"],
            helm_program=programs["helm"],
            audit=cluster.audit_log,
        )
        with progress.step("definitions, a gateway, bystanders"):
            for definitions in DEFINITIONS:
                stage.kubectl("apply", "--server-side", "--force-conflicts", f"--filename={programs[definitions]}")
            stage.apply(*map(restricted, (SHOP, PARTNERS, SYSTEM, MONITORING)))
            _open_gateway(stage)
            stage.apply(*(bystander(name, namespace) for name, namespace in BYSTANDERS.items()))
            for name, namespace in BYSTANDERS.items():
                stage.wait_for("Ready", f"pod/{name}", namespace)
        yield stage


def _open_gateway(stage: Stage) -> None:
    """Traefik as a pod like any other, so that policies hold for it."""
    (node, *_) = stage.find("nodes", "")
    address = next(a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP")
    stage.apply(*gateway.traefik(address))
    stage.apply(*gateway.gateway())
    stage.wait_for("Programmed", f"gateway/{gateway.NAME}", gateway.NAMESPACE)


def install(stage: Stage, *, namespace: str = SYSTEM, **values: Any) -> None:
    """``helm install`` and wait for both replicas. Its own network policy on, so that it is tried as well."""
    stage.helm(
        "install",
        RELEASE,
        str(CHART),
        f"--namespace={namespace}",
        "--wait",
        "--timeout=180s",
        values={
            "image": dict(zip(("repository", "tag"), OPERATOR_IMAGE.rsplit(":", 1), strict=True)),
            "platform": {"dns": _resolver(stage), "gateway": {"pods": {"app.kubernetes.io/name": "traefik"}}},
            "conformance": {"image": CONFORMANCE_IMAGE},
            "networkPolicy": {"enabled": True, **_api_server(stage)},
            "serviceMonitor": {"enabled": True},
            "dashboard": {"enabled": True},
            **values,
        },
    )


def perform(stage: Stage) -> None:
    """The story: the sample and its database as their authors ship them, then everybody else."""
    password = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "catalog-db", "namespace": SHOP}}
    stage.apply(password | {"stringData": {"password": "for-the-test-only"}})
    for sample in ("postgres", "catalog"):
        stage.apply_file(SAMPLES / sample / "microservice.yaml", namespace=SHOP)
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
    used = stage.ask("loose", SHOP, "resolver")["address"]
    usual = stage.get("service", "kube-system", "kube-dns")
    return {} if usual and usual["spec"]["clusterIP"] == used else {"addresses": [f"{used}/32"]}


def _api_server(stage: Stage) -> dict[str, Any]:
    """Where it listens behind its Service: the address policies see."""
    (found, *_) = stage.find("endpointslices", "default", "--selector=kubernetes.io/service-name=kubernetes")
    return {
        "apiServer": [f"{address}/32" for endpoint in found["endpoints"] for address in endpoint["addresses"]],
        "apiServerPorts": [port["port"] for port in found["ports"]],
    }
