"""What must hold of a service among its neighbours."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_network

from concordat.api import Microservice, injected_variable
from concordat.facts import Facts
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
    """The instance metadata of a cloud hands out the node's credentials to whoever reaches it."""
    for position, egress in enumerate(service.spec.egress):
        if egress.cidr and _is_metadata(egress.cidr, facts.platform.metadata_addresses):
            yield error(
                conventions.REASON_EGRESS_FORBIDDEN,
                f"spec.egress[{position}].cidr",
                f"{egress.cidr} is the cloud's instance metadata, which no service may reach: remove it",
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
    provider_missing,
    consent_missing,
    port_unknown,
)


@lru_cache(maxsize=4096)
def _is_metadata(cidr: str, addresses: tuple[str, ...]) -> bool:
    """All of it; of what is larger, the policy that is built leaves out the addresses."""
    network = ip_network(cidr, strict=False)
    closed = (address for address in map(ip_network, addresses) if address.version == network.version)
    return any(network.subnet_of(address) for address in closed)  # type: ignore[arg-type]


def _elsewhere(reference: str, service: Microservice) -> bool:
    namespace, slash, _ = reference.partition("/")
    return bool(slash) and namespace != service.namespace
