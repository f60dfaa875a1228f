"""
Given this service and these facts, what should exist?

The ordered list of builders below is the table of contents of the product. The same pure function decides in the
cluster, in ``concordat plan`` and in ``concordat render``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from concordat.api import Microservice, resolve
from concordat.errors import Problem
from concordat.facts import Facts
from concordat.manifest import Kind, Manifest, PlannedChild, conventions
from concordat.observability import dashboard, routing, rules
from concordat.observability.slo.rules.declaration import objective_unmeasurable, promise_unmeasurable
from concordat.observability.subjects import objectives
from concordat.policies import MICROSERVICE_POLICIES, Violation, violations
from concordat.policies.promises import PROMISES
from concordat.resources import (
    autoscaler,
    deployment,
    disruption_budget,
    kinds,
    network_policy,
    route,
    service,
    service_account,
    service_monitor,
)

Builder = Callable[[Microservice, Facts], Manifest | None]

BUILDERS: tuple[tuple[Kind, Builder], ...] = (
    (kinds.SERVICE_ACCOUNT, service_account.build),
    (kinds.SERVICE, service.build),
    (kinds.NETWORK_POLICY, network_policy.build),
    (kinds.DEPLOYMENT, deployment.build),
    (kinds.AUTOSCALER, autoscaler.build),
    (kinds.DISRUPTION_BUDGET, disruption_budget.build),
    (kinds.HTTP_ROUTE, route.build),
    (kinds.SERVICE_MONITOR, service_monitor.build),
    (kinds.PROMETHEUS_RULE, rules.resource),
    (kinds.CONFIG_MAP, rules.file),
    (kinds.GRAFANA_DASHBOARD, dashboard.resource),
    (kinds.CONFIG_MAP, dashboard.file),
    (kinds.ALERTMANAGER_CONFIG, routing.resource),
)
"""In the order they are written: what guards a pod exists before the pod does."""

POLICIES = (*MICROSERVICE_POLICIES, objective_unmeasurable, promise_unmeasurable)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What should exist for one Microservice."""

    service: Microservice
    """With its defaults written out."""
    children: tuple[PlannedChild, ...] = ()
    """In the order they are written; empty when something is violated: the last good children stay untouched."""
    violations: tuple[Violation, ...] = ()
    """What forbids building: a human must act."""
    notices: tuple[Violation, ...] = ()
    """What is left out, and why: a provider that is not there yet, a route without Gateway API, a host that is taken."""
    hosts: tuple[str, ...] = ()
    """Those of its host names that it holds from now on."""
    objectives: tuple[str, ...] = ()
    """Names of what its rules watch: its own objectives, and those of the contracts it provides."""

    @property
    def complete(self) -> bool:
        """Everything was decided, so that what is not planned may be pruned."""
        return not self.violations

    @property
    def flawless(self) -> bool:
        """Nothing is violated or left out that a person must mend."""
        return not any(found.is_error for found in (*self.violations, *self.notices))


def plan(service: Microservice, facts: Facts) -> Plan:
    """The children of ``service``."""
    resolved = resolve(service)
    # Of promises only those that somebody made: the service as it is written.
    found = (*violations(POLICIES, resolved, facts), *violations(PROMISES, service, facts))
    blocking = tuple(violation for violation in found if violation.blocks)
    notices = tuple(violation for violation in found if not violation.blocks)
    if blocking:
        return Plan(service=resolved, violations=blocking, notices=notices)

    built = [(kind, manifest) for kind, build in BUILDERS if (manifest := build(resolved, facts)) is not None]
    possible = [(kind, manifest) for kind, manifest in built if not kind.optional or kind.kind in facts.installed]
    missing = [kind for kind, _ in built if kind.optional and kind.kind not in facts.installed]
    return Plan(
        service=resolved,
        children=tuple(_planned(resolved, kind, manifest) for kind, manifest in possible),
        notices=(*notices, *map(_not_installed, missing)),
        hosts=route.hosts(resolved, facts),
        objectives=tuple(watched.name for watched in objectives(resolved, facts).objectives),
    )


def _planned(service: Microservice, kind: Kind, manifest: Manifest) -> PlannedChild:
    if kind is not kinds.DEPLOYMENT or "replicas" in manifest["spec"]:
        return PlannedChild(kind=kind, manifest=manifest)
    return PlannedChild(
        kind=kind,
        manifest=manifest,
        relinquished=(("spec", "replicas"),),
        # An autoscaler looks every 15 s, and a Deployment that says nothing starts with one pod.
        born_with={"replicas": service.spec.scaling.min},
    )


_NEEDED_FOR = {
    kinds.HTTP_ROUTE.kind: ("spec.routing", "Gateway API"),
    kinds.SERVICE_MONITOR.kind: ("spec.telemetry.metrics", "prometheus-operator"),
}


def _not_installed(kind: Kind) -> Violation:
    path, product = _NEEDED_FOR[kind.kind]
    message = f"this cluster does not serve {kind.kind}, so none is made: install {product}; it is picked up by itself"
    return Violation(
        reason=conventions.REASON_API_NOT_INSTALLED, problem=Problem(path=path, message=message, severity="warning")
    )
