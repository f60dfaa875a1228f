"""
Read and compare documents: what a version offers, what it breaks of the versions before, and for whom.

Imported only where documents are compared: the comparer is most of a small operator's memory.
"""

from collections.abc import Iterable, Mapping
from itertools import islice

import concordat_contracts
from concordat.api import Compatibility
from concordat.gate.operations import operations_with_scopes, unknown_operations
from concordat.gate.question import MOST_CONSUMERS_OF_A_CHANGE, Assessment, Change, Question, UnknownUse
from concordat.gate.unpacking import CannotBeUnpacked, unpacked
from concordat_contracts import Document, Finding, InvalidDocument, Outcome, Severity
from concordat_contracts.reading.text import MAX_NODES

_MOST_FINDINGS = 200
LONGEST_TEXT = 1024
"""Characters of a location or a message: a document may hold names of any length, and each finding repeats them."""
_LONGEST_REFUSAL = 4096
_LONGEST_NAME = 256
_MOST_UNKNOWN = 64
_MOST_OPERATIONS = 16_384
"""Names of operations in an answer; a status tells fewer."""


def assess(question: Question) -> Assessment:
    """The answer; never raises for what stands in a document."""
    try:
        document = _read(question.document)
        normal = concordat_contracts.normal_form(document)
        before = [_read(text) for text in question.before]
        _expect(document, question.format)
        if question.new:
            concordat_contracts.expect_legible(document)
        return _assessed(question, document, normal.decode(), before)
    except (InvalidDocument, CannotBeUnpacked) as refusal:
        return Assessment(invalid=shortened(str(refusal), _LONGEST_REFUSAL))
    except RecursionError:
        return Assessment(
            invalid="the document is nested too deeply to be compared: flatten it with $ref and definitions"
        )


def shortened(text: str, most: int = LONGEST_TEXT) -> str:
    """The text, or its beginning."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _read(text: str | bytes) -> Document:
    content = text.encode(errors="surrogatepass") if isinstance(text, str) else unpacked(text)
    _expect_few_nodes(content)
    return concordat_contracts.read(concordat_contracts.parse_text(text if isinstance(text, str) else content))


def _expect_few_nodes(content: bytes) -> None:
    """
    Every value of JSON but the first follows a comma or an opening bracket, so that these bound their number before anything is parsed.

    YAML is counted while it is read, with what its aliases expand to.
    """
    if sum(map(content.count, (b",", b"[", b"{"))) > MAX_NODES:
        raise InvalidDocument(
            f"it holds more than {MAX_NODES:,} values", remedy="split the API into several contracts", kind="bounds"
        )


def _expect(document: Document, wanted: str) -> None:
    if wanted and document.format.value != wanted:
        raise InvalidDocument(
            f"the document is {document.format.value}, and spec.type says {wanted}",
            remedy="correct spec.type, or give the other document",
        )


def _assessed(question: Question, document: Document, normal: str, before: list[Document]) -> Assessment:
    usages = [
        concordat_contracts.Usage(
            consumer=name,
            operations=None
            if uses is None
            else {operation: None if reads is None else frozenset(reads) for operation, reads in uses.items()},
        )
        for name, uses in question.usages.items()
    ]
    for_consumers = concordat_contracts.compare(before[-1], document) if before and usages else None
    matrix = concordat_contracts.judge(for_consumers, usages) if for_consumers else concordat_contracts.Matrix()
    harmful = [finding for finding in (for_consumers.findings if for_consumers else ()) if matrix.users_of(finding)]
    found = _against(question.compatibility, document, before)
    touched = {_same(finding): matrix.users_of(finding) for finding in harmful}
    return Assessment(
        digest=concordat_contracts.digest(document),
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
                UnknownUse(operation=use.operation, field=use.field, message=shortened(use.message))
                for use in missing[:_MOST_UNKNOWN]
            )
            for usage in usages
            if (missing := concordat_contracts.unknown_uses(document, usage))
        },
        with_scopes=None if question.scopes is None else operations_with_scopes(document, question.scopes),
        scopes_unknown=tuple(
            use.model_copy(update={"message": shortened(use.message)})
            for use in unknown_operations(document, question.scopes or {})[:_MOST_UNKNOWN]
        ),
    )


def _against(compatibility: Compatibility, document: Document, before: list[Document]) -> list[Finding]:
    if compatibility is Compatibility.NONE:
        return []
    others = before if compatibility.value.endswith("-transitive") else before[-1:]
    direction = compatibility.value.removesuffix("-transitive")
    found: list[Finding] = []
    for other in others:
        if direction in ("backward", "full"):
            found += concordat_contracts.compare(other, document).findings
        if direction in ("forward", "full"):
            found += concordat_contracts.compare(document, other).findings
    return list({_same(finding): finding for finding in found}.values())


def _breaks(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR or finding.outcome is Outcome.UNKNOWN


def _same(finding: Finding) -> tuple[str, str, str]:
    return finding.id, finding.location, finding.message


def _changes(
    findings: Iterable[Finding], touched: Mapping[tuple[str, str, str], tuple[str, ...]]
) -> tuple[Change, ...]:
    found = []
    for finding in islice(findings, _MOST_FINDINGS):
        consumers = touched.get(_same(finding), ())
        found.append(
            Change(
                id=finding.id,
                severity=finding.severity.value,
                location=shortened(finding.location),
                message=shortened(finding.message),
                undecided=finding.outcome is Outcome.UNKNOWN,
                consumers=consumers[:MOST_CONSUMERS_OF_A_CHANGE],
                more_consumers=max(0, len(consumers) - MOST_CONSUMERS_OF_A_CHANGE),
            )
        )
    return tuple(found)


def _operations(document: Document) -> tuple[str, ...]:
    names = sorted(name or location for location, name in document.operations.items())
    return tuple(shortened(name, _LONGEST_NAME) for name in names[:_MOST_OPERATIONS])
