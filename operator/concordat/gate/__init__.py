"""
The gate: may this version of a contract come into force, given who relies on what?

Pure: operator, webhook and ``concordat contract check`` ask the same two functions.
:func:`concordat.gate.assessment.assess` reads and compares documents, which may take a second and much memory, and is
imported where that happens only; :func:`decide` makes an answer of it, and costs nothing.
"""

from concordat.gate.authorization import Tokens, demanded, tokens_of_external
from concordat.gate.decision import Case, Decision, InForce, Objection, decide
from concordat.gate.question import Assessment, Change, Question, UnknownUse, Usage, together, usage_of
from concordat.gate.refusal import refusal

__all__ = [
    "Assessment",
    "Case",
    "Change",
    "Decision",
    "InForce",
    "Objection",
    "Question",
    "Tokens",
    "UnknownUse",
    "Usage",
    "decide",
    "demanded",
    "refusal",
    "together",
    "tokens_of_external",
    "usage_of",
]
