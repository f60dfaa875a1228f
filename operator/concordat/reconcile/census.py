"""
How many there are, and how they fare: for those who look at the operator from outside.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from concordat import conventions
from concordat.cluster.children import Children
from concordat.reconcile.contracts import Contracts
from concordat.reconcile.parents import Parents

_OF_CONTRACTS = (
    conventions.READY,
    conventions.VALID,
    conventions.COMPATIBLE,
    conventions.CONSUMERS_SAFE,
    conventions.CONFORMANT,
)
_STATUSES = ("True", "False", "Unknown")


@dataclass(frozen=True, kw_only=True)
class Census:
    """Of everything that is cached."""

    parents: Parents
    contracts: Contracts
    children: Children

    def readiness(self) -> Counter[tuple[str, ...]]:
        """Microservices by status and reason of their Ready condition."""
        conditions = (
            next((c for c in parent.status.conditions if c.type == conventions.READY), None) for parent in self.parents
        )
        return Counter((c.status, c.reason) if c else ("Unknown", "") for c in conditions)

    def contracts_by_condition(self) -> Counter[tuple[str, ...]]:
        """ServiceContracts by condition and its status; of none, too, so that the first one is seen to come."""
        found: Counter[tuple[str, ...]] = Counter({(kind, status): 0 for kind in _OF_CONTRACTS for status in _STATUSES})
        found.update((one.type, one.status) for known in self.contracts for one in known.status.conditions)
        return found

    def contracts_failing(self) -> dict[tuple[str, ...], float]:
        """One for each False condition of a ServiceContract: which, whose, which condition, and why."""
        return dict.fromkeys(self._failing(), 1.0)

    def _failing(self) -> Iterator[tuple[str, ...]]:
        for known in self.contracts:
            namespace, name = known.key.namespace, known.key.name
            providers = self.parents.relations.providers(namespace, name)
            team = providers[0].spec.team if providers else ""
            for one in known.status.conditions:
                untried = one.type == conventions.CONFORMANT and not providers  # it was found, and nobody runs any more
                if one.status == "False" and not known.paused and not untried:
                    yield f"{namespace}/{name}", team, one.type, one.reason

    def paused(self) -> Counter[tuple[str, ...]]:
        """Objects with a pause, by kind."""
        found: Counter[tuple[str, ...]] = Counter()
        for store in self.children.stores():
            found[store.kind.kind,] += sum(child.paused for child in store)
        found[conventions.MICROSERVICE,] = sum(parent.paused for parent in self.parents)
        found[conventions.SERVICE_CONTRACT,] = sum(contract.paused for contract in self.contracts)
        return found

    def broken_glass(self) -> Counter[tuple[str, ...]]:
        """Objects that carry a break-glass annotation, by kind."""
        services = [parent.service for parent in self.parents if parent.service is not None]
        contracts = [known.contract for known in self.contracts if known.contract is not None]
        return Counter(
            {
                (conventions.MICROSERVICE,): sum(bool(service.break_glass) for service in services),
                (conventions.SERVICE_CONTRACT,): sum(bool(contract.break_glass) for contract in contracts),
            }
        )

    def conflicts(self) -> int:
        """Microservices that want a name a stranger holds."""
        return sum(
            condition.type == conventions.RECONCILED and condition.reason == conventions.REASON_CONFLICT
            for parent in self.parents
            for condition in parent.status.conditions
        )

    def cached(self) -> Counter[tuple[str, ...]]:
        """Objects in the caches, by kind."""
        found: Counter[tuple[str, ...]] = Counter()
        for store in self.children.stores():
            found[store.kind.kind,] += len(store)
        found[conventions.MICROSERVICE,] = len(self.parents)
        found[conventions.SERVICE_CONTRACT,] = len(self.contracts)
        return found
