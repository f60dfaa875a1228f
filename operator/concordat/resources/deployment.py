"""
Deployment: the pods.

Every field passes Pod Security ``restricted``; there is no passthrough, so what is not expressible cannot be abused.
"""

from dataclasses import asdict
from typing import Any

from concordat.api import TIERS, Microservice, Probe
from concordat.facts import Facts
from concordat.manifest import Manifest, canonical, conventions, object_name
from concordat.resources.edges import TOKENS, tokens
from concordat.resources.environment import environment, literal
from concordat.resources.metadata import metadata, pod_labels, selector

USER = 65532
"""``nonroot`` of the distroless images."""
DRAIN_SECONDS = 5
"""Between "no longer an endpoint" and the end signal: every proxy must have heard. Without it rollouts lose requests."""
SHUTDOWN_SECONDS = 30
"""For the program to finish what it does; Kubernetes counts the drain before it into the same grace period."""
LONGEST_DECLARATION = 64 * 1024
"""Bytes; annotations hold 256 KiB together. Beyond it a consumer counts as using everything."""


def build(service: Microservice, facts: Facts) -> Manifest | None:
    """Replicas are stated only where no autoscaler owns them."""
    spec = service.spec
    scaling = spec.scaling
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(service, facts),
        "spec": {
            **({"replicas": scaling.min} if scaling.min == scaling.max else {}),
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": 600,
            "selector": {"matchLabels": selector(service)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
            "template": {
                "metadata": {"labels": pod_labels(service)},
                "spec": {
                    "serviceAccountName": object_name(service.name),
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": DRAIN_SECONDS + SHUTDOWN_SECONDS,
                    "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": USER,
                        "runAsGroup": USER,
                        "fsGroup": USER,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    **({"topologySpreadConstraints": _spread(service)} if TIERS[spec.tier].spread else {}),
                    "containers": [_container(service, facts)],
                    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}],
                },
            },
        },
    }


def _metadata(service: Microservice, facts: Facts) -> dict[str, Any]:
    """With what the pods use of contracts, and which tokens they ask for: it outlives an operator."""
    used = service.spec.contracts_used(service.namespace)
    if not used:
        return metadata(service)
    asked = {name: asdict(token) for name, token in tokens(service, facts).items()}
    said = {TOKENS: asked} if asked else {}
    text = canonical(used | said).decode()
    if len(text) > LONGEST_DECLARATION:
        text = canonical(dict.fromkeys(used) | said).decode()
    return metadata(service) | {"annotations": {conventions.ANNOTATION_CONSUMES: text}}


def _container(service: Microservice, facts: Facts) -> dict[str, Any]:
    spec = service.spec
    return {
        "name": "service",
        "image": spec.image,
        **({"args": [literal(arg) for arg in spec.args]} if spec.args else {}),
        "ports": [
            {"name": name, "containerPort": port.port, "protocol": port.protocol} for name, port in spec.ports.items()
        ],
        "env": environment(service, facts),
        "resources": _resources(service),
        **_probes(service),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def _resources(service: Microservice) -> dict[str, Any]:
    stated = service.spec.resources
    limits = {"cpu": stated.cpu_limit, "memory": stated.memory_limit}
    return {
        "requests": {"cpu": stated.cpu, "memory": stated.memory},
        "limits": {name: limit for name, limit in limits.items() if limit is not None},
    }


def _probes(service: Microservice) -> dict[str, Any]:
    probes = service.spec.health.probes
    if probes is None:
        return {}
    named = {"startupProbe": probes.startup, "livenessProbe": probes.live, "readinessProbe": probes.ready}
    return {name: _probe(probe) for name, probe in named.items() if probe}


def _probe(probe: Probe) -> dict[str, Any]:
    return {
        **(
            {"httpGet": {"path": probe.path, "port": probe.port}} if probe.path else {"tcpSocket": {"port": probe.port}}
        ),
        "periodSeconds": probe.period_seconds,
        "timeoutSeconds": probe.timeout_seconds,
        "failureThreshold": probe.failure_threshold,
    }


def _spread(service: Microservice) -> list[dict[str, Any]]:
    return [
        {
            "topologyKey": key,
            "maxSkew": 1,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector(service)},
            # Each revision by itself: pods of the old one, about to go, do not push new ones together.
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]
