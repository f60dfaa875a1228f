"""
How many there are, and how they fare: for those who look at the operator from outside.
"""

from collections import Counter
from dataclasses import dataclass

from concordat import conventions
from concordat.cluster.children import Children
from concordat.reconcile.contracts import Contracts
from concordat.reconcile.parents import Parents


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
