"""
What is built from a contract: planned from the version in force, written like the children of a service.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from concordat.api import AcceptedVersion, Microservice, ServiceContract, State
from concordat.cluster.apply import Apply, Settled
from concordat.cluster.children import Child, Children
from concordat.cluster.client import Client
from concordat.contract_plan import ContractPlan, plan_contract
from concordat.errors import Problem
from concordat.facts import ContractFacts, Platform
from concordat.manifest import object_name
from concordat.reconcile.contracts import Known
from concordat.reconcile.parents import Parents, Target
from concordat.reconcile.settling import outcomes, owner, remember, remembered
from concordat.resources import kinds
from concordat.resources.edges import offered
from concordat.status import ChildOutcome


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
        parents: Parents,
        platform: Platform,
        installed: Callable[[], frozenset[str]],
    ) -> None:
        self._apply = Apply(client, children)
        self._children = children
        self._parents = parents
        self._platform = platform
        self._installed = installed

    async def settle(self, known: Known, contract: ServiceContract, in_force: AcceptedVersion | None) -> Built:
        """Write what differs, delete what is no longer planned."""
        planned = plan_contract(contract, self._gather(contract, in_force))
        own = owner(known)
        settled = await self._apply.settle(own, planned.children, remembered(known))
        settled += await self._apply.prune(own, self._superfluous(known, planned))
        remember(known, planned.children, settled)
        current = self._children.owned_by(*known.key)
        return Built(
            settled=tuple(settled),
            outcomes=tuple(outcomes(settled, {}, known.fingerprints)) + tuple(_kept(current.values(), planned, known)),
            problems=planned.problems,
        )

    def _gather(self, contract: ServiceContract, in_force: AcceptedVersion | None) -> ContractFacts:
        binding = in_force if contract.spec.lifecycle.state not in (State.DRAFT, State.RETIRED) else None
        provider = self._parents.provider(Target("contract", contract.namespace, contract.name))
        return ContractFacts(
            platform=self._platform,
            installed=self._installed(),
            version=binding.version if binding else "",
            document=binding.config_map if binding else "",
            provider=offered(provider) if provider else None,
            rollout=self._rollout(provider) if provider else "",
        )

    def _rollout(self, provider: Microservice) -> str:
        """Which one has ended; empty while one is under way, or its pods do not all answer."""
        deployment = self._children.find(kinds.DEPLOYMENT, provider.namespace, object_name(provider.name))
        workload = deployment.workload if deployment else None
        if deployment is None or workload is None or not workload.rolled_out or workload.available < workload.total:
            return ""
        return f"{deployment.uid}/{workload.revision}"

    def _superfluous(self, known: Known, planned: ContractPlan) -> list[Child]:
        wanted = {child.key for child in planned.children}
        existing = self._children.owned_by(*known.key)
        return [
            child
            for key, child in existing.items()
            if key not in wanted
            and child.kind.kind not in planned.undecided
            and child.controller_uid == known.uid
            and child.applied_hash  # accepted versions are without: nothing brings them to a planned state
        ]


def _kept(current: Iterable[Child], planned: ContractPlan, known: Known) -> Iterable[ChildOutcome]:
    """Of the kinds nothing is decided about now."""
    for child in current:
        if child.kind.kind in planned.undecided and child.applied_hash:
            yield ChildOutcome(key=child.key, fingerprint=known.fingerprints.get(child.key, child.fingerprint))
