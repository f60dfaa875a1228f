"""
Service: one stable name and address in front of the pods.
"""

from typing import Any

from concordat.api import Microservice, Port
from concordat.facts import Facts
from concordat.manifest import Manifest
from concordat.resources.edges import MAIN_PORT_NUMBER
from concordat.resources.metadata import metadata, selector

MAIN_PORT_NAME = "concordat-main-port"
"""Longer than a port's name may be in a Microservice, so that it never meets one of those."""


def build(service: Microservice, facts: Facts) -> Manifest | None:
    """Every port under its own number, and the main port on 80 as well."""
    ports = service.spec.ports
    main = service.spec.main_port
    offered = [_port(name, name, port.port, port) for name, port in ports.items()]
    if ports[main].protocol == "TCP" and all(port.port != MAIN_PORT_NUMBER for port in ports.values()):
        offered.append(_port(MAIN_PORT_NAME, main, MAIN_PORT_NUMBER, ports[main]))

    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(service),
        "spec": {"type": "ClusterIP", "selector": selector(service), "ports": offered},
    }


def _port(name: str, target: str, number: int, port: Port) -> dict[str, Any]:
    # By name: in the middle of a rollout that renumbers a port, each pod is reached at its own number.
    rendered = {"name": name, "port": number, "protocol": port.protocol, "targetPort": target}
    return rendered | {"appProtocol": port.app_protocol} if port.app_protocol else rendered
