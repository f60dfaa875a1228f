"""
Which series are a service's: the matchers its panels have in common.
"""

from dataclasses import dataclass

from concordat.api.values.promql import Matcher, equal, like, literal
from concordat.observability.dashboards.model import CHOSEN
from concordat.observability.dashboards.subject import Service


@dataclass(frozen=True, kw_only=True)
class Own:
    """By who counts them."""

    namespace: Matcher
    promised: tuple[Matcher, ...]
    """What the rules record, and the alerts."""
    deployment: tuple[Matcher, ...]
    """kube-state-metrics, of the Deployment."""
    pods: tuple[Matcher, ...]
    """kube-state-metrics, of each pod."""
    container: tuple[Matcher, ...]
    """The kubelet, of the one container that serves."""
    exposed: tuple[Matcher, ...]
    """The service itself, narrowed by what a person has chosen."""


def own(service: Service) -> Own:
    """The series of ``service``."""
    namespace = equal("namespace", service.namespace)
    pods = (namespace, like("pod", rf"{literal(service.name)}-[a-z0-9]+-[a-z0-9]{{5}}"))
    return Own(
        namespace=namespace,
        promised=(namespace, equal("service", service.name)),
        deployment=(namespace, equal("deployment", service.name)),
        pods=pods,
        container=(*pods, equal("container", service.container)),
        exposed=(namespace, equal("job", service.name), *CHOSEN),
    )
