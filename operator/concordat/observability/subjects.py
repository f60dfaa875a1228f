"""
A Microservice, or a ServiceContract, as rules and dashboards understand one.
"""

from collections.abc import Iterator

from concordat.api import Microservice, ServiceContract, State, resolve
from concordat.facts import ContractFacts, Facts, Platform
from concordat.manifest import object_name
from concordat.observability.dashboards.service import service_uid
from concordat.observability.dashboards.subject import Contract as DrawnContract
from concordat.observability.dashboards.subject import Neighbour, Places, Promise, Provider, Requests
from concordat.observability.dashboards.subject import Service as Drawn
from concordat.observability.slo.rules.declaration import declared
from concordat.observability.slo.rules.objective import Links, Objective, ServiceObjectives
from concordat.observability.slo.rules.profiles import PROFILES
from concordat.observability.slo.rules.service_alerts import Workload
from concordat.resources import route


def objectives(service: Microservice, facts: Facts) -> ServiceObjectives:
    """What is promised, with the links of its alerts."""
    platform = facts.platform
    uid = service_uid(service.namespace, object_name(service.name))
    links = Links(dashboard=f"{platform.grafana_url.rstrip('/')}/d/{uid}", runbooks=platform.runbooks_url)
    return declared(service, links=links, promised=facts.promised)


def workload(service: Microservice, facts: Facts) -> Workload:
    """What can go wrong with it besides its objectives."""
    spec = service.spec
    return Workload(
        scraped=spec.telemetry.metrics.enabled,
        autoscaled=_autoscaled(service),
        cpu_limited=spec.resources.cpu_limit is not None,
        hosts=route.hosts(service, facts),
        queues=spec.telemetry.backlog.queues,
        consumer_groups=spec.telemetry.backlog.consumer_groups,
    )


def drawn(service: Microservice, facts: Facts) -> Drawn:
    """What its dashboard shows."""
    platform = facts.platform
    of = objectives(service, facts)
    return Drawn(
        namespace=of.service.namespace,
        name=of.service.name,
        team=of.service.team,
        tier=of.service.tier,
        requests=_requests(of),
        promises=tuple(map(_promise, of.objectives)),
        autoscaled=_autoscaled(service),
        consumes=tuple(_providers(service, facts)),
        queues=service.spec.telemetry.backlog.queues,
        consumer_groups=service.spec.telemetry.backlog.consumer_groups,
        consumed_by=_consumers(facts),
        domain=platform.cluster_domain,
        places=_places(platform),
    )


def drawn_contract(contract: ServiceContract, facts: ContractFacts) -> DrawnContract:
    """What the dashboard of a contract shows; a promise that no provider can measure is left out."""
    binds = contract.spec.lifecycle.state is not State.DRAFT
    promised = {contract.name: contract.spec.objectives if binds else ()}
    provided = [declared(resolve(one), links=Links(dashboard=""), promised=promised) for one in facts.providers]
    own = f"{contract.name}/"
    measured = [found for of in provided for found in of.objectives if found.name.startswith(own)]
    return DrawnContract(
        namespace=contract.namespace,
        name=contract.name,
        version=facts.version,
        promises=tuple(map(_promise, {found.name: found for found in measured}.values())),
        providers=tuple(
            Provider(
                namespace=of.service.namespace,
                name=of.service.name,
                domain=facts.platform.cluster_domain,
                requests=_requests(of),
            )
            for of in provided
        ),
        consumers=_consumers(facts),
        places=_places(facts.platform),
    )


def _requests(of: ServiceObjectives) -> Requests:
    profile = PROFILES[of.profile]
    return Requests(
        counter=profile.requests,
        durations=profile.durations,
        matchers=profile.identity(of.service),
        code=profile.code,
        errors=profile.errors,
        route=profile.route,
        method=profile.method,
        milliseconds=profile.milliseconds,
        native=profile.native,
    )


def _promise(promised: Objective) -> Promise:
    return Promise(name=promised.name, target=promised.target, below=promised.below, window=promised.period)


def _places(platform: Platform) -> Places:
    return Places(runbooks=platform.runbooks_url, traces=platform.traces_url, logs=platform.logs_url)


def _consumers(facts: Facts | ContractFacts) -> tuple[Neighbour, ...]:
    return tuple(
        Neighbour(namespace=namespace, name=object_name(name), domain=facts.platform.cluster_domain)
        for namespace, name in sorted({(consumer.namespace, consumer.name) for consumer in facts.consumers})
    )


def _providers(service: Microservice, facts: Facts) -> Iterator[Neighbour]:
    """The address of a service follows from its name; who serves a contract must be known."""
    domain = facts.platform.cluster_domain
    for use in service.spec.consumes:
        provider = facts.providers.get(use.reference)
        ports = use.ports or (provider.ports if provider else ())
        http = not ports or any(name.startswith("http") for name in ports)
        if provider:
            yield Neighbour(namespace=provider.namespace, name=provider.object_name, http=http, domain=domain)
        elif use.service:
            namespace, _, name = use.service.rpartition("/")
            yield Neighbour(namespace=namespace or service.namespace, name=object_name(name), http=http, domain=domain)


def _autoscaled(service: Microservice) -> bool:
    return service.spec.scaling.min != service.spec.scaling.max
