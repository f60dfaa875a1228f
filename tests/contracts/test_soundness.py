"""
No consumer is called safe that is not.
"""

import random

import pytest

from concordat_contracts import Matrix, Outcome, Usage, Verdict, compare, judge
from concordat_contracts.usage.consumers import Row
from tests.contracts.random_contracts import unsound


def test_nobody_judged_safe_can_be_refuted() -> None:
    """Random document, change and usage, a tenth of the whole run; an independent validator decides."""
    assert [] == unsound(10_000)


@pytest.mark.slow
def test_nobody_judged_safe_can_be_refuted_in_the_whole_run() -> None:
    """The 100,000 trials the documentation speaks of, of another seed."""
    assert [] == unsound(100_000, seed=12)


def test_the_trials_find_a_judge_that_trusts_findings() -> None:
    """Had a reader been safe whenever no finding names what it reads, the trials would say so."""

    def gullible(verdict: Verdict, usages: list[Usage]) -> Matrix:
        return Matrix(rows=tuple(Row(consumer=each.consumer, outcome=Outcome.COMPATIBLE) for each in usages))

    assert [] != unsound(400, judged=gullible)


def test_readers_of_what_did_not_change_are_let_through() -> None:
    """A judge that calls nobody safe would be sound, and useless: half of those who do not read what is gone are told so."""
    rng = random.Random(13)
    names = [f"f{number}" for number in range(11)]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    gone = rng.choice(names)
    later = {**schema, "properties": {name: {"type": "string"} for name in names if name != gone}}
    later["required"] = [name for name in names if name != gone]
    verdict = compare(*(_answering(each) for each in (schema, later)))
    usages = [Usage(consumer=name, operations={"GET /a": frozenset({name})}) for name in names]

    assert (gone,) == judge(verdict, usages).touched


def _answering(schema: object) -> dict[str, object]:
    answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    return {"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": answer}}}}}
