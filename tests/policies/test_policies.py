"""
Policies: what each finds is told in the stories of tests/cases; here, what must hold for all of them.
"""

import re
from pathlib import Path

from concordat import policies
from concordat.manifest import conventions
from concordat.policies import MICROSERVICE_POLICIES

IN_A_CLUSTER_ALONE = {conventions.REASON_CONTRACT_REFUSED, conventions.REASON_CONTRACT_IN_USE}
"""Of what is published and who runs; told by tests/engine/test_contracts.py."""
CASES = Path(__file__).parents[1] / "cases"


def test_every_policy_has_a_story() -> None:
    """Each reason a policy may give is found in the problems of some story."""
    source = "".join(file.read_text() for file in Path(policies.__file__).parent.glob("*.py"))
    reasons = {getattr(conventions, name) for name in re.findall(r"conventions\.(REASON_\w+)", source)}
    told = {line.split()[1] for file in CASES.glob("*/problems.txt") for line in file.read_text().splitlines()}

    assert len(reasons) > len(MICROSERVICE_POLICIES)
    assert IN_A_CLUSTER_ALONE == reasons - told


def test_what_does_not_exist_and_what_does_not_consent_cannot_be_told_apart() -> None:
    """Nobody learns from a refusal what another namespace holds: same problem, same policy, byte for byte."""
    for file in ("problems.txt", "expected.yaml"):
        hidden = (CASES / "consent-missing" / file).read_bytes()

        assert hidden == (CASES / "not-there-looks-like-not-consenting" / file).read_bytes()
