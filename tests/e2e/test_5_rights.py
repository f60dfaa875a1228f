"""
Rights: the operator is granted what it uses, and uses what it is granted.
"""

import pytest

from tests.e2e.opening import PROBER_IMAGE
from tests.e2e.rights_used import SCOPES, rights_difference
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]  # the first one brings up the cluster and builds its images


@pytest.mark.parametrize("scope", SCOPES)
def test_rights_granted_are_rights_used(opened_stage: Stage, scope: str) -> None:
    """By the API server's own audit log, in both directions, for both scopes of an installation."""
    if opened_stage.audit is None:
        pytest.skip("this cluster keeps its audit log to itself: rights can be compared on `local` and on kind")

    found = rights_difference(opened_stage, scope, image=PROBER_IMAGE)

    assert "none" == str(found)
