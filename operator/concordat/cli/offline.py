"""
The facts of a cluster that is not there, from what is in files: gathered by the operator's own code.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from concordat.api import AcceptedVersion, Microservice, ServiceContract, parse_contract
from concordat.errors import InvalidInput, Problem
from concordat.facts import ContractFacts, Facts, Missing, Platform
from concordat.facts.tokens import announced
from concordat.gate import Assessment, Question, demanded
from concordat.manifest import conventions
from concordat.observability.dashboards.subject import Contract as DrawnContract
from concordat.observability.subjects import drawn_contract
from concordat.plan.contract import ContractPlan, plan_contract
from concordat.plan.service import Plan, plan
from concordat.policies import Violation, violations
from concordat.policies.promises import PROMISES
from concordat.resources import kinds
from concordat.world.contracts import Contracts, binds
from concordat.world.gather import Neighbours, gather, gather_contract
from concordat.world.graph import Edge
from concordat.world.keys import Key, asked_for
from concordat.world.microservices import Parents

OPTIONAL = frozenset(kind.kind for kind in kinds.ALL if kind.optional)


class World:
    """All the Microservices there are, live or in files; each knows the others and nothing else."""

    def __init__(
        self,
        items: Iterable[Mapping[str, Any]],
        *,
        namespace: str = "default",
        installed: Collection[str] = OPTIONAL,
        platform: Platform | None = None,
    ) -> None:
        """Microservices and ServiceContracts; a contract without a status counts as accepted as it is written."""
        self._parents = Parents(lambda _key, _lane: None)
        self._installed = frozenset(installed)
        self._platform = platform or Platform()
        self._contracts = Contracts()
        with self._parents.relations.at_once():
            for position, item in enumerate(items, start=1):
                stored = _as_stored(item, namespace, position)
                if item.get("kind") == conventions.SERVICE_CONTRACT:
                    self._contracts.observe("ADDED", _as_accepted(stored))
                else:
                    self._parents.observe("ADDED", stored)

    @property
    def services(self) -> list[Microservice]:
        """What could be parsed of them, in the order they came."""
        return [parent.service for parent in self._parents if parent.service is not None]

    @property
    def unreadable(self) -> dict[str, tuple[Problem, ...]]:
        """Those this version cannot read, and why."""
        return {str(parent.key): parent.problems for parent in self._parents if parent.problems}

    def __contains__(self, service: Microservice) -> bool:
        return any(one.reference == service.reference for one in self.services)

    def facts(self, service: Microservice) -> Facts:
        """What would be known of ``service`` if this world were all there is."""
        parent = self._parents.find(Key(conventions.MICROSERVICE, service.namespace, service.name))
        if parent is None or parent.service is None:
            raise LookupError(f"{service.reference} is not in this world")
        own = parent.service
        neighbours = Neighbours(parents=self._parents, contracts=self._contracts)
        return gather(
            own, neighbours, platform=self._platform, installed=self._installed, missing=dict(self._missing(own))
        )

    def _missing(self, service: Microservice) -> Iterator[tuple[str, tuple[Missing, ...]]]:
        """Of contracts whose document is at hand, what the service uses and they do not offer."""
        for reference, uses in service.spec.contracts_used(service.namespace).items():
            found = self._contracts.named(*reference.split("/", 1))
            document = found.contract.spec.document.inline if found and found.contract else None
            if uses and found and document and found.lets_in(service.namespace):
                answer = _assess(document, service.reference, uses)
                yield reference, tuple(Missing(**one.model_dump()) for one in answer.unknown.get(service.reference, ()))

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every declared use, sorted."""
        return tuple(sorted({edge for consumer in self.services for edge in self._edges_of(consumer)}))

    def _edges_of(self, consumer: Microservice) -> Iterator[Edge]:
        known = self.facts(consumer).providers
        for use in consumer.spec.consumes:
            wanted = asked_for(use.service, use.contract, consumer.namespace)
            provider = self._parents.relations.provider(wanted)
            named = provider.reference if provider else f"{wanted.namespace}/{wanted.name}"
            state = "open" if use.reference in known else "unconsented" if provider else "missing"
            yield Edge(
                consumer=consumer.reference,
                provider=named,
                state=state,
                criticality=use.criticality,
                contract=f"{wanted.namespace}/{wanted.name}" if wanted.kind == "contract" else "",
            )

    def promises(self, service: Microservice) -> tuple[Violation, ...]:
        """Where the numbers of ``service`` and of its neighbours do not fit together."""
        return violations(PROMISES, service, self.facts(service))

    def planned(self, service: Microservice) -> Plan:
        """The plan for ``service`` in this world."""
        return plan(service, self.facts(service))

    @property
    def contracts(self) -> list[ServiceContract]:
        """What could be parsed of them, in the order they came."""
        return [known.contract for known in self._contracts if known.contract is not None]

    def planned_contract(self, contract: ServiceContract) -> ContractPlan:
        """The plan for ``contract`` in this world, without trials: they need what only a cluster keeps."""
        return plan_contract(contract, self._contract_facts(contract))

    def drawn_contract(self, contract: ServiceContract) -> DrawnContract | None:
        """What its dashboard shows; nothing, as long as nobody provides it."""
        facts = self._contract_facts(contract)
        return drawn_contract(contract, facts) if facts.providers else None

    def _contract_facts(self, contract: ServiceContract) -> ContractFacts:
        return gather_contract(
            contract,
            Neighbours(parents=self._parents, contracts=self._contracts),
            in_force=AcceptedVersion(version=contract.spec.version, digest="", config_map=""),
            platform=self._platform,
            installed=self._installed,
            rollout=lambda _provider: "",
        )


def _assess(document: str, consumer: str, uses: Mapping[str, tuple[str, ...] | None]) -> Assessment:
    from concordat.gate.assessment import assess

    return assess(Question(document=document, usages={consumer: dict(uses)}))


def _as_accepted(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("status") or not isinstance(item.get("spec"), Mapping):
        return item
    lifecycle = item["spec"].get("lifecycle") or {}
    said = {"version": item["spec"].get("version"), "state": lifecycle.get("state", "active"), "observedGeneration": 1}
    said |= {"sunset": str(lifecycle["sunset"])} if "sunset" in lifecycle else {}
    return item | {"status": said | _accepted_auth(item)}


def _accepted_auth(item: dict[str, Any]) -> dict[str, Any]:
    """The tokens it demands, as an operator would accept them; a draft demands none."""
    if not item["spec"].get("auth"):
        return {}
    try:
        contract = parse_contract(item)
    except InvalidInput:
        return {}
    if contract.spec.auth is None or not binds(contract):
        return {}
    document, accepted = contract.spec.document.inline, announced(contract.spec.auth, contract.reference)
    if document is not None:
        from concordat.gate.assessment import assess

        answer = assess(Question(document=document, scopes=contract.spec.auth.scopes))
        accepted = demanded(contract, answer.with_scopes) or accepted
    return {"auth": accepted.model_dump(by_alias=True)}


def _as_stored(item: Mapping[str, Any], namespace: str, position: int) -> dict[str, Any]:
    """What the API server would add. Files have no age: what stands first was there first."""
    added = {
        "namespace": namespace,
        "uid": "",
        "generation": 1,
        "creationTimestamp": f"9999-{position:08}",
        "resourceVersion": f"{position}",
    }
    return {**item, "metadata": {**added, **item["metadata"]}}
