"""
Read and compare documents: what a version offers, what it breaks of the versions before, and for whom.

Imported only where documents are compared: the comparer is most of a small operator's memory.
"""

from collections.abc import Iterable, Mapping

from concordat import contracts
from concordat.api import Compatibility
from concordat.contracts import Document, Finding, InvalidDocument, Outcome, Severity
from concordat.gate.operations import operations_with_scopes, unknown_operations
from concordat.gate.question import Assessment, Change, Question, UnknownUse

_MOST_FINDINGS = 200


def assess(question: Question) -> Assessment:
    """The answer; never raises for what stands in a document."""
    try:
        document = contracts.read(contracts.parse_text(question.document))
        normal = contracts.normal_form(document)
        before = [contracts.read(contracts.parse_text(text)) for text in question.before]
        _expect(document, question.format)
        if question.new:
            contracts.expect_legible(document)
        return _assessed(question, document, normal.decode(), before)
    except InvalidDocument as refusal:
        return Assessment(invalid=str(refusal))
    except RecursionError:
        return Assessment(
            invalid="the document is nested too deeply to be compared: flatten it with $ref and definitions"
        )


def _expect(document: Document, wanted: str) -> None:
    if wanted and document.format.value != wanted:
        raise InvalidDocument(
            f"the document is {document.format.value}, and spec.type says {wanted}",
            remedy="correct spec.type, or give the other document",
        )


def _assessed(question: Question, document: Document, normal: str, before: list[Document]) -> Assessment:
    usages = [
        contracts.Usage(
            consumer=name,
            operations=None
            if uses is None
            else {operation: None if reads is None else frozenset(reads) for operation, reads in uses.items()},
        )
        for name, uses in question.usages.items()
    ]
    for_consumers = contracts.compare(before[-1], document) if before and usages else None
    matrix = contracts.judge(for_consumers, usages) if for_consumers else contracts.Matrix()
    harmful = [finding for finding in (for_consumers.findings if for_consumers else ()) if matrix.users_of(finding)]
    found = _against(question.compatibility, document, before)
    touched = {_same(finding): matrix.users_of(finding) for finding in harmful}
    return Assessment(
        digest=contracts.digest(document),
        version=document.release,
        operations=_operations(document),
        normal=normal if question.keep else "",
        breaks=_changes((each for each in found if _breaks(each)), touched),
        warnings=_changes((each for each in found if not _breaks(each) and each.severity is Severity.WARNING), touched),
        harms=_changes(harmful, touched),
        verdicts={row.consumer: row.outcome.value for row in matrix.rows}
        or dict.fromkeys(question.usages, Outcome.COMPATIBLE.value),
        unknown={
            usage.consumer: tuple(
                UnknownUse(operation=use.operation, field=use.field, message=use.message) for use in missing
            )
            for usage in usages
            if (missing := contracts.unknown_uses(document, usage))
        },
        with_scopes=None if question.scopes is None else operations_with_scopes(document, question.scopes),
        scopes_unknown=unknown_operations(document, question.scopes or {}),
    )


def _against(compatibility: Compatibility, document: Document, before: list[Document]) -> list[Finding]:
    if compatibility is Compatibility.NONE:
        return []
    others = before if compatibility.value.endswith("-transitive") else before[-1:]
    direction = compatibility.value.removesuffix("-transitive")
    found: list[Finding] = []
    for other in others:
        if direction in ("backward", "full"):
            found += contracts.compare(other, document).findings
        if direction in ("forward", "full"):
            found += contracts.compare(document, other).findings
    return list({_same(finding): finding for finding in found}.values())


def _breaks(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR or finding.outcome is Outcome.UNKNOWN


def _same(finding: Finding) -> tuple[str, str, str]:
    return finding.id, finding.location, finding.message


def _changes(
    findings: Iterable[Finding], touched: Mapping[tuple[str, str, str], tuple[str, ...]]
) -> tuple[Change, ...]:
    return tuple(
        Change(
            id=finding.id,
            severity=finding.severity.value,
            location=finding.location,
            message=finding.message,
            undecided=finding.outcome is Outcome.UNKNOWN,
            consumers=touched.get(_same(finding), ()),
        )
        for finding in findings
    )[:_MOST_FINDINGS]


def _operations(document: Document) -> tuple[str, ...]:
    return tuple(sorted(name or location for location, name in document.operations.items()))
