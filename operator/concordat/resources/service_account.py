"""
ServiceAccount: an identity of its own that can do nothing.
"""

from concordat.api import Microservice
from concordat.facts import Facts
from concordat.manifest import Manifest
from concordat.resources.metadata import metadata


def build(service: Microservice, facts: Facts) -> Manifest | None:
    """No token is mounted: a service that was broken into finds no credentials for the API server."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(service),
        "automountServiceAccountToken": False,
    }
