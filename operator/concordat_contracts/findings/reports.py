"""
A verdict as others read it: Markdown for a pull request, JUnit and SARIF for CI.

Everything a document says is escaped for the language it goes into.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from concordat_contracts.findings.rules import RULES
from concordat_contracts.legible import legible
from concordat_contracts.verdict import Finding, Outcome, Severity, Verdict

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKUP = re.compile(r"([\\`*\[\]|~@])")
_MOST_WITNESS = 400
RULES_PAGE = "https://concordat.dev/docs/contracts"


def summary(verdict: Verdict) -> str:
    """``breaking: 2 errors, 1 warning``."""
    counts = [
        f"{count} {severity.value}{'s' if count > 1 else ''}"
        for severity in (Severity.ERROR, Severity.WARNING)
        if (count := sum(each.severity is severity for each in verdict.findings))
    ]
    return f"{verdict.outcome.value}{': ' if counts else ''}{', '.join(counts)}"


def witness_text(finding: Finding) -> str:
    """The witness as JSON on one line, shortened where it is long; empty where there is none."""
    if finding.witness is None:
        return ""
    text = json.dumps(finding.witness, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()
    return text if len(text) <= _MOST_WITNESS else text[: _MOST_WITNESS - 1] + "…"


def as_markdown(verdict: Verdict, old: str, new: str) -> str:
    """A comment for a pull request."""
    icon = {Outcome.COMPATIBLE: "✅", Outcome.BREAKING: "❌", Outcome.UNKNOWN: "❓"}[verdict.outcome]
    lines = [f"### {icon} {markdown_cell(old)} → {markdown_cell(new)}: {summary(verdict)}"]
    if verdict.findings:
        lines += ["", "| | where | what | rule | for example |", "|---|---|---|---|---|"]
    for each in verdict.findings:
        witness = witness_text(each)
        example = f"<code>{markdown_cell(witness)}</code>" if witness else ""
        lines.append(
            f"| {each.severity.value} | {markdown_cell(each.location)} | {markdown_cell(each.message)} | `{markdown_cell(each.id)}` | {example} |"
        )
    return "\n".join(lines) + "\n"


def as_junit(verdict: Verdict, old: str, new: str) -> str:
    """One test case a finding; errors and what is undecided fail."""
    failed = [each for each in verdict.findings if _fails(each)]
    rows = []
    for each in verdict.findings:
        case = f"    <testcase classname={_attribute(each.id)} name={_attribute(_where(each))}"
        if not _fails(each):
            rows.append(f"{case}/>")
            continue
        text = escape(_xml(f"{each.message}\n{witness_text(each)}".strip()))
        rows.append(f"{case}>\n      <failure message={_attribute(each.message)}>{text}</failure>\n    </testcase>")
    if not rows:
        rows.append('    <testcase classname="contract" name="compatible"/>')
    name = _attribute(f"{old} to {new}")
    head = f'  <testsuite name={name} tests="{len(rows)}" failures="{len(failed)}" errors="0">'
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", head, *rows, "  </testsuite>", "</testsuites>", ""]
    )


def as_sarif(verdict: Verdict, new: str, version: str, *, line: Callable[[Finding], int]) -> Mapping[str, Any]:
    """SARIF 2.1.0, for code scanning: ``new`` is the file that is judged, ``line`` says where in it a finding is shown, from 1."""
    cited = sorted({each.id for each in verdict.findings})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "concordat",
                        "version": version,
                        "rules": [
                            {
                                "id": name,
                                "shortDescription": {"text": RULES[name].says if name in RULES else name},
                                "helpUri": f"{RULES_PAGE}#{name}",
                            }
                            for name in cited
                        ],
                    }
                },
                "results": [
                    {
                        "ruleId": each.id,
                        "ruleIndex": cited.index(each.id),
                        "level": _LEVELS[each.severity],
                        "message": {"text": _plain(f"{_where(each)}: {each.message}")},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": _uri(new)},
                                    "region": {"startLine": line(each)},
                                },
                                "logicalLocations": [{"fullyQualifiedName": _plain(_where(each))}],
                            }
                        ],
                        "properties": {} if each.witness is None else {"witness": each.witness},
                    }
                    for each in verdict.findings
                ],
            }
        ],
    }


def _where(finding: Finding) -> str:
    return finding.location or "the schema"


def _uri(file: str) -> str:
    """A path as SARIF wants it: a reference, relative to the repository it is uploaded for."""
    return quote(file.replace("\\", "/").removeprefix("./").encode("utf-8", "replace"), safe="/:@+,=~")


def _plain(text: str) -> str:
    """What a document says has no say over a terminal or a page."""
    return legible(text, lines=True)


def _fails(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR or finding.outcome is Outcome.UNKNOWN


def markdown_cell(text: str) -> str:
    """Text for a cell of a Markdown table: on one line, without markup of its own."""
    return _MARKUP.sub(r"\\\1", escape(legible(" ".join(text.split()))))


def _attribute(text: str) -> str:
    return quoteattr(_xml(text))


def _xml(text: str) -> str:
    return legible(_NOT_XML.sub("\ufffd", text), lines=True)
