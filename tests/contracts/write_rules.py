"""
``python -m tests.contracts.write_rules``: write the catalogue into ``docs/contracts.md``.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from concordat_contracts import RULES, InvalidDocument, Outcome, Rule, compare
from tests.contracts.corpus_pairs import CORPUS, Pair, pairs

PAGE = Path(__file__).parents[2] / "docs" / "contracts.md"
_BEGIN = "<!-- rules: written by `python -m tests.contracts.write_rules` -->\n"
_END = "<!-- end of rules -->\n"
_GENERAL = frozenset({"asyncapi", "graphql", "request", "response", "added", "removed", "changed", "became"})
_PLACES = ("body", "property", "parameter-property", "parameter", "header-property", "header")


def tables() -> str:
    """Every rule by area; rules about schemas have one line for all places they are found at."""
    examples = _examples()
    rules = sorted(RULES.values(), key=lambda rule: (rule.area.endswith("schemas"), rule.area))
    parts = []
    for area, group in groupby(rules, key=lambda rule: rule.area):
        members = list(group)
        rows = list(_schema_rows(members, examples) if area.endswith("schemas") else _rows(members, examples))
        parts.append(
            "\n".join(
                [
                    f"### {area.capitalize()}",
                    "",
                    "| rule | | says | breaks | is fine |",
                    "|---|---|---|---|---|",
                    *sorted(rows),
                ]
            )
        )
    return "\n" + "\n\n".join(parts) + "\n\n"


def page() -> str:
    """The page with the tables as they should be."""
    text = PAGE.read_text()
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return head + _BEGIN + tables() + _END + tail


def _rows(rules: list[Rule], examples: dict[str, str]) -> Iterator[str]:
    for rule in rules:
        yield f"| `{rule.id}` | {rule.severity.value} | {rule.says} | {_link(rule.id, examples)} |"


def _schema_rows(rules: list[Rule], examples: dict[str, str]) -> Iterator[str]:
    """One row for ``request-body-max-set``, ``request-property-max-set``, ...: ``request-{body,property,...}-max-set``."""
    merged: dict[tuple[str, str], list[tuple[str, Rule]]] = {}
    for rule in rules:
        place = next((each for each in _PLACES if rule.id.startswith(f"{rule.id.partition('-')[0]}-{each}-")), "")
        direction = rule.id.partition("-")[0]
        concept = rule.id.removeprefix(f"{direction}-{place}-") if place else rule.id
        merged.setdefault((direction if place else "", concept), []).append((place, rule))
    for (direction, concept), members in merged.items():
        places = ",".join(sorted(place for place, _ in members if place))
        name = f"{direction}-{{{places}}}-{concept}" if "," in places else members[0][1].id
        example = next((link for _, rule in members if (link := examples.get(rule.id))), " | ")
        yield f"| `{name}` | {members[0][1].severity.value} | {members[0][1].says} | {example} |"


def _examples() -> dict[str, str]:
    """For each rule a pair that it refuses and a change that it lets through, as cells of the table."""
    corpus = {f"{name}/{pair.name}": pair for name in ("openapi", "asyncapi", "graphql") for pair in pairs(name)}
    bad: dict[str, tuple[int, str]] = {}
    for name, pair in corpus.items():
        for rule in (*pair.rules, *pair.warns):
            candidate = (len(pair.rules), name)
            bad[rule] = min(bad.get(rule, candidate), candidate)
    turned: dict[str, bool] = {}
    cells = {}
    for rule, (_, name) in bad.items():
        if name not in turned:
            turned[name] = _is_fine_turned_round(corpus[name])
        good = "the same pair, new to old" if turned[name] else _link_to(_nearest(rule, name, corpus))
        cells[rule] = f"{_link_to(name)} | {good}"
    return cells


def _is_fine_turned_round(pair: Pair) -> bool:
    try:
        return compare(pair.new, pair.old, policy=pair.policy).outcome is Outcome.COMPATIBLE
    except InvalidDocument:
        return False


def _nearest(rule: str, bad: str, corpus: dict[str, Pair]) -> str:
    """The compatible pair of the same format whose name has the most words of the rule, or none."""
    format_name, words = bad.partition("/")[0], set(rule.split("-")) - _GENERAL
    candidates = [
        name for name, pair in corpus.items() if name.startswith(f"{format_name}/") and pair.verdict == "compatible"
    ]
    best = min(candidates, key=lambda name: (-len(words & set(corpus[name].name.split("-"))), len(name), name))
    return best if words & set(corpus[best].name.split("-")) else ""


def _link_to(name: str) -> str:
    return f"[{name}](../tests/contracts/{CORPUS.name}/{name}.yaml)" if name else ""


def _link(rule: str, examples: dict[str, str]) -> str:
    return examples.get(rule, " | ")


if __name__ == "__main__":
    PAGE.write_text(page())
