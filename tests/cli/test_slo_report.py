"""
The table of error budgets: readable where a terminal has eighty columns, and where there is none.
"""

import io

from rich.console import Console

from concordat.api.values.promql import duration
from concordat.cli.slo.report import _table
from concordat.observability.slo.report import BURN_WINDOWS, Report, Standing

WORST = Standing(
    namespace="fulfilment-europe",
    service="warehouse-reservations",
    slo="reservations-api/latency-of-creation",
    team="fulfilment",
    tier="critical",
    window="30d",
    target=0.99999,
    error_ratio=0.000123,
    budget_remaining=-11.305,
    burn_rates=dict.fromkeys(map(duration, BURN_WINDOWS), 1000.0),
    alerts=("ErrorBudgetBurnFast", "ErrorBudgetBurn"),
)


def drawn(width: int) -> str:
    console = Console(file=io.StringIO(), width=width, soft_wrap=True)
    console.print(_table(Report(standings=(WORST,), routes=())))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_nothing_is_cut_off_in_eighty_columns() -> None:
    """Names go on in the next line; numbers and headings stay whole."""
    text = drawn(80)
    narrow = "".join(line[:34].split("  ")[0].strip() for line in text.splitlines())

    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for whole in ("99.999%", "0.0123%", "-1130.5%", "1000.0", "gone", "promised", "left", "lasts"):
        assert whole in text
    for name in ("fulfilment-europe/warehouse-reservations", "reservations-api/latency-of-creation", *WORST.alerts):
        assert name in narrow, text


def test_names_stay_in_one_line_where_there_is_room() -> None:
    text = drawn(160)
    assert "fulfilment-europe/warehouse-reservations" in text
    assert "reservations-api/latency-of-creation 30d" in text
