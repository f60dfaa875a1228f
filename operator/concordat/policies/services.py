"""What must hold of a service among its neighbours."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from concordat.api import Microservice, injected_variable
from concordat.facts import Facts
from concordat.facts.networks import without
from concordat.manifest import conventions
from concordat.policies.violation import Policy, Violation, error, left_out, warning


def host_taken(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """
    A host belongs to whoever holds it: traffic is never led away from a running service.

    It blocks nothing: else whoever claims a host could keep the images of others from being rolled out.
    """
    for position, host in enumerate(service.spec.routing.hosts if service.spec.routing else ()):
        holder = facts.taken_hosts.get(host)
        if holder is not None:
            known = holder if not _elsewhere(holder, service) else "a service of another namespace"
            yield left_out(
                conventions.REASON_HOST_TAKEN,
                f"spec.routing.hosts[{position}]",
                f"{host} belongs to {known}, which claimed it first, so it is left out of the route:"
                " take another host, or have it given up there",
            )


def variable_ambiguous(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """Two providers must not answer to the same variable: the service would call the wrong one."""
    stated = {env.name for env in service.spec.env}
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, use in enumerate(service.spec.consumes):
        for variable in (injected_variable(use.reference), *use.settings, *use.token_variables):
            positions[variable].append(position)
    for name, (first, *more) in positions.items():
        for position in more if name not in stated else ():
            yield error(
                conventions.REASON_VARIABLE_AMBIGUOUS,
                f"spec.consumes[{position}]",
                f"{name} would stand for spec.consumes[{first}] as well: write {name} in spec.env yourself",
            )


def egress_forbidden(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """What hands out credentials, the cluster's own networks and other services are not reached by ``egress``."""
    for position, egress in enumerate(service.spec.egress):
        if egress.cidr and without(egress.cidr, facts.platform.closed_networks) is None:
            yield error(
                conventions.REASON_EGRESS_FORBIDDEN,
                f"spec.egress[{position}].cidr",
                f"{egress.cidr} is closed to every service (instance metadata, link-local, or the cluster's own network):"
                " remove it, and name other services in spec.consumes",
            )
        if egress.pods and conventions.LABEL_SERVICE in egress.pods:
            yield error(
                conventions.REASON_EGRESS_FORBIDDEN,
                f"spec.egress[{position}].pods",
                f"{conventions.LABEL_SERVICE} is the label of a Microservice's pods, which egress does not open:"
                " name the service in spec.consumes",
            )


def issuer_forbidden(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """An issuer inside the cluster would open the way into a namespace that has not consented."""
    for position, use in enumerate(service.spec.consumes):
        offer = facts.offers.get(use.reference) if use.contract else None
        if offer and offer.token and not facts.platform.allows_issuer(offer.token.issuer):
            yield warning(
                conventions.REASON_EGRESS_FORBIDDEN,
                f"spec.consumes[{position}]",
                f"{use.reference} wants tokens of {offer.token.issuer}, which is not a public host, so nothing is opened for"
                " it: ask the platform's team to list it in CONCORDAT_TOKEN_ISSUERS",
            )


def provider_missing(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """In the own namespace everybody may know what exists."""
    for position, use in enumerate(service.spec.consumes):
        if use.reference in facts.providers or _elsewhere(use.reference, service):
            continue
        remedy = "create it" if use.service else f"add {use.reference} to the provides of the service that serves it"
        yield warning(
            conventions.REASON_PROVIDER_MISSING,
            f"spec.consumes[{position}]",
            f"nothing called {use.reference} is in namespace {service.namespace}, so nothing is opened for it:"
            f" {remedy}, or correct the name; it is picked up by itself",
        )


def consent_missing(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """In another namespace, what does not exist and what does not consent look the same."""
    for position, use in enumerate(service.spec.consumes):
        if use.reference in facts.providers or not _elsewhere(use.reference, service):
            continue
        yield warning(
            conventions.REASON_CONSENT_MISSING,
            f"spec.consumes[{position}]",
            f"{use.reference} does not exist or does not let namespace {service.namespace} in, so nothing is opened for"
            f" it: ask its team to list {service.namespace} in spec.access.namespaces; it is picked up by itself",
        )


def port_unknown(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """A provider may be asked only for ports it offers."""
    for position, use in enumerate(service.spec.consumes):
        provider = facts.providers.get(use.reference)
        if provider is None:
            continue
        for index, name in enumerate(use.ports):
            if name not in provider.ports:
                yield warning(
                    conventions.REASON_PORT_UNKNOWN,
                    f"spec.consumes[{position}].ports[{index}]",
                    f"{use.reference} offers no port {name}, so it is not opened: choose from {', '.join(provider.ports)}",
                )


SERVICE_POLICIES: Sequence[Policy] = (
    host_taken,
    variable_ambiguous,
    egress_forbidden,
    issuer_forbidden,
    provider_missing,
    consent_missing,
    port_unknown,
)


def _elsewhere(reference: str, service: Microservice) -> bool:
    namespace, slash, _ = reference.partition("/")
    return bool(slash) and namespace != service.namespace
