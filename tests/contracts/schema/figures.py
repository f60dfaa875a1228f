"""
The figures of the schema comparer: agreement with the hand-labelled corpus, and soundness on random pairs.

Each function returns ``{"figure", "value", "unit", "goal", "holds"}``; ``share`` runs a part of the random ones.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from concordat_contracts.schema import Dialect, Direction, SchemaDocument, Surface, Where, compare_schemas
from concordat_contracts.verdict import Outcome, Verdict

from .random_schemas import Schemas

CORPUS = Path(__file__).parent.parent / "corpus" / "jsonschema"
PLAIN = Where(surface=Surface.DOCUMENT)
INSTANCES = 100_000
INSTANCES_A_PAIR = 20
SEED = "concordat"
FORMATS = jsonschema.FormatChecker(["date", "ipv4", "uuid"])


@dataclass(frozen=True, kw_only=True)
class Case:
    """One pair of the corpus, labelled by hand."""

    name: str
    reason: str
    dialect: Dialect
    direction: Direction
    expected: Outcome
    old: Any
    new: Any

    def judged(self) -> Outcome:
        """What the comparer says."""
        old, new = SchemaDocument(self.old, self.dialect), SchemaDocument(self.new, self.dialect)
        return Verdict.of(compare_schemas(old, self.old, new, self.new, self.direction, where=PLAIN)).outcome


def cases() -> list[Case]:
    """The corpus, in the order of its file names."""
    return [_case(path) for path in sorted(CORPUS.glob("*.yaml"))]


def _case(path: Path) -> Case:
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Case(
        name=path.stem,
        reason=written["reason"],
        dialect=Dialect(written["dialect"]),
        direction=Direction(written["direction"]),
        expected=Outcome(written["verdict"]),
        old=written["old"],
        new=written["new"],
    )


def jsonschema_agreement_pct() -> dict[str, Any]:
    """How often the verdict on a pair of the corpus is the one on its label."""
    all_cases = cases()
    agreed = sum(case.judged() is case.expected for case in all_cases)
    value = round(100 * agreed / len(all_cases), 2)
    return _figure("jsonschema_agreement_pct", value, f"% of {len(all_cases)} pairs", ">= 97", value >= 97)


def wrong_compatible() -> dict[str, Any]:
    """Pairs judged compatible that are labelled breaking."""
    wrong = sum(case.judged() is Outcome.COMPATIBLE for case in cases() if case.expected is Outcome.BREAKING)
    return _figure("wrong_compatible", wrong, "pairs", "0", wrong == 0)


def soundness_counterexamples(share: float = 1.0) -> dict[str, Any]:
    """Instances of a sender that the receiver refuses, of pairs judged compatible; another validator is the judge."""
    instances = round(INSTANCES * share)
    found = list(counterexamples(instances))
    return _figure("soundness_counterexamples", len(found), f"in {instances} instances", "0", not found)


def counterexamples(instances: int) -> Iterator[tuple[Any, Any, Any]]:
    """``(old, new, instance)`` where a pair judged compatible is refuted; ends after so many instances that count."""
    number = counted = 0
    while counted < instances:
        rng = random.Random(f"{SEED}-{number}")
        schemas = Schemas(rng, modern=number % 2 == 0)
        number += 1
        old, new = schemas.pair()
        if old == new or judged(old, new, schemas.dialect) is not Outcome.COMPATIBLE:
            continue
        sent, received = (validator(schemas.dialect)(schema, format_checker=FORMATS) for schema in (old, new))
        for _ in range(INSTANCES_A_PAIR):
            instance = schemas.instance(old, old)
            if not sent.is_valid(instance):
                continue
            counted += 1
            if not received.is_valid(instance):
                yield old, new, instance


def judged(old: Any, new: Any, dialect: Dialect) -> Outcome:
    """The verdict on a pair, as a plain JSON Schema whose instances the old side sends."""
    documents = SchemaDocument(old, dialect), SchemaDocument(new, dialect)
    found = compare_schemas(documents[0], old, documents[1], new, Direction.REQUEST, where=PLAIN)
    return Verdict.of(found).outcome


def validator(dialect: Dialect) -> Any:
    """The independent validator of a dialect."""
    return jsonschema.Draft202012Validator if dialect is Dialect.DRAFT_2020_12 else jsonschema.Draft7Validator


def _figure(name: str, value: float, unit: str, goal: str, holds: bool) -> dict[str, Any]:
    return {"figure": name, "value": value, "unit": unit, "goal": goal, "holds": holds}


FIGURES = (jsonschema_agreement_pct, wrong_compatible, soundness_counterexamples)
"""In the order ``make figures GROUP=contracts`` measures them."""
