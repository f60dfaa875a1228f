"""
Contracts: what a change of an API document breaks, and for whom.

Pure: no file, no network, no clock; documents and dates are passed in. ``compare`` is the one door; ``parse_text`` turns a
file's text into what it takes, and ``judge`` says which running consumers a verdict touches.
"""

from concordat_contracts.comparison import compare
from concordat_contracts.documents.document import Document, Format, read
from concordat_contracts.documents.normal import digest, normal_form
from concordat_contracts.documents.validity import expect_legible
from concordat_contracts.errors import InvalidDocument
from concordat_contracts.findings.rules import RULES, Rule
from concordat_contracts.findings.scope import Policy
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.reading.text import parse_text
from concordat_contracts.schema import Direction
from concordat_contracts.usage import pacts
from concordat_contracts.usage.consumers import Matrix, Usage, judge
from concordat_contracts.usage.offers import UnknownUse, response_fields, unknown_uses
from concordat_contracts.verdict import Finding, Outcome, Severity, Verdict

__all__ = [
    "RULES",
    "ContractFinding",
    "Direction",
    "Document",
    "Finding",
    "Format",
    "InvalidDocument",
    "Matrix",
    "Outcome",
    "Policy",
    "Rule",
    "Severity",
    "UnknownUse",
    "Usage",
    "Verdict",
    "compare",
    "digest",
    "expect_legible",
    "judge",
    "normal_form",
    "pacts",
    "parse_text",
    "read",
    "response_fields",
    "unknown_uses",
]
