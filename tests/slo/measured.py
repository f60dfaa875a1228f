"""
``make figures GROUP=observability | .venv/bin/python -m tests.slo.measured``: what was measured, into ``docs/objectives.md``.

The table is printed from the figures' own lines and typed by nobody. A figure that is not in the input keeps its row's old
values, so that one of them can be measured anew alone.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.slo.document import PAGE

_BLOCK = re.compile(r"(<!-- begin: figures -->\n)(.*?)(<!-- end: figures -->)", re.DOTALL)
_HEAD = ("figure", "what", "measured", "goal")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table: figures that are read together."""

    names: tuple[str, ...]
    what: str

    @property
    def title(self) -> str:
        return ", ".join(f"`{name}`" for name in self.names)

    def written(self, figures: Mapping[str, Mapping[str, Any]]) -> str:
        measured = ", ".join(f"{figures[name]['value']:g}" for name in self.names)
        goals = ", ".join(_goal(str(figures[name]["goal"])) for name in self.names)
        return _row((self.title, self.what, measured, goals))


LINES = (
    Line(
        names=tuple(f"page_minutes_{percent}" for percent in (100, 10, 5, 2, 1)),
        what="minutes to the first page, at so many percent of bad events",
    ),
    Line(names=("ticket_minutes_100", "ticket_minutes_10"), what="minutes to the first ticket"),
    Line(names=("reset_minutes",), what="minutes from recovery to the end of the page"),
    Line(
        names=("budget_error_pct", "nan_samples"),
        what="recorded against true budget, over the awkward kinds of traffic",
    ),
    Line(names=("false_pages_battery",), what="the scenarios above in five profiles, both indicators"),
    Line(
        names=("false_pages_low_traffic", "low_traffic_outage_found"),
        what="60 requests an hour, half the budget failing, 30 days; then all of them failing",
    ),
    Line(
        names=("rules_per_objective", "series_per_objective", "raw_reads_per_objective"), what="what an objective costs"
    ),
    Line(names=("rule_eval_over_sloth",), what="CPU time of Prometheus, over the same objectives in Sloth's layout"),
    Line(names=("alerts_complete_pct",), what="alerts with every label, link, runbook, a firing and a silent test"),
    Line(names=("hostile_strings_broken",), what="of 100,000"),
    Line(names=("panel_queries_with_data_pct",), what="of the queries of five dashboards, asked live"),
    Line(names=("queries_max", "dashboard_kb_max"), what="of the largest dashboard there can be"),
    Line(
        names=("servicekit_cpu_ratio_raw", "servicekit_cpu_ratio_fastapi"),
        what="CPU time of a server with the services' library, over the same without; of a bare ASGI application, and of FastAPI",
    ),
)


def table(figures: Mapping[str, Mapping[str, Any]], old: str = "") -> str:
    """The table; lines of ``old`` where a figure is missing."""
    kept = {line.split(" | ")[0]: line for line in old.splitlines()}
    lines = [
        line.written(figures) if set(line.names) <= set(figures) else kept.get(f"| {line.title}", "") for line in LINES
    ]
    return "\n".join([_row(_HEAD), _row(["---"] * len(_HEAD)), *filter(None, lines)]) + "\n"


def block() -> str:
    """The table as it stands in the page."""
    found = _BLOCK.search(PAGE.read_text())
    assert found, "no block figures"
    return found[2]


def _goal(text: str) -> str:
    """Nothing is below zero."""
    return "0" if text == "<= 0" else text.replace("<=", "≤")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    figures = {
        each["figure"]: each for each in map(json.loads, filter(str.strip, sys.stdin)) if each["value"] is not None
    }
    written = table(figures, block())
    PAGE.write_text(_BLOCK.sub(lambda found: found[1] + written + found[3], PAGE.read_text()))


if __name__ == "__main__":
    main()
