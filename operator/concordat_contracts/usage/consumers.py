"""
Who is touched: a verdict against what each consumer declares to use.

Sound before all else: whatever is not provably unused counts as used. A consumer that declares nothing, or names an operation the
contract does not have, uses everything; a finding that does not know its operations touches all of them; only a change of a
response body can miss somebody who uses the operation, and only when what that consumer reads is proven unchanged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from concordat_contracts.findings.touching import ContractFinding, ContractVerdict, canonical
from concordat_contracts.steps import account
from concordat_contracts.verdict import Finding, Outcome, Severity, Verdict


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one consumer uses of one contract."""

    consumer: str
    """How it is called in messages: ``shop/orders``."""
    operations: Mapping[str, frozenset[str] | None] | None = None
    """
    Operations by any of their names, each with the response properties read (dotted paths: ``id``, ``items[].sku``) or ``None``
    for all of them. ``None`` instead of the mapping: everything.
    """

    def touched_by(self, finding: Finding, known: frozenset[str] | None) -> bool:
        """Whether the finding can touch this consumer; ``known`` are the names a contract's operations go by."""
        if self.operations is None or known is None or not self._are_all_in(known):
            return True
        if not isinstance(finding, ContractFinding) or finding.operations is None:
            return True
        return any(
            reads is None or finding.guard is None or not finding.guard.keeps(reads)
            for reads in self.reads_of(finding.operations)
        )

    def reads_of(self, names: frozenset[str]) -> list[frozenset[str] | None]:
        """What is read of the operations that go by these names."""
        meant = set(map(canonical, names))
        return [reads for name, reads in (self.operations or {}).items() if canonical(name) in meant]

    def _are_all_in(self, known: frozenset[str]) -> bool:
        return set(map(canonical, self.operations or ())) <= _all_canonical(known)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a verdict means for one consumer."""

    consumer: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    """Those of the verdict's breaking and undecided findings that touch it."""

    @cached_property
    def keys(self) -> frozenset[tuple[str, str, str]]:
        """What tells the findings from others."""
        return frozenset(map(_key, self.findings))


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """One verdict, all consumers."""

    rows: tuple[Row, ...] = field(default_factory=tuple)

    @property
    def touched(self) -> tuple[str, ...]:
        """The consumers that are not provably safe."""
        return tuple(row.consumer for row in self.rows if row.outcome is not Outcome.COMPATIBLE)

    def users_of(self, finding: Finding) -> tuple[str, ...]:
        """The consumers a finding touches."""
        key = _key(finding)
        return tuple(row.consumer for row in self.rows if key in row.keys)


def judge(verdict: Verdict, usages: Iterable[Usage]) -> Matrix:
    """Tell for each consumer whether what breaks, or could not be decided, is something it uses."""
    harmful = [each for each in verdict.findings if _harms(each)]
    known = verdict.operations if isinstance(verdict, ContractVerdict) else None
    rows = []
    with account():
        for usage in usages:
            touching = tuple(each for each in harmful if usage.touched_by(each, known))
            rows.append(
                Row(consumer=usage.consumer, outcome=Verdict.of(touching).outcome, findings=_nearest(touching, usage))
            )
    return Matrix(rows=tuple(rows))


@lru_cache(maxsize=64)
def _all_canonical(names: frozenset[str]) -> frozenset[str]:
    return frozenset(map(canonical, names))


def _harms(finding: Finding) -> bool:
    return finding.outcome is not Outcome.COMPATIBLE or finding.severity is Severity.ERROR


def _nearest(touching: tuple[Finding, ...], usage: Usage) -> tuple[Finding, ...]:
    """Those of a body's findings that speak of a property read, where any does; the reason to show, not the verdict."""
    about = [each for each in touching if _is_about(each, usage)]
    bodies = {each.guard for each in about if isinstance(each, ContractFinding) and each.guard is not None}
    kept = {_key(each) for each in about}
    return tuple(
        each
        for each in touching
        if _key(each) in kept or not isinstance(each, ContractFinding) or each.guard is None or each.guard not in bodies
    )


def _key(finding: Finding) -> tuple[str, str, str]:
    """What tells findings of one comparison apart."""
    return finding.id, finding.location, finding.message


def _is_about(finding: Finding, usage: Usage) -> bool:
    if not isinstance(finding, ContractFinding) or finding.field is None or usage.operations is None:
        return True
    reads = usage.reads_of(finding.operations or frozenset())
    return any(paths is None or _is_read(finding.field, paths) for paths in reads)


def _is_read(changed: tuple[str, ...], reads: frozenset[str]) -> bool:
    """Whether one of the two paths leads into the other."""
    for read in reads:
        path = tuple(filter(None, (part.replace("[]", "") for part in read.removeprefix("$").split("."))))
        depth = min(len(path), len(changed))
        if path[:depth] == changed[:depth]:
            return True
    return False
