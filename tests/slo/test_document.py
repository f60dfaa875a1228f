"""
The page about objectives cannot lie; its tables are compared with the code's in ``test_alerts``.
"""

import re

from concordat.records import BUDGET_REMAINING, TARGET
from tests.dashboards.linter import RULES
from tests.slo import measured
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


def test_the_table_of_figures_is_printed() -> None:
    """Every line of it, in the code's words, with as many values as it names figures."""
    rows = [line.strip("| ").split(" | ") for line in measured.block().splitlines()[2:]]

    assert [(line.title, line.what) for line in measured.LINES] == [(title, what) for title, what, _, _ in rows]
    for line, (_, _, values, goals) in zip(measured.LINES, rows, strict=True):
        assert len(line.names) == values.count(", ") + 1 == goals.count(", ") + 1


def test_what_is_measured_anew_replaces_what_was() -> None:
    """And nothing else."""
    old = measured.block()
    new = measured.table({"reset_minutes": {"value": 4.25, "goal": "<= 5"}}, old)
    changed = [line for line in new.splitlines() if line not in old.splitlines()]

    assert ["| `reset_minutes` | minutes from recovery to the end of the page | 4.25 | ≤ 5 |"] == changed
