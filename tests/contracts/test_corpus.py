"""
Every hand-labelled pair gets the verdict its author gave it.
"""

from collections.abc import Iterator

import pytest

from concordat_contracts import RULES, Severity, compare
from tests.contracts.corpus_pairs import Pair, pairs

FORMATS = ("openapi", "asyncapi", "graphql")
PLACES = ("parameter-property", "header-property", "parameter", "header", "property", "body")


def _all() -> Iterator[Pair]:
    for format_name in FORMATS:
        yield from pairs(format_name)


@pytest.mark.parametrize("pair", [pytest.param(each, id=each.name) for each in _all()])
def test_a_pair_gets_its_verdict(pair: Pair) -> None:
    """Breaking is called breaking, compatible compatible; warnings are given where the label says so."""
    verdict = compare(pair.old, pair.new, policy=pair.policy)

    assert pair.verdict == verdict.outcome.value, pair.reason
    assert pair.warns <= {each.id for each in verdict.findings if each.severity is Severity.WARNING}


@pytest.mark.parametrize("pair", [pytest.param(each, id=each.name) for each in _all()])
def test_nothing_breaks_when_nothing_changes(pair: Pair) -> None:
    """A document is compatible with itself, whichever it is."""
    for document in (pair.old, pair.new):
        assert () == compare(document, document, policy=pair.policy).findings


@pytest.mark.parametrize(("format_name", "least"), [("openapi", 250), ("asyncapi", 60), ("graphql", 60)])
def test_a_third_of_the_corpus_is_compatible(format_name: str, least: int) -> None:
    """A corpus without alarming but harmless changes would reward crying wolf."""
    labels = [each.verdict for each in pairs(format_name)]

    assert len(labels) >= least
    assert labels.count("compatible") * 3 >= len(labels)


def test_every_breaking_rule_has_a_pair() -> None:
    """No error of the catalogue goes without an example; of rules about schemas, one place stands for all."""
    cited = {rule for each in _all() for rule in each.rules}
    concepts = {name for rule in RULES.values() if rule.id in cited for name in _siblings(rule.id)}

    errors = {rule.id for rule in RULES.values() if rule.severity is Severity.ERROR}
    unnamed = {rule for rule in errors if rule.endswith(("-narrowed", "-widened"))}  # where no better name was found

    assert set() == errors - cited - concepts - unnamed


def _siblings(rule: str) -> Iterator[str]:
    """The same difference at the other places of a schema: in a body, a property, a parameter, a header."""
    for place in PLACES:
        head, mark, concept = rule.partition(f"-{place}-")
        if mark:
            yield from (f"{head}-{other}-{concept}" for other in PLACES)
            return
