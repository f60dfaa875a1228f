"""
Names, labels, the selector, ownership: what every child has in common.
"""

import re
from typing import Any

from concordat import conventions
from concordat.api import Microservice
from concordat.manifest import digest

_DNS_1035_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_LONGEST_LABEL = 63


def object_name(service_name: str) -> str:
    """
    The name of every child: the service's own where Kubernetes allows it for a Service (DNS-1035, 63 characters).

    Otherwise what can be kept of it and a hash of the whole, so that two services never share a name.
    """
    if len(service_name) <= _LONGEST_LABEL and _DNS_1035_LABEL.match(service_name):
        return service_name
    kept = re.sub(r"[^a-z0-9-]", "-", service_name)
    kept = kept if kept[0].isalpha() else f"s-{kept}"
    return f"{kept[: _LONGEST_LABEL - 9].rstrip('-')}-{digest(service_name, size=4)}"


def label_value(text: str) -> str:
    """``text`` where it is a valid label value, else shortened with a hash."""
    if len(text) <= _LONGEST_LABEL:
        return text
    return f"{text[: _LONGEST_LABEL - 9].rstrip('-._')}-{digest(text, size=4)}"


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


def metadata(service: Microservice) -> dict[str, Any]:
    """Metadata of a child in the namespace of its service; garbage collection deletes it with its owner."""
    return {
        "name": object_name(service.name),
        "namespace": service.namespace,
        "labels": labels(service),
        "ownerReferences": [
            {
                "apiVersion": conventions.API_VERSION,
                "kind": conventions.MICROSERVICE,
                "name": service.name,
                "uid": service.uid,
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ],
    }
