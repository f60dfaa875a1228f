"""
Names, labels, the selector, ownership: what every child has in common.
"""

from typing import Any

from concordat.api import Microservice, ServiceContract
from concordat.manifest import LONGEST_LABEL, conventions, label_value, object_name, suffixed


def selector(service: Microservice) -> dict[str, str]:
    """What selects the pods of a service. Immutable in a Deployment, so nothing a user may change is in it."""
    return {conventions.LABEL_SERVICE: object_name(service.name)}


def labels(service: Microservice) -> dict[str, str]:
    """Labels of every child."""
    return selector(service) | {
        conventions.LABEL_NAME: object_name(service.name),
        conventions.LABEL_MANAGED_BY: conventions.MANAGED_BY,
        conventions.LABEL_TEAM: service.spec.team,
        conventions.LABEL_TIER: service.spec.tier.value,
    }


def pod_labels(service: Microservice) -> dict[str, str]:
    """
    Labels of the pods.

    A changed pod template restarts every pod, so nothing is in it that may change while the program does not: the team
    and the tier are on the Service, from where Prometheus copies them.
    """
    return selector(service) | {
        conventions.LABEL_NAME: object_name(service.name),
        conventions.LABEL_MANAGED_BY: conventions.MANAGED_BY,
        conventions.LABEL_VERSION: label_value(service.spec.version),
    }


def metadata(service: Microservice) -> dict[str, Any]:
    """
    Metadata of a child in the namespace of its service; garbage collection deletes it with its owner.

    A service that only stands in a file has no uid yet, and nothing can be owned by it.
    """
    return {
        "name": object_name(service.name),
        "namespace": service.namespace,
        "labels": labels(service),
        **_owned_by(conventions.MICROSERVICE, service.name, service.uid),
    }


def contract_metadata(contract: ServiceContract, suffix: str, *, longest: int = LONGEST_LABEL) -> dict[str, Any]:
    """
    Metadata of a child of a contract, which is called ``<contract>-<suffix>``, of ``longest`` characters at most.

    Always with a suffix: a contract often has the name of a service.
    """
    return {
        "name": suffixed(contract.name, suffix, longest=longest),
        "namespace": contract.namespace,
        "labels": {
            conventions.LABEL_NAME: object_name(contract.name),
            conventions.LABEL_MANAGED_BY: conventions.MANAGED_BY,
            conventions.LABEL_CONTRACT: object_name(contract.name),
        },
        **_owned_by(conventions.SERVICE_CONTRACT, contract.name, contract.uid),
    }


def _owned_by(kind: str, name: str, uid: str) -> dict[str, Any]:
    if not uid:
        return {}
    owner = {
        "apiVersion": conventions.API_VERSION,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    return {"ownerReferences": [owner]}
