"""``compare``: the one door through which operator, webhook, command line and tests go."""

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from concordat_contracts.asyncapi.compare import compare_asyncapi
from concordat_contracts.asyncapi.model import Application
from concordat_contracts.documents.document import Document, Format, read
from concordat_contracts.errors import InvalidDocument
from concordat_contracts.findings.rules import undecided, with_severities
from concordat_contracts.findings.schemas import SchemaPair
from concordat_contracts.findings.scope import Comparison, Policy
from concordat_contracts.findings.touching import ContractFinding, ContractVerdict
from concordat_contracts.openapi.compare import compare_openapi
from concordat_contracts.openapi.model import Api
from concordat_contracts.reading.references import unchanged_references
from concordat_contracts.schema import Dialect, Direction, documents_of
from concordat_contracts.schema.naming.where import PLAIN
from concordat_contracts.steps import TooCostly, account
from concordat_contracts.verdict import Severity, Verdict

_LOUDNESS = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def compare(
    old: Any,
    new: Any,
    *,
    policy: Policy | None = None,
    severities: Mapping[str, Severity] | None = None,
    direction: Direction = Direction.REQUEST,
) -> ContractVerdict:
    """
    Compare two parsed documents, or ``Document`` s read before, and say what breaks for those who rely on ``old``.

    ``severities`` overrides severities by rule id. ``direction`` matters to plain JSON Schemas only: who sends the instances.
    Raises ``InvalidDocument`` when either side cannot be compared; never compares by halves.
    """
    with _no_collection(), account():
        return _compared(old, new, policy or Policy(), severities or {}, direction)


def _compared(
    old: Any, new: Any, policy: Policy, severities: Mapping[str, Severity], direction: Direction
) -> ContractVerdict:
    before, after = read(old), read(new)
    if before.format is not after.format:
        raise InvalidDocument(
            f"the documents are of different formats: {before.format.value} and {after.format.value}",
            location="both documents",
            remedy="compare two versions of the same contract",
        )
    try:
        found = list(_findings(before, after, policy, direction))
    except TooCostly as reason:
        found = [undecided("", f"could not be decided, and is treated as unsafe: {reason}")]
    verdict = Verdict.of(_in_order(with_severities(found, severities)))
    return ContractVerdict(outcome=verdict.outcome, findings=verdict.findings, operations=before.names or None)


@contextmanager
def _no_collection() -> Iterator[None]:
    """
    Hold the cyclic garbage collector off: a comparison leaves next to no cycles, and every full collection meanwhile would
    walk both documents, which for large ones doubles the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _findings(old: Document, new: Document, policy: Policy, direction: Direction) -> Iterator[ContractFinding]:
    if old.format is Format.GRAPHQL:
        from concordat_contracts.graphql.compare import compare_graphql  # imported late, as in document.py

        yield from compare_graphql(old.root, new.root)
        return
    if old.references is None or new.references is None or old.format is Format.JSON_SCHEMA:
        before, after = documents_of(old.root, new.root)
        pair = SchemaPair(old.root, new.root, before.dialect, after.dialect)
        yield from pair.compare(old.root, new.root, direction, PLAIN, None)
        return
    unchanged = unchanged_references(old.references, new.references, old.root, new.root)
    comparison = Comparison(
        policy=policy,
        pair=SchemaPair(old.root, new.root, _dialect(old), _dialect(new), unchanged),
        old=old.references,
        new=new.references,
        unchanged=unchanged,
    )
    if isinstance(old.model, Api) and isinstance(new.model, Api):
        yield from compare_openapi(comparison, old.model, new.model)
    if isinstance(old.model, Application) and isinstance(new.model, Application):
        yield from compare_asyncapi(comparison, old.model, new.model)


def _dialect(document: Document) -> Dialect:
    if document.format is Format.OPENAPI:
        return Dialect.OPENAPI_30 if document.version.startswith("3.0") else Dialect.OPENAPI_31
    return Dialect.DRAFT_7


def _in_order(found: Iterable[ContractFinding]) -> list[ContractFinding]:
    """Errors first, otherwise as met; what two media types say alike is said once."""
    said: dict[tuple[str, str, str], ContractFinding] = {}
    for each in found:
        said.setdefault((each.id, each.location, each.message), each)
    return sorted(said.values(), key=lambda each: _LOUDNESS[each.severity])
