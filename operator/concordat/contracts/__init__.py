"""
Contracts: what a change of an API document breaks, and for whom.

Pure: no file, no network, no clock; documents and dates are passed in. ``compare`` is the one door; ``parse_text`` turns a
file's text into what it takes, and ``judge`` says which running consumers a verdict touches.
"""

from . import pacts
from .comparison import compare
from .consumers import Matrix, Usage, judge
from .document import Document, Format, read
from .invalid import InvalidDocument
from .legible import expect_legible
from .normal import digest, normal_form
from .offers import UnknownUse, response_fields, unknown_uses
from .rules import RULES, Rule
from .schema import Direction
from .scope import Policy
from .text import parse_text
from .touching import ContractFinding
from .verdict import Finding, Outcome, Severity, Verdict

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
