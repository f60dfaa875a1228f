"""
Gather: the facts a plan needs, from the caches alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from concordat.api import AcceptedAuth, AcceptedVersion, Consumption, ContractType, Microservice, ServiceContract, State
from concordat.api.objectives import ContractObjective
from concordat.facts import Consumer, ContractFacts, Facts, Missing, Offer, Platform, Provider, Retried
from concordat.facts.tokens import Token, announced, lacks
from concordat.manifest import conventions
from concordat.resources.edges import offered
from concordat.world.contracts import Contracts, Known, binds
from concordat.world.keys import Target, asked_for
from concordat.world.microservices import Parents


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Who else there is."""

    parents: Parents
    contracts: Contracts = field(default_factory=Contracts)


def gather(
    service: Microservice,
    neighbours: Neighbours,
    *,
    platform: Platform,
    installed: frozenset[str],
    missing: Mapping[str, tuple[Missing, ...]] | None = None,
    provided_before: tuple[str, ...] = (),
) -> Facts:
    """
    What the caches know that ``service`` depends on.

    Its own children are not among it: what should exist does not depend on what exists. So a plan holds as long as
    these facts do, and the thousand steps of a rollout need no new one. ``missing`` is what it uses of contracts and is
    not offered, ``provided_before`` the contracts it provides as rolled out.
    """
    return Facts(
        platform=platform,
        installed=installed,
        providers=_providers(service, neighbours),
        consumers=tuple(consumers_of(service, neighbours)),
        indispensable=frozenset(_indispensable(service, neighbours)),
        offers=_offers(service, neighbours.contracts, missing or {}),
        provided=_provided(service, neighbours.contracts),
        promised=dict(_promised(service, neighbours.contracts)),
        relied_on=_relied_on(service, neighbours, provided_before),
        retried=_retried(service, neighbours),
        taken_hosts=_taken_hosts(service, neighbours.parents),
    )


def gather_contract(
    contract: ServiceContract,
    neighbours: Neighbours,
    *,
    in_force: AcceptedVersion | None,
    platform: Platform,
    installed: frozenset[str],
    rollout: Callable[[Microservice], str],
    runs: Callable[[Microservice], bool] = lambda _provider: True,
) -> ContractFacts:
    """
    What the caches know that follows from ``contract``.

    ``rollout`` tells what a provider runs, and ``runs`` whether what stands under its name is its own.
    """
    binding = None if contract.spec.lifecycle.state in (State.DRAFT, State.RETIRED) else in_force
    providers = tuple(neighbours.parents.relations.providers(contract.namespace, contract.name))
    known = neighbours.contracts.named(contract.namespace, contract.name)
    return ContractFacts(
        platform=platform,
        installed=installed,
        version=binding.version if binding else "",
        document=binding.config_map if binding else "",
        provider=offered(providers[0]) if providers and runs(providers[0]) else None,
        rollout=rollout(providers[0]) if providers and runs(providers[0]) else "",
        providers=providers,
        consumers=tuple(
            Consumer(name=consumer.name, namespace=consumer.namespace)
            for consumer in neighbours.parents.relations.consuming(contract.namespace, contract.name)
            if known is not None and known.lets_in(consumer.namespace)
        ),
    )


def _providers(service: Microservice, neighbours: Neighbours) -> dict[str, Provider]:
    found = {}
    for use in service.spec.consumes:
        target = asked_for(use.service, use.contract, service.namespace)
        provider = neighbours.parents.relations.provider(target)
        if provider is not None and _lets_in(provider, target, service.namespace, neighbours.contracts):
            found[use.reference] = offered(provider)
    return found


def _lets_in(provider: Microservice, target: Target, namespace: str, contracts: Contracts) -> bool:
    """Consent is the contract's where it is published as a resource, else the provider's."""
    contract = contracts.named(target.namespace, target.name) if target.kind == "contract" else None
    if contract is not None:
        return contract.lets_in(namespace)
    return provider.namespace == namespace or namespace in provider.spec.access.namespaces


def consumers_of(service: Microservice, neighbours: Neighbours) -> Iterator[Consumer]:
    """Who consumes it with consent; whoever is not let in is not among them."""
    for consumer, target, ports in neighbours.parents.relations.consumers(service):
        if _lets_in(service, target, consumer.namespace, neighbours.contracts):
            yield Consumer(name=consumer.name, namespace=consumer.namespace, ports=ports)


def _indispensable(service: Microservice, neighbours: Neighbours) -> Iterator[str]:
    for reference, provider in _hard(service, neighbours):
        if not neighbours.parents.relations.in_circle(service, provider):
            yield reference


def _hard(service: Microservice, neighbours: Neighbours) -> Iterator[tuple[str, Microservice]]:
    for use in service.spec.consumes:
        if use.criticality != "hard":
            continue
        target = asked_for(use.service, use.contract, service.namespace)
        provider = neighbours.parents.relations.provider(target)
        if provider is None or provider.reference == service.reference:
            continue
        if _lets_in(provider, target, service.namespace, neighbours.contracts):
            yield use.reference, provider


def _offers(
    service: Microservice, contracts: Contracts, missing: Mapping[str, tuple[Missing, ...]]
) -> dict[str, Offer]:
    found = {}
    for use in service.spec.consumes:
        if not use.contract:
            continue
        target = asked_for(None, use.contract, service.namespace)
        known = contracts.named(target.namespace, target.name)
        if known is not None and known.lets_in(service.namespace):
            reference = f"{target.namespace}/{target.name}"
            offer = _offer(known, refused="", unknown=missing.get(reference, ()))
            found[use.contract] = _with_tokens(offer, use, known)
    return found


def _provided(service: Microservice, contracts: Contracts) -> dict[str, Offer]:
    known = {name: contracts.named(service.namespace, name) for name in service.spec.provides}
    return {name: _offer(found, refused=_hindrance(found)) for name, found in known.items() if found is not None}


def _hindrance(known: Known) -> str:
    """
    Why what the contract says must not be rolled out.

    A demand of tokens that waits for those who call is no reason: the version is in force, and who provides it goes on as before.
    """
    waits = known.refusal == conventions.REASON_CONSUMERS_SHUT_OUT and known.contract is not None
    return "" if waits and known.contract and known.contract.spec.version == known.status.version else known.refusal


def _promised(service: Microservice, contracts: Contracts) -> Iterator[tuple[str, tuple[ContractObjective, ...]]]:
    """Of contracts that bind: a draft's promises count for nothing yet."""
    for name in service.spec.provides:
        known = contracts.named(service.namespace, name)
        if (
            known is not None
            and known.contract is not None
            and binds(known.contract)
            and known.contract.spec.objectives
        ):
            yield name, known.contract.spec.objectives


def _offer(known: Known, *, refused: str, unknown: tuple[Missing, ...] = ()) -> Offer:
    return Offer(
        reference=f"{known.key.namespace}/{known.key.name}",
        version=known.status.version,
        state=known.status.state,
        sunset=known.status.sunset,
        successor=(known.contract.spec.lifecycle.successor or "") if known.contract else "",
        refused=refused,
        unknown=unknown,
        over_http=known.contract is None or known.contract.spec.type is not ContractType.ASYNCAPI,
        auth=known.in_force.auth,
    )


def _with_tokens(offer: Offer, use: Consumption, known: Known) -> Offer:
    """
    What it asks for, and what it lacks.

    Where nothing is demanded yet, it is told to ask as the contract is written: what is demanded comes into force once everybody does.
    Where nothing is demanded any more, it goes on.
    """
    written = _written(known)
    source = offer.auth or written or known.status.auth
    uses = None if use.uses is None else {one.operation: one.reads for one in use.uses}

    def asked_of(auth: AcceptedAuth) -> Token | None:
        return None if use.scopes is None else Token(issuer=auth.issuer, audience=auth.audience, scopes=use.scopes)

    lacking = lacks(offer.auth, uses, asked_of(offer.auth)) if offer.auth else ()
    soon = lacks(written, uses, asked_of(written)) if written else ()
    named = {(one.kind, one.scope) for one in lacking}
    return replace(
        offer,
        token=asked_of(source) if source else None,
        lacking=lacking,
        lacking_soon=tuple(one for one in soon if (one.kind, one.scope) not in named),
    )


def _written(known: Known) -> AcceptedAuth | None:
    """What its author demands, accepted or not; a draft demands nothing of anybody."""
    contract = known.contract
    if contract is None or contract.spec.auth is None or not binds(contract):
        return None
    return announced(contract.spec.auth, contract.reference)


def _relied_on(
    service: Microservice, neighbours: Neighbours, provided_before: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in provided_before:
        known = neighbours.contracts.named(service.namespace, name)
        if name in service.spec.provides or known is None or not known.status.version:
            continue
        if neighbours.parents.relations.provider(Target("contract", service.namespace, name)) is not None:
            continue
        others = [
            parent.key
            for parent in neighbours.parents.relying(service.namespace, name)
            if known.counts(parent.key.namespace)
        ]
        users = tuple(str(key) for key in others if str(key) != service.reference)
        if users:
            found[name] = users
    return found


def _retried(service: Microservice, neighbours: Neighbours) -> dict[str, Retried]:
    """Asked only of those who retry: nobody else multiplies anything."""

    def lets_in(provider: Microservice, target: Target, namespace: str) -> bool:
        return _lets_in(provider, target, namespace, neighbours.contracts)

    found = {}
    for use in service.spec.consumes:
        target = asked_for(use.service, use.contract, service.namespace)
        provider = neighbours.parents.relations.provider(target)
        if use.attempts == 1 or use.criticality == "async" or provider is None:
            continue
        if lets_in(provider, target, service.namespace):
            found[use.reference] = neighbours.parents.relations.retries.beneath(
                provider, seen_from=service, lets_in=lets_in, consents=neighbours.contracts.consents
            )
    return found


def _taken_hosts(service: Microservice, parents: Parents) -> dict[str, str]:
    hosts = service.spec.routing.hosts if service.spec.routing else ()
    holders = {host: parents.hosts.holder(host) for host in hosts}
    return {host: str(key) for host, key in holders.items() if key is not None and str(key) != service.reference}
