"""
Who is touched: a verdict against what each consumer declares to use.

Sound before all else: whatever is not provably unused counts as used. A consumer that declares nothing uses everything; a finding
that does not know its operations touches all of them; only a change of a response property can miss somebody who uses the
operation, and only when that consumer has declared which properties it reads.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .touching import ContractFinding
from .verdict import Finding, Outcome, Severity, Verdict


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

    def uses(self, finding: Finding) -> bool:
        """Whether the finding can touch this consumer."""
        if self.operations is None or not isinstance(finding, ContractFinding) or finding.operations is None:
            return True
        return any(
            _is_read(finding.field, reads) for name, reads in self.operations.items() if name in finding.operations
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a verdict means for one consumer."""

    consumer: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    """Those of the verdict's breaking and undecided findings that touch it."""


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
        return tuple(row.consumer for row in self.rows if finding in row.findings)


def judge(verdict: Verdict, usages: Iterable[Usage]) -> Matrix:
    """Tell for each consumer whether what breaks, or could not be decided, is something it uses."""
    harmful = [each for each in verdict.findings if _harms(each)]
    rows = []
    for usage in usages:
        touching = tuple(each for each in harmful if usage.uses(each))
        rows.append(Row(consumer=usage.consumer, outcome=_outcome(touching), findings=touching))
    return Matrix(rows=tuple(rows))


def _harms(finding: Finding) -> bool:
    return finding.outcome is not Outcome.COMPATIBLE or finding.severity is Severity.ERROR


def _outcome(touching: tuple[Finding, ...]) -> Outcome:
    return Verdict.of(touching).outcome


def _is_read(changed: tuple[str, ...] | None, reads: frozenset[str] | None) -> bool:
    """Whether a change at a property path is noticed by somebody who reads ``reads``: one path leads into the other."""
    if changed is None or reads is None:
        return True
    for read in reads:
        path = tuple(part.removesuffix("[]") for part in read.removeprefix("$.").split("."))
        depth = min(len(path), len(changed))
        if path[:depth] == changed[:depth]:
            return True
    return False
