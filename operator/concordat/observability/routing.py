"""
The way of its alerts: whom they reach, and which keep quiet while another wakes somebody.
"""

from concordat.api import Microservice
from concordat.facts import Facts, Platform
from concordat.manifest import Manifest, object_name
from concordat.observability.slo.routing import HardDependency, Team, service_routing
from concordat.resources import kinds
from concordat.resources.metadata import metadata


def resource(service: Microservice, facts: Facts) -> Manifest | None:
    """An ``AlertmanagerConfig``; without prometheus-operator, ``concordat alertmanager`` writes Alertmanager's own file."""
    if kinds.ALERTMANAGER_CONFIG.kind not in facts.installed:
        return None

    common = metadata(service)
    own = (service.namespace, object_name(service.name))
    return {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": {**common, "labels": {**common["labels"], **facts.platform.monitoring_labels}},
        "spec": service_routing(own, team(service.spec.team, facts.platform), dependencies(service, facts)),
    }


def dependencies(service: Microservice, facts: Facts) -> list[HardDependency]:
    """What it cannot work without."""
    consumer = (service.namespace, object_name(service.name))
    hard = (use.reference for use in service.spec.consumes if use.criticality == "hard")
    providers = (facts.providers.get(reference) for reference in hard if reference in facts.indispensable)
    return sorted(
        HardDependency(consumer=consumer, provider=(provider.namespace, provider.object_name))
        for provider in providers
        if provider is not None
    )


def team(name: str, platform: Platform) -> Team | None:
    """Where a team's alerts go; None where the platform does not say."""
    if not platform.alerts_url:
        return None

    def url(severity: str) -> str:
        return platform.alerts_url.replace("{team}", name).replace("{severity}", severity)

    return Team(name=name, page=url("critical"), ticket=url("warning"))
