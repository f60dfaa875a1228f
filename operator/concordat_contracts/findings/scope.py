"""What a comparison carries along: the owner's policy, both documents' schemas, and the place being compared."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from concordat_contracts.findings.rules import finding, undecided
from concordat_contracts.findings.schemas import SchemaPair
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.reading.references import References
from concordat_contracts.schema import Dialect, Direction, Surface, Where

__all__ = ["STABILITY_LEVELS", "Comparison", "Policy", "Scope"]

STABILITY_LEVELS = ("draft", "alpha", "beta", "stable")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the owner of a contract may decide; the defaults are oasdiff's."""

    today: date | None = None
    """Removals need it to see that a sunset has passed; without it none has."""
    grace_days_stable: int = 0
    """Days between deprecation and sunset; 0 asks for no sunset date at all."""
    grace_days_beta: int = 0
    stability_threshold: str = "beta"
    """Operations below it may change as they like: ``draft``, ``alpha``, ``beta`` or ``stable``."""

    def __post_init__(self) -> None:
        if self.stability_threshold not in STABILITY_LEVELS:
            raise ValueError(f"stability_threshold must be one of {', '.join(STABILITY_LEVELS)}")

    def grace_days(self, stability: str) -> int:
        """The days that apply to an operation of this stability."""
        return {"stable": self.grace_days_stable, "beta": self.grace_days_beta}.get(stability, 0)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One comparison of two documents."""

    policy: Policy
    pair: SchemaPair
    old: References
    new: References
    unchanged: frozenset[str]
    """References that mean the same on both sides."""
    _others: dict[tuple[Dialect, Dialect], "Comparison"] = field(default_factory=dict, repr=False, compare=False)

    @property
    def announces(self) -> bool:
        """Whether properties announce anything beside their schema, or have to."""
        marks = {"x-sunset", "x-stability-level", "x-extensible-enum"}
        has_policy = bool(self.policy.grace_days_stable or self.policy.grace_days_beta)
        return has_policy or bool(marks & (self.old.extensions | self.new.extensions))

    def reading(self, old: Dialect, new: Dialect) -> "Comparison":
        """The same comparison with its schemas read in other dialects."""
        if (old, new) == (self.pair.old.dialect, self.pair.new.dialect):
            return self
        if (old, new) not in self._others:
            pair = SchemaPair(self.pair.old.root, self.pair.new.root, old, new, self.unchanged)
            self._others[old, new] = replace(self, pair=pair)
        return self._others[old, new]

    def scope(self, location: str, operations: frozenset[str] | None) -> "Scope":
        """The scope of an operation."""
        return Scope(comparison=self, location=location, operations=operations)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A place in a contract: what it is called, and whose users notice."""

    comparison: Comparison
    location: str
    operations: frozenset[str] | None

    @property
    def policy(self) -> Policy:
        """The owner's policy."""
        return self.comparison.policy

    def at(self, part: str) -> "Scope":
        """The place inside this one called ``part``."""
        return Scope(comparison=self.comparison, location=f"{self.location} {part}", operations=self.operations)

    def reading(self, old: Dialect, new: Dialect) -> "Scope":
        """The same place with its schemas read in other dialects."""
        comparison = self.comparison.reading(old, new)
        return self if comparison is self.comparison else replace(self, comparison=comparison)

    def finding(self, rule: str, message: str, *, witness: Any | None = None) -> ContractFinding:
        """A finding here."""
        return finding(rule, self.location, message, witness=witness, operations=self.operations)

    def undecided(self, message: str) -> ContractFinding:
        """Something here that cannot be decided."""
        return undecided(self.location, message, operations=self.operations)

    def schemas(
        self, old: Any, new: Any, direction: Direction, surface: Surface, *, textual: bool | None = None
    ) -> Iterator[ContractFinding]:
        """What differs between two schemas here."""
        where = Where(surface=surface, location=self.location, textual=textual)
        return self.comparison.pair.compare(old, new, direction, where, self.operations)

    def resolve_old(self, node: Any) -> Any:
        """A node of the old document, reference followed."""
        return self.comparison.old.resolve(node, self.location)

    def resolve_new(self, node: Any) -> Any:
        """A node of the new document, reference followed."""
        return self.comparison.new.resolve(node, self.location)
