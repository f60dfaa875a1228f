"""
HTTPRoute: how the world outside the cluster gets in.
"""

from concordat.api import Microservice
from concordat.facts import Facts
from concordat.manifest import Manifest, object_name
from concordat.resources.metadata import metadata


def hosts(service: Microservice, facts: Facts) -> tuple[str, ...]:
    """Those that are the service's to hold."""
    claimed = service.spec.routing.hosts if service.spec.routing else ()
    return tuple(host for host in claimed if host not in facts.taken_hosts)


def build(service: Microservice, facts: Facts) -> Manifest | None:
    """One rule: every path prefix of every host goes to one port of the Service."""
    routing = service.spec.routing
    ours = hosts(service, facts)
    # A route without host names would stand for every host of the Gateway.
    if routing is None or not ours:
        return None

    gateway = {"name": facts.platform.gateway_name, "namespace": facts.platform.gateway_namespace}
    if routing.gateway:
        gateway = {"name": routing.gateway.name, "namespace": routing.gateway.namespace or service.namespace}
        if routing.gateway.section_name:
            gateway["sectionName"] = routing.gateway.section_name

    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata(service),
        "spec": {
            "parentRefs": [gateway],
            "hostnames": list(ours),
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": path}} for path in routing.paths],
                    "backendRefs": [
                        {
                            "name": object_name(service.name),
                            "port": service.spec.ports[routing.port or service.spec.main_port].port,
                        }
                    ],
                }
            ],
        },
    }
