"""
``make figures | .venv/bin/python -m tests.figures.measured``: what was measured, into the pages that tell of it.

Tables are printed from the figures' own lines and typed by nobody. A figure that is not in the input keeps its row's old
values, so that one of them can be measured anew alone.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Figures = Mapping[str, Mapping[str, Any]]
"""By name, each as ``make figures`` printed it."""

_HEAD = ("figure", "what", "measured", "goal", "remark")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a table: figures that are read together."""

    names: tuple[str, ...]
    what: str
    remark: Callable[[Mapping[str, Any]], str] = lambda _: ""
    """Of all that was printed beside the values."""

    @property
    def title(self) -> str:
        return ", ".join(f"`{name}`" for name in self.names)

    def written(self, figures: Figures) -> str:
        measured = ", ".join(_number(figures[name]["value"]) for name in self.names)
        goals = ", ".join(_goal(str(figures[name]["goal"])) for name in self.names)
        beside = {key: value for name in self.names for key, value in figures[name].items()}
        return _row((self.title, self.what, measured, goals, self.remark(beside)))


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table between ``<!-- begin: name -->`` and ``<!-- end: name -->`` of a page."""

    page: Path
    name: str
    lines: tuple[Line, ...]

    def standing(self) -> str:
        """As it stands in the page."""
        found = self._block.search(self.page.read_text())
        assert found, f"{self.page.name} has no block {self.name}"
        return found[2]

    def written(self, figures: Figures, old: str) -> str:
        """Anew; lines of ``old`` where a figure is missing."""
        kept = {line.split(" | ")[0]: line for line in old.splitlines()}
        lines = [
            line.written(figures) if set(line.names) <= set(figures) else kept.get(f"| {line.title}", "")
            for line in self.lines
        ]
        return "\n".join([_row(_HEAD), _row(["---"] * len(_HEAD)), *filter(None, lines)]) + "\n"

    def write(self, figures: Figures) -> None:
        """Into the page."""
        table = self.written(figures, self.standing())
        self.page.write_text(self._block.sub(lambda found: found[1] + table + found[3], self.page.read_text()))

    @property
    def _block(self) -> re.Pattern[str]:
        return re.compile(rf"(<!-- begin: {self.name} -->\n)(.*?)(<!-- end: {self.name} -->)", re.DOTALL)


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _goal(text: str) -> str:
    """Nothing is below zero."""
    return "0" if text == "<= 0" else text.replace("<=", "≤").replace(">=", "≥")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    from tests.figures.pages import TABLES  # which are made of what is defined here

    printed = map(json.loads, (line for line in sys.stdin if line.startswith("{")))
    figures = {each["figure"]: each for each in printed if each["value"] is not None}
    for table in TABLES:
        table.write(figures)


if __name__ == "__main__":
    main()
