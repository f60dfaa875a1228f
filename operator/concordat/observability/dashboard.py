"""
The dashboard of a service.
"""

from typing import Any

from concordat.api import Microservice
from concordat.facts import Facts
from concordat.manifest import Manifest, object_name
from concordat.observability.boards import for_operator, for_sidecar
from concordat.observability.dashboards.delivery import file_name
from concordat.observability.dashboards.service import service_dashboard
from concordat.observability.subjects import drawn
from concordat.resources import kinds
from concordat.resources.metadata import metadata


def resource(service: Microservice, facts: Facts) -> Manifest | None:
    """A ``GrafanaDashboard``, where grafana-operator is installed."""
    if kinds.GRAFANA_DASHBOARD.kind not in facts.installed:
        return None

    dashboard = service_dashboard(drawn(service, facts))
    return for_operator(dashboard, _metadata(service), folder=service.spec.team, platform=facts.platform)


def file(service: Microservice, facts: Facts) -> Manifest | None:
    """A ConfigMap, where it is not."""
    if kinds.GRAFANA_DASHBOARD.kind in facts.installed:
        return None

    dashboard = service_dashboard(drawn(service, facts))
    key = file_name(service.namespace, object_name(service.name))
    return for_sidecar(dashboard, _metadata(service), folder=service.spec.team, key=key)


def _metadata(service: Microservice) -> dict[str, Any]:
    common = metadata(service)
    return {**common, "name": f"{common['name']}-dashboard"}
