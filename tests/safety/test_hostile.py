"""
A sample of the hostile cases on every run; ``python -m tests.figures safety`` tries all of them.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.safety.cases import CASES, Case
from tests.safety.world import World, world

SAMPLE = (
    "65-services-that-retry-each-other",
    "the-webhook-is-asked-about-config-maps",
    "the-webhook-is-asked-about-services-and-contracts",
    "the-webhook-is-sent-reviews-that-are-none",
)


def test_every_case_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    assert set(SAMPLE) <= {case.name for case in CASES}


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    """An operator beside a quiet tenant."""
    with world() as running:
        yield running


@pytest.mark.controlplane
@pytest.mark.parametrize("case", [case for case in CASES if case.name in SAMPLE], ids=lambda case: case.name)
def test_a_hostile_tenant_harms_nobody(here: World, case: Case) -> None:
    """Nothing of the quiet tenant changes, its next edit takes effect in time, and the operator goes on."""
    outcome = here.tries(case)
    assert not outcome.harm, outcome
