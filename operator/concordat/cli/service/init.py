"""
``concordat init``: a first Microservice from a Deployment that already runs.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import rich_click as click

from concordat.api import parse
from concordat.cli.cluster_access import Cluster, cluster_options, namespace_option
from concordat.cli.output import EXIT_FAILED, emit_yaml, fail, notes, plain
from concordat.manifest import conventions

_PROBES = {"livenessProbe": "live", "readinessProbe": "ready", "startupProbe": "startup"}
_REFERENCE = ("name", "key", "optional")
_NOT_SAID = {
    "command": "a Microservice keeps the image's entry point",
    "imagePullSecrets": "give them to the node, or to the namespace's default",
    "serviceAccountName": "every Microservice has an identity of its own, without rights",
    "nodeSelector": "where pods run is the platform's business",
    "affinity": "replicas keep apart by themselves",
    "tolerations": "where pods run is the platform's business",
    "securityContext": "Pod Security `restricted`, uid 65532",
    "hostNetwork": "not possible",
}
"""Fields of a pod or container that a Microservice cannot say, and why."""


@click.command("init")
@click.argument("deployment")
@click.option("--team", help="Who answers for the service.")
@namespace_option
@cluster_options
def init(cluster: Cluster, deployment: str, team: str | None, namespace: str | None) -> None:
    """
    Write a first Microservice from an existing DEPLOYMENT.

    What cannot be carried over is said on standard error; the result goes to standard output and is a proposal to read.

    \b
    Examples:
      concordat init deployment/orders --team checkout > orders.yaml
      concordat init orders -n shop --team checkout | concordat render -
    """
    name = deployment.removeprefix("deployment/").removeprefix("deploy/")
    where = namespace or cluster.namespace
    found = cluster.get(f"/apis/apps/v1/namespaces/{where}/deployments/{name}")
    if found is None:
        fail(f"there is no Deployment {name} in namespace {where}", code=EXIT_FAILED)
    autoscalers = cluster.items("/apis/autoscaling/v2", "horizontalpodautoscalers", namespace=where)

    manifest, left_out = from_deployment(found, autoscalers, team=team or "")
    for remark in left_out:
        notes.print(f"[yellow]left out:[/] {plain(remark)}")
    if ":" not in manifest["spec"]["image"].rpartition("/")[2]:
        notes.print("[yellow]todo:[/] spec.image: which version? `latest` is none")
        manifest["spec"]["image"] += ":todo"
    if not team:
        notes.print("[yellow]todo:[/] spec.team: who answers for this service?")
        manifest["spec"]["team"] = "todo"
    parse(manifest)
    emit_yaml([manifest])


def from_deployment(
    deployment: Mapping[str, Any], autoscalers: Sequence[Mapping[str, Any]], *, team: str
) -> tuple[dict[str, Any], list[str]]:
    """The Microservice that comes nearest to a Deployment, and what it leaves out."""
    pod = deployment["spec"]["template"]["spec"]
    container, *others = pod["containers"]
    name = deployment["metadata"]["name"]
    left_out = [f"container {other['name']}: a Microservice has one container" for other in others]
    left_out += [f"init container {item['name']}" for item in pod.get("initContainers") or []]
    left_out += [f"volume {item['name']}: only /tmp is writable" for item in pod.get("volumes") or []]
    left_out += [f"{field}: {why}" for field, why in _NOT_SAID.items() if container.get(field) or pod.get(field)]
    left_out += [
        f"{probe}: only HTTP and TCP can be asked"
        for probe in _PROBES
        if {"exec", "grpc"} & (container.get(probe) or {}).keys()
    ]

    env, env_left_out = _env(container, name)
    spec: dict[str, Any] = {
        "team": team,
        "image": container["image"],
        "args": container.get("args"),
        "ports": _ports(container),
        "health": _health(container),
        "env": env,
        "resources": _resources(container),
        "scaling": _scaling(deployment, autoscalers),
    }
    manifest = {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.MICROSERVICE,
        "metadata": {"name": name, "namespace": deployment["metadata"].get("namespace", "default")},
        "spec": {key: value for key, value in spec.items() if value or key == "team"},
    }
    return manifest, left_out + env_left_out


def _ports(container: Mapping[str, Any]) -> dict[str, Any]:
    declared = container.get("ports") or [{"name": "http", "containerPort": 8080}]
    ports: dict[str, Any] = {}
    for position, port in enumerate(declared):
        name = (port.get("name") or ("http" if position == 0 else f"port-{port['containerPort']}")).lower()
        protocol = {"protocol": "UDP"} if port.get("protocol") == "UDP" else {}
        ports[name if name[0].isalpha() else f"p-{name}"[:15]] = {"port": port["containerPort"], **protocol}
    return ports


def _health(container: Mapping[str, Any]) -> dict[str, Any]:
    names = {port["port"]: name for name, port in _ports(container).items()}

    def probe(kind: str) -> dict[str, Any] | None:
        found = container.get(kind) or {}
        target = found.get("httpGet") or found.get("tcpSocket")
        if target is None:
            return None
        port = target.get("port")
        path = {"path": target["path"]} if "path" in target else {}
        return path | {"port": names.get(port, port)}

    probes = {name: found for kind, name in _PROBES.items() if (found := probe(kind))}
    first = next(iter(_ports(container)))
    if all(found["port"] == first and "path" in found for found in probes.values()) and "startup" not in probes:
        return {name: found["path"] for name, found in probes.items()}
    return {"probes": probes}


def _env(container: Mapping[str, Any], service: str) -> tuple[list[dict[str, Any]], list[str]]:
    kept: list[dict[str, Any]] = []
    left_out = [
        f"envFrom {next(iter(source))}: name the variables one by one" for source in container.get("envFrom") or []
    ]
    for variable in container.get("env") or []:
        source = variable.get("valueFrom") or {}
        reference = source.get("secretKeyRef") or source.get("configMapKeyRef")
        if not source:
            kept.append({"name": variable["name"], "value": variable.get("value", "")})
            left_out += [f"env {variable['name']}: $(...) stays as it is written"] if "$(" in kept[-1]["value"] else []
        elif reference is None:
            left_out.append(f"env {variable['name']}: taken from {next(iter(source))}")
        elif "secretKeyRef" in source and not re.match(rf"{re.escape(service)}(-|\Z)", reference["name"]):
            left_out.append(f"env {variable['name']}: secret {reference['name']} does not carry the service's name")
        else:
            kind = "secret" if "secretKeyRef" in source else "configMap"
            kept.append(
                {
                    "name": variable["name"],
                    kind: {field: reference[field] for field in _REFERENCE if field in reference},
                }
            )
    return kept, left_out


def _resources(container: Mapping[str, Any]) -> dict[str, str]:
    requests = (container.get("resources") or {}).get("requests") or {}
    limits = (container.get("resources") or {}).get("limits") or {}
    memory = requests.get("memory") or limits.get("memory")
    found = {
        "cpu": requests.get("cpu"),
        "memory": memory,
        "cpuLimit": limits.get("cpu"),
        "memoryLimit": limits.get("memory") if limits.get("memory") != memory else None,
    }
    return {key: value for key, value in found.items() if value}


def _scaling(deployment: Mapping[str, Any], autoscalers: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    target = {"kind": "Deployment", "name": deployment["metadata"]["name"]}
    for autoscaler in autoscalers:
        if target.items() <= autoscaler["spec"]["scaleTargetRef"].items():
            bounds = {"min": autoscaler["spec"].get("minReplicas", 1), "max": autoscaler["spec"]["maxReplicas"]}
            return bounds | _targets(autoscaler)
    replicas = deployment["spec"].get("replicas", 1)
    return {"min": replicas, "max": replicas}


def _targets(autoscaler: Mapping[str, Any]) -> dict[str, int]:
    return {
        metric["resource"]["name"]: metric["resource"]["target"]["averageUtilization"]
        for metric in autoscaler["spec"].get("metrics") or []
        if metric.get("type") == "Resource" and "averageUtilization" in metric["resource"]["target"]
    }


COMMANDS = [init]
