"""
The page about objectives cannot lie; its tables are compared with the code's in ``test_alerts``.
"""

import re

from concordat.observability.records import BUDGET_REMAINING, TARGET
from tests.dashboards.linter import RULES
from tests.slo.document import PAGE


def test_links_lead_somewhere() -> None:
    """Inside the repository."""
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE.read_text()):
        assert (PAGE.parent / link).exists(), link


def test_names_are_the_codes_own() -> None:
    """Records and the number of the linter's rules."""
    text = PAGE.read_text()

    assert TARGET in text
    assert BUDGET_REMAINING in text
    assert 17 == len(RULES)
    assert "All seventeen rules" in text
