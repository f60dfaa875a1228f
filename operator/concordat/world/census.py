"""
How many there are, and how they fare: for those who look at the operator from outside.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from concordat.api import Condition
from concordat.cluster.children import Children
from concordat.manifest import conventions
from concordat.world.contracts import Contracts
from concordat.world.microservices import Parents

_OF_CONTRACTS = (
    conventions.READY,
    conventions.VALID,
    conventions.COMPATIBLE,
    conventions.CONSUMERS_SAFE,
    conventions.CONFORMANT,
)
_STATUSES = ("True", "False", "Unknown")
_REASONS = frozenset(value for name, value in vars(conventions).items() if name.startswith("REASON_"))
MOST_FAILING = 50
"""Series of one namespace's failing contracts."""


def _reason(condition: Condition) -> str:
    """A status may have been written by anybody with the right to: what is no reason of ours makes no series of its own."""
    return condition.reason if condition.reason in _REASONS else "Other"


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
        return Counter((c.status, _reason(c)) if c else ("Unknown", "") for c in conditions)

    def contracts_by_condition(self) -> Counter[tuple[str, ...]]:
        """ServiceContracts by condition and its status; of none, too, so that the first one is seen to come."""
        found: Counter[tuple[str, ...]] = Counter({(kind, status): 0 for kind in _OF_CONTRACTS for status in _STATUSES})
        found.update(
            (one.type, one.status)
            for known in self.contracts
            for one in known.status.conditions
            if one.type in _OF_CONTRACTS
        )
        return found

    def contracts_failing(self) -> dict[tuple[str, ...], float]:
        """
        One for each False condition of a ServiceContract: which, whose, which condition, and why.

        At most :data:`MOST_FAILING` of a namespace, the first by name: a thousand that fail in one cost nobody else their alert.
        """
        of_namespaces: dict[str, int] = {}
        found = {}
        for labels in sorted(self._failing()):
            namespace = labels[0].partition("/")[0]
            of_namespaces[namespace] = of_namespaces.get(namespace, 0) + 1
            if of_namespaces[namespace] <= MOST_FAILING:
                found[labels] = 1.0
        return found

    def _failing(self) -> Iterator[tuple[str, ...]]:
        for known in self.contracts:
            namespace, name = known.key.namespace, known.key.name
            providers = self.parents.relations.providers(namespace, name)
            team = providers[0].spec.team if providers else ""
            for one in known.status.conditions:
                untried = one.type == conventions.CONFORMANT and not providers  # it was found, and nobody runs any more
                if one.status == "False" and one.type in _OF_CONTRACTS and not known.paused and not untried:
                    yield f"{namespace}/{name}", team, one.type, _reason(one)

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
