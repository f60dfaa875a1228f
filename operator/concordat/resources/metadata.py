"""
Names, labels, the selector, ownership: what every child has in common.
"""

import re
from typing import Any

from concordat import conventions
from concordat.api import Microservice
from concordat.manifest import digest

_DNS_1035_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_SHORTENED = re.compile(r".*--[0-9a-f]{10}\Z")
_LONGEST_LABEL = 63


def object_name(service_name: str) -> str:
    """
    The name of every child: the service's own where Kubernetes allows it for a Service (DNS-1035, 63 characters).

    Otherwise what can be kept of it, two dashes and a hash of the whole. A name that already looks so is hashed as well:
    two services never share a name.
    """
    valid = len(service_name) <= _LONGEST_LABEL and _DNS_1035_LABEL.match(service_name)
    if valid and not _SHORTENED.match(service_name):
        return service_name
    kept = re.sub(r"[^a-z0-9-]", "-", service_name)
    kept = kept if kept[:1].isalpha() else f"s-{kept}"
    return f"{kept[: _LONGEST_LABEL - 12].rstrip('-')}--{digest(service_name, size=5)}"


def label_value(text: str) -> str:
    """``text`` as a label value: other characters become dashes, and what is too long ends in a hash."""
    valid = re.sub(r"[^-_.A-Za-z0-9]", "-", text).strip("-_.")
    if len(valid) <= _LONGEST_LABEL:
        return valid
    return f"{valid[: _LONGEST_LABEL - 11].rstrip('-_.')}-{digest(text, size=5)}"


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
    owner = {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.MICROSERVICE,
        "name": service.name,
        "uid": service.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    return {
        "name": object_name(service.name),
        "namespace": service.namespace,
        "labels": labels(service),
        **({"ownerReferences": [owner]} if service.uid else {}),
    }
