"""The hand-labelled pairs: every verdict as labelled, every witness confirmed by a validator that is not ours."""

import jsonschema
import pytest

from concordat_contracts.schema import Dialect, Direction, compare_json_schemas
from concordat_contracts.verdict import Outcome

from .figures import Case, cases

CASES = cases()
VALIDATORS = {
    Dialect.DRAFT_4: jsonschema.Draft4Validator,
    Dialect.DRAFT_6: jsonschema.Draft6Validator,
    Dialect.DRAFT_7: jsonschema.Draft7Validator,
    Dialect.DRAFT_2019_09: jsonschema.Draft201909Validator,
    Dialect.DRAFT_2020_12: jsonschema.Draft202012Validator,
}
FORMATS = jsonschema.FormatChecker()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict_is_the_labelled_one(case: Case) -> None:
    """A pair is judged as its label says, for its reason."""
    assert case.expected == case.judged()


@pytest.mark.parametrize("case", [case for case in CASES if case.dialect in VALIDATORS], ids=lambda case: case.name)
def test_a_witness_convinces_another_validator(case: Case) -> None:
    """What is reported as broken is sent by one side and refused by the other, each schema read as written."""
    verdict = compare_json_schemas(case.old, case.new, case.direction, dialect=case.dialect)
    old, new = (VALIDATORS[case.dialect](schema, format_checker=FORMATS) for schema in (case.old, case.new))
    sender, receiver = (new, old) if case.direction is Direction.RESPONSE else (old, new)
    broken = [finding for finding in verdict.findings if finding.outcome is Outcome.BREAKING]
    assert bool(broken) == (case.expected is Outcome.BREAKING)
    for finding in broken:
        assert (True, False) == (sender.is_valid(finding.witness), receiver.is_valid(finding.witness)), finding


def test_the_corpus_is_large_and_tempts_to_false_alarms() -> None:
    """Two hundred pairs at least, a third of them compatible, all dialects among them, each with its reason."""
    compatible = [case for case in CASES if case.expected is Outcome.COMPATIBLE]
    assert len(CASES) >= 200
    assert len(compatible) >= len(CASES) / 3
    assert set(Dialect) == {case.dialect for case in CASES}
    assert all(case.reason for case in CASES)
