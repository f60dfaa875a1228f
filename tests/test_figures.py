"""
The tables of figures in the docs are printed by ``tests.figures.measured`` and edited by nobody.
"""

import pytest

from tests.figures.measured import Line, Table
from tests.figures.pages import TABLES


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.page.stem}-{table.name}")
def test_a_table_is_printed(table: Table) -> None:
    """Every line of it, in the code's words, with as many values as it names figures."""
    rows = [line.strip("| ").split(" | ") for line in table.standing().splitlines()[2:]]

    assert [(line.title, line.what) for line in table.lines] == [(row[0], row[1]) for row in rows]
    for line, row in zip(table.lines, rows, strict=True):
        assert len(line.names) == row[2].count(", ") + 1 == row[3].count(", ") + 1


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.page.stem}-{table.name}")
def test_nothing_measured_leaves_a_table_as_it_stands(table: Table) -> None:
    assert table.written({}, table.standing()) == table.standing()


def test_what_is_measured_anew_replaces_what_was() -> None:
    """And nothing else."""
    table = next(table for table in TABLES if any(line.names == ("reset_minutes",) for line in table.lines))
    old = table.standing()
    changed = set(table.written({"reset_minutes": {"value": 4.25, "goal": "<= 5"}}, old).splitlines()) - set(
        old.splitlines()
    )

    assert {"| `reset_minutes` | minutes from recovery to the end of the page | 4.25 | ≤ 5 |  |"} == changed


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (1, "1"), (0.486, "0.486"), (98.51, "98.51"), (17.5, "17.5"), (1234.5, "1,234")]
)
def test_numbers_are_for_people(value: float, written: str) -> None:
    line = Line(names=("it",), what="what")
    assert line.written({"it": {"value": value, "goal": "<= 5"}}) == f"| `it` | what | {written} | ≤ 5 |  |"
