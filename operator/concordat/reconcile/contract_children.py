"""
What is built from a contract: planned from the version in force, written like the children of a service.
"""

from collections.abc import Callable
from dataclasses import dataclass

from concordat.api import AcceptedVersion, Microservice, ServiceContract
from concordat.cluster.apply import Apply
from concordat.cluster.children import Child, Children
from concordat.cluster.connection.client import Client
from concordat.cluster.outcomes import Settled, Wanted
from concordat.errors import Problem
from concordat.facts import Platform
from concordat.manifest import ChildKey, conventions, object_name
from concordat.plan.contract import plan_contract
from concordat.reconcile.child_memory import outcomes, owner, remember, remembered
from concordat.reconcile.status import ChildOutcome
from concordat.resources import kinds
from concordat.world.contracts import Known, Planned
from concordat.world.gather import Neighbours, gather_contract
from concordat.world.keys import Key


@dataclass(frozen=True, kw_only=True)
class Built:
    """What became of them in one pass."""

    settled: tuple[Settled, ...] = ()
    outcomes: tuple[ChildOutcome, ...] = ()
    problems: tuple[Problem, ...] = ()


class ContractChildren:
    """Settles what belongs to one contract at a time."""

    def __init__(
        self,
        client: Client,
        *,
        children: Children,
        neighbours: Neighbours,
        platform: Platform,
        installed: Callable[[], frozenset[str]],
    ) -> None:
        self._apply = Apply(client, children)
        self._children = children
        self._neighbours = neighbours
        self._platform = platform
        self._installed = installed

    async def settle(self, known: Known, contract: ServiceContract, in_force: AcceptedVersion | None) -> Built:
        """Write what differs, delete what is no longer planned."""
        facts = gather_contract(
            contract,
            self._neighbours,
            in_force=in_force,
            platform=self._platform,
            installed=self._installed(),
            rollout=self._rollout,
            runs=self._runs,
        )
        planned = known.planned
        if planned is None or planned.of is not contract or planned.facts != facts or not self._holds(known, planned):
            decided = plan_contract(contract, facts)
            planned = known.planned = Planned(
                of=contract,
                facts=facts,
                wanted={child.key: Wanted.of(child) for child in decided.children},
                undecided=decided.undecided,
                problems=decided.problems,
            )
            settled = await self._apply.settle(owner(known), decided.children, remembered(known))
            superfluous = [child for child in self._built(known, planned) if child.key not in planned.wanted]
            settled += await self._apply.prune(owner(known), superfluous)
            remember(known, decided.children, settled)
        else:
            settled = self._in_place(known, planned) or []
        return Built(
            settled=tuple(settled),
            outcomes=(*outcomes(settled, {}, known.fingerprints), *self._left_alone(known, planned)),
            problems=planned.problems,
        )

    def _holds(self, known: Known, planned: Planned) -> bool:
        return self._in_place(known, planned) is not None

    def _in_place(self, known: Known, planned: Planned) -> list[Settled] | None:
        existing: set[ChildKey] = {child.key for child in self._built(known, planned)}
        return self._apply.in_place(owner(known), planned.wanted, remembered(known), existing=existing)

    def _built(self, known: Known, planned: Planned) -> list[Child]:
        """What exists of that which is decided now."""
        return [child for child in self._own(known) if child.kind.kind not in planned.undecided]

    def _left_alone(self, known: Known, planned: Planned) -> list[ChildOutcome]:
        return [
            ChildOutcome(key=child.key, fingerprint=known.fingerprints.get(child.key, child.fingerprint))
            for child in self._own(known)
            if child.kind.kind in planned.undecided
        ]

    def _own(self, known: Known) -> list[Child]:
        """Without accepted versions, whatever is annotated on them: nothing brings them to a planned state."""
        owned = self._children.owned_by(*known.key).values()
        kept = {ChildKey(kind=kinds.CONFIG_MAP.kind, name=version.config_map) for version in known.status.versions}
        return [
            child
            for child in owned
            if child.controller_uid == known.uid and child.applied_hash and child.key not in kept
        ]

    def _runs(self, provider: Microservice) -> bool:
        """Its Service and its Deployment are its own: a trial by name would else reach a stranger."""
        parent = self._neighbours.parents.find(Key(conventions.MICROSERVICE, provider.namespace, provider.name))
        name = object_name(provider.name)
        found = (self._children.find(kind, provider.namespace, name) for kind in (kinds.SERVICE, kinds.DEPLOYMENT))
        return parent is not None and all(child is not None and child.controller_uid == parent.uid for child in found)

    def _rollout(self, provider: Microservice) -> str:
        """Which one has ended; empty while one is under way, or its pods do not all answer."""
        deployment = self._children.find(kinds.DEPLOYMENT, provider.namespace, object_name(provider.name))
        workload = deployment.workload if deployment else None
        if deployment is None or workload is None or not workload.rolled_out or workload.available < workload.total:
            return ""
        return f"{deployment.uid}/{workload.revision}"
