"""
Guard: who gets through is who was declared.
"""

import pytest

from tests.e2e.cast import ALLOWED, PLACES
from tests.e2e.opening import PARTNERS
from tests.e2e.pairs import attempts, wrong
from tests.e2e.stage import Stage, eventually

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]  # the first one brings up the cluster and builds its images


def test_every_pair_of_pods_gets_through_as_declared_and_not_otherwise(stage: Stage) -> None:
    """Tried with real connections, from every pod to every port of every other; neighbours of one service included."""
    tried = attempts(stage, PLACES)
    opened = {attempt.edge for attempt in tried if attempt.opened}

    assert [] == wrong(tried, ALLOWED)
    assert opened == ALLOWED
    assert len(tried) > 2 * sum(attempt.opened for attempt in tried)


def test_who_has_no_consent_is_told_so(stage: Stage) -> None:
    """In the status of the one who asked, with the field and the remedy."""

    def problems() -> list[str]:
        intruder = stage.get("microservice", PARTNERS, "intruder")
        assert intruder is not None
        return [problem["message"] for problem in intruder.get("status", {}).get("problems", ())]

    (problem,) = eventually(problems)

    assert "shop/catalog" in problem
    assert "access.namespaces" in problem
