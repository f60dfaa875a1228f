"""
How long it takes to tell 50 consumers of each of 200 contracts what a new version means for them.
"""

import json
import statistics
import time
from collections.abc import Mapping
from typing import Any

from concordat.gate import Question
from concordat.gate.assessment import assess
from concordat_contracts import Outcome, Usage, Verdict, compare, judge
from tests.figures.engine.figure import at_most

CONTRACTS, CONSUMERS, OPERATIONS = 200, 50, 11
RUNS = 5
_FIELDS = ("id", "state", "total", "note")


def matrix_200x50_s() -> Mapping[str, Any]:
    """
    Warm: each pair of versions is compared, and what its consumers read was looked into once before.

    ``first_s`` is the first look of a process at compared versions; ``cold_s`` is the gate's whole answer for all contracts, reading and
    comparing both versions included.
    """
    questions = [_question(number) for number in range(CONTRACTS)]
    began = time.perf_counter()
    answers = [assess(each) for each in questions]
    cold = time.perf_counter() - began
    hurt = [{name for name, outcome in each.verdicts.items() if outcome == Outcome.BREAKING.value} for each in answers]
    assert hurt == [_readers(number) for number in range(CONTRACTS)], "not the consumers that read what is lost"
    verdicts = [compare(json.loads(each.before[0]), json.loads(each.document)) for each in questions]
    usages = [_usages(each) for each in questions]
    first = _timed(verdicts, usages)
    runs = [_timed(verdicts, usages) for _ in range(RUNS)]
    return at_most(
        "matrix_200x50_s",
        round(statistics.median(runs), 3),
        1,
        "s",
        runs=[round(each, 3) for each in runs],
        first_s=round(first, 2),
        cold_s=round(cold, 2),
        operations=OPERATIONS,
    )


def _readers(number: int) -> set[str]:
    """The consumers that read what contract ``number`` loses."""
    lost = _FIELDS[number % len(_FIELDS)]
    declared = {f"shop/consumer{each}": _declared(each) for each in range(CONSUMERS)}
    return {
        name
        for name, uses in declared.items()
        if uses is None or any(reads is None or lost in reads for reads in uses.values())
    }


def _timed(verdicts: list[Verdict], usages: list[list[Usage]]) -> float:
    began = time.perf_counter()
    for verdict, asked in zip(verdicts, usages, strict=True):
        judge(verdict, asked)
    return time.perf_counter() - began


def _question(number: int) -> Question:
    """Every contract loses one property of every operation's answer; a fifth of its consumers read everything."""
    return Question(
        document=_document(number, version="1.1.0", lost=_FIELDS[number % len(_FIELDS)]),
        format="openapi",
        before=(_document(number, version="1.0.0", lost=""),),
        usages={f"shop/consumer{each}": _declared(each) for each in range(CONSUMERS)},
    )


def _declared(consumer: int) -> dict[str, tuple[str, ...] | None] | None:
    if consumer % 5 == 0:
        return None
    read = (_FIELDS[consumer % len(_FIELDS)],)
    return {f"get{(consumer + step) % OPERATIONS}": read for step in range(3)}


def _usages(question: Question) -> list[Usage]:
    return [
        Usage(
            consumer=name,
            operations=None
            if uses is None
            else {operation: None if reads is None else frozenset(reads) for operation, reads in uses.items()},
        )
        for name, uses in question.usages.items()
    ]


def _document(number: int, *, version: str, lost: str) -> str:
    kept = {name: {"type": "string", "maxLength": 64 + number} for name in _FIELDS if name != lost}
    schema = {"type": "object", "required": list(kept), "properties": kept}
    answer = {"description": "one", "content": {"application/json": {"schema": schema}}}
    paths = {
        f"/things{each}": {"get": {"operationId": f"get{each}", "responses": {"200": answer}}}
        for each in range(OPERATIONS)
    }
    info = {"title": f"contract {number}", "version": version}
    return json.dumps({"openapi": "3.1.0", "info": info, "paths": paths})


FIGURES = (matrix_200x50_s,)
