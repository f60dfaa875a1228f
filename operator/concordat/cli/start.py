"""
``concordat init``: a first Microservice from a Deployment that already runs.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import rich_click as click

from concordat import conventions
from concordat.api import parse
from concordat.cli.live import Cluster, cluster_options, namespace_option
from concordat.cli.output import EXIT_FAILED, emit_yaml, fail, notes, plain


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
    left_out += ["command: a Microservice keeps the image's entry point"] if container.get("command") else []

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
    live = ((container.get("livenessProbe") or {}).get("httpGet") or {}).get("path")
    ready = ((container.get("readinessProbe") or {}).get("httpGet") or {}).get("path")
    return {key: path for key, path in {"live": live, "ready": ready}.items() if path}


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
        elif reference is None:
            left_out.append(f"env {variable['name']}: taken from {next(iter(source))}")
        elif "secretKeyRef" in source and not re.match(rf"{re.escape(service)}(-|\Z)", reference["name"]):
            left_out.append(f"env {variable['name']}: secret {reference['name']} does not carry the service's name")
        else:
            kind = "secret" if "secretKeyRef" in source else "configMap"
            kept.append({"name": variable["name"], kind: {"name": reference["name"], "key": reference["key"]}})
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
