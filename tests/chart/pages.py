"""
What the chart says of itself, and its copies of the CustomResourceDefinitions; ``make generated`` writes them.

The table of values comes from the comments in ``values.yaml``, that of rights from the templates of the roles.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.chart.helm import CHART

ROOT = CHART.parents[1]


@dataclass(frozen=True, kw_only=True)
class DocumentedValue:
    """A value with its default and the comment above it."""

    path: str
    default: Any
    text: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page with one part that is made: between ``<!-- made: NAME -->`` and ``<!-- end: NAME -->``."""

    path: Path
    part: str
    make: Callable[[], str]

    def text(self) -> str:
        """The whole page with its part made anew."""
        opening, closing = f"<!-- made: {self.part} -->", f"<!-- end: {self.part} -->"
        before, rest = self.path.read_text().split(opening)
        _old, after = rest.split(closing)
        return f"{before}{opening}\n{self.make()}\n{closing}{after}"


def documented_values() -> Iterator[DocumentedValue]:
    """Every value of ``values.yaml`` that a comment ``# -- ...`` explains, in their order."""
    text = (CHART / "values.yaml").read_text()
    values = yaml.safe_load(text)
    parents: list[str] = []
    explanation = ""
    for line in text.splitlines():
        if comment := re.match(r" *# -- (.*)", line):
            explanation = comment[1]
        elif key := re.match(r"( *)(\w+):", line):
            parents = [*parents[: len(key[1]) // 2], key[2]]
            if explanation:
                yield DocumentedValue(path=".".join(parents), default=_at(values, parents), text=explanation)
            explanation = ""


def _at(values: Any, path: list[str]) -> Any:
    for key in path:
        values = values[key]
    return values


def values_table() -> str:
    """One row a value."""
    rows = [f"| `{value.path}` | `{json.dumps(value.default)}` | {value.text} |" for value in documented_values()]
    return "\n".join(["| value | default | what it does |", "|---|---|---|", *rows])


RIGHTS = {
    "_rights.tpl": "every namespace it looks after",
    "leader-election.yaml": "its own",
    "webhook.yaml": "the cluster's, with `scope: cluster`",
}
"""Template with rules of the operator's -> where they hold."""


def rights_table() -> str:
    """One row a rule of the operator's roles, with the comment above it."""
    rows = [
        f"| {why} | {_words(rule['resources'])} | {rule['apiGroups'][0] or 'core'} | {_words(rule['verbs'])} | {where} |"
        for source, where in RIGHTS.items()
        for why, rule in _rules((CHART / "templates" / source).read_text())
    ]
    return "\n".join(["| for | resources | API group | verbs | where |", "|---|---|---|---|---|", *rows])


def _rules(template: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rules as written, each with the comment nearest above it; the one template in them is a resource's name."""
    why = ""
    for block in re.split(r"(?m)^ *(?=# )", template):
        comment, _, body = block.removeprefix("# ").partition("\n")
        why = comment
        for found in re.findall(r"(?m)^ *- apiGroups: .*\n(?: +\w+: .*\n)+", body):
            (rule,) = yaml.safe_load(re.sub(r"\{\{.*?\}\}", "its-own", found))
            if "verbs" in rule:  # what is asked of a webhook is written much the same
                yield why, rule


def _words(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


PAGES = (
    Page(path=CHART / "README.md", part="values", make=values_table),
    Page(path=ROOT / "docs" / "install.md", part="rights", make=rights_table),
)

GENERATED: dict[str, Callable[[], str]] = {str(page.path.relative_to(ROOT)): page.text for page in PAGES} | {
    f"charts/concordat/files/crds/{crd.name}": crd.read_text for crd in (ROOT / "crds").glob("*.yaml")
}
"""File -> what it holds; part of ``python -m tests.generated``."""
