"""
Trials of a running service against its contract: after every rollout, by a schedule, and the way to the service.

The pods need no right on anything: the document is mounted, and the verdict is their termination message, which the operator
reads by the label ``concordat.dev/tries``.
"""

from typing import Any

from concordat.api import Conformance, ServiceContract, main_port
from concordat.facts import ContractFacts, Provider
from concordat.manifest import Manifest, conventions, digest, object_name
from concordat.resources.deployment import USER
from concordat.resources.edges import host
from concordat.resources.metadata import contract_metadata
from concordat.resources.network_policy import dns, open_port, service_pods

LONGEST_CRON_JOB = 52
"""Characters: Kubernetes appends eleven for the names of its Jobs."""
DEADLINE_SECONDS = 600
"""A trial ends itself after four minutes; the rest is for pulling the image and trying again."""
TRIES = 3
"""Where nothing could be said: the service did not answer, or the node was lost."""
BROKEN = 1
"""Exit code of :mod:`concordat_contracts.conformance` for a contract that is not kept; it is not kept the second time either."""


def way_out(contract: ServiceContract, facts: ContractFacts) -> Manifest | None:
    """What the trial's pods may reach: DNS and the service."""
    if _conformance(contract, facts) is None or facts.provider is None:
        return None

    provider = facts.provider
    service = {"to": [service_pods(provider.namespace, provider.object_name)], "ports": [_port(provider)]}
    allowed = {"policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": [dns(facts.platform), service]}
    return _policy(contract, "conformance", _pods(contract), allowed)


def way_in(contract: ServiceContract, facts: ContractFacts) -> Manifest | None:
    """To the service, beside its own policy: what policies allow adds up."""
    if _conformance(contract, facts) is None or facts.provider is None:
        return None

    provider = facts.provider
    trial = {"from": [{"podSelector": {"matchLabels": _pods(contract)}}], "ports": [_port(provider)]}
    allowed = {"policyTypes": ["Ingress"], "ingress": [trial]}
    return _policy(contract, "conformance-reaches-provider", {conventions.LABEL_SERVICE: provider.object_name}, allowed)


def after_rollout(contract: ServiceContract, facts: ContractFacts) -> Manifest | None:
    """One Job for each version of the contract and each rollout of the service: named by them, it is made once."""
    conformance = _conformance(contract, facts)
    if conformance is None or facts.provider is None or not facts.rollout:
        return None

    spec = _job(contract, facts, facts.provider, conformance)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": contract_metadata(contract, f"conformance-{digest([spec, facts.rollout], size=5)}"),
        "spec": spec,
    }


def scheduled(contract: ServiceContract, facts: ContractFacts) -> Manifest | None:
    """The same by the clock, where a schedule is given."""
    conformance = _conformance(contract, facts)
    if conformance is None or facts.provider is None or conformance.schedule is None:
        return None

    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": contract_metadata(contract, "conformance", longest=LONGEST_CRON_JOB),
        "spec": {
            "schedule": conformance.schedule,
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {"spec": _job(contract, facts, facts.provider, conformance)},
        },
    }


def _policy(contract: ServiceContract, part: str, pods: dict[str, str], allowed: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": contract_metadata(contract, part),
        "spec": {"podSelector": {"matchLabels": pods}, **allowed},
    }


def _conformance(contract: ServiceContract, facts: ContractFacts) -> Conformance | None:
    """Nothing is tried without an image, and nothing before a version is in force."""
    return contract.spec.conformance if facts.platform.conformance_image and facts.document else None


def _pods(contract: ServiceContract) -> dict[str, str]:
    return {conventions.LABEL_TRIES: object_name(contract.name)}


def _port(provider: Provider) -> dict[str, Any]:
    number, protocol = provider.ports[main_port({name: protocol for name, (_, protocol) in provider.ports.items()})]
    return open_port(number, protocol)


def _job(
    contract: ServiceContract, facts: ContractFacts, provider: Provider, conformance: Conformance
) -> dict[str, Any]:
    return {
        "backoffLimit": TRIES - 1,
        "activeDeadlineSeconds": DEADLINE_SECONDS,
        "podFailurePolicy": {
            "rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [BROKEN]}}],
        },
        "template": {
            "metadata": {"labels": {conventions.LABEL_NAME: object_name(contract.name), **_pods(contract)}},
            "spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": USER,
                    "runAsGroup": USER,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [_container(facts, provider, conformance)],
                "volumes": [
                    {"name": "contract", "configMap": {"name": facts.document}},
                    {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
                ],
            },
        },
    }


def _container(facts: ContractFacts, provider: Provider, conformance: Conformance) -> dict[str, Any]:
    address = host(provider.name, provider.namespace, facts.platform)
    return {
        "name": "conformance",
        "image": facts.platform.conformance_image,
        "args": [f"http://{address}{conformance.path or ''}", f"/contract/{conventions.DOCUMENT_KEY}"],
        "env": [{"name": "CONCORDAT_PROFILE", "value": conformance.profile}, *_headers(conformance)],
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "contract", "mountPath": "/contract", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def _headers(conformance: Conformance) -> list[dict[str, Any]]:
    """Values come from Secrets and stand nowhere else; names are numbered, since not every header is a variable's name."""
    names = [header.name for header in conformance.headers]
    if not names:
        return []
    return [
        {"name": "CONCORDAT_HEADERS", "value": ",".join(names)},
        *(
            {
                "name": f"CONCORDAT_HEADER_{number}",
                "valueFrom": {"secretKeyRef": {"name": header.secret.name, "key": header.secret.key}},
            }
            for number, header in enumerate(conformance.headers)
        ),
    ]
