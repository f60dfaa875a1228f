"""Random pairs: what is judged compatible is never refuted by an instance, and nothing crashes or hangs."""

import gc
import random
import tracemalloc
from typing import Any

import jsonschema_rs
import pytest

from concordat_contracts.schema import Dialect, Direction, SchemaDocument, Surface, Where, compare_schemas
from concordat_contracts.verdict import Outcome
from tests.contracts.endurance import random_pairs_failed

from .figures import judged, soundness_counterexamples
from .random_schemas import Schemas, spoiled

A_TENTH = 0.1


def test_no_instance_refutes_a_compatible_pair() -> None:
    """Another validator finds no instance that the old side accepts and the new one refuses (a tenth of them)."""
    assert soundness_counterexamples(A_TENTH)["value"] == 0


def test_no_random_pair_fails() -> None:
    """Recursive ``allOf``, deep nesting, ten megabytes: each ends with a verdict, within time and memory (a tenth of them)."""
    found = random_pairs_failed(A_TENTH)

    assert found["large_bytes"] > 10_000_000
    assert found["holds"], found


def test_a_comparison_leaves_nothing_behind() -> None:
    """An operator compares for months: what is remembered of one pair must go with it."""

    def compared(pairs: range) -> int:
        for number in pairs:
            schemas = Schemas(random.Random(f"left-{number % 50}"), modern=True)
            judged(*schemas.pair(), schemas.dialect)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = compared(range(50))  # the same fifty fill what is remembered for good, such as patterns
        after = compared(range(50, 450))
    finally:
        tracemalloc.stop()
    assert after - before < 50_000, f"{after - before:,} bytes after 400 pairs"


@pytest.mark.parametrize("seed", range(300))
def test_malformed_schemas_are_compared_without_an_exception(seed: int) -> None:
    """Whatever stands where a keyword does not allow it ends in a finding, in every dialect and place."""
    rng = random.Random(seed)
    old, new = Schemas(rng).pair()
    old, new, dialect = spoiled(rng, old), spoiled(rng, new), rng.choice(list(Dialect))
    for surface in (Surface.DOCUMENT, Surface.BODY, Surface.PARAMETER):
        documents = SchemaDocument(old, dialect), SchemaDocument(new, dialect)
        where = Where(surface=surface)
        assert isinstance(compare_schemas(documents[0], old, documents[1], new, Direction.BOTH, where=where), list)


@pytest.mark.skipif(not hasattr(jsonschema_rs, "canonicalize"), reason="this jsonschema-rs compares no schemas yet")
@pytest.mark.parametrize("seed", range(500))
def test_another_engine_never_says_the_opposite(seed: int) -> None:
    """Where jsonschema-rs decides containment, it decides as we do; neither shares code with the other."""
    schemas = Schemas(random.Random(f"engines-{seed}"), modern=seed % 2 == 0)
    old, new = schemas.pair()
    theirs = contained(old, new, 20 if schemas.modern else 7)
    ours = judged(old, new, schemas.dialect)
    assert (theirs, ours) not in {("no", Outcome.COMPATIBLE), ("yes", Outcome.BREAKING)}


def contained(old: Any, new: Any, draft: int) -> str:
    """``yes``, ``no`` or ``unknown``."""
    options: Any = {"draft": draft, "validate_formats": True, "offline": True}
    try:
        sender, receiver = (jsonschema_rs.canonicalize(schema, **options) for schema in (old, new))
        return str(receiver.covers(sender)).rsplit(".", 1)[-1].lower()
    except (ValueError, jsonschema_rs.ReferencingError):
        return "unknown"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_instance_refutes_a_compatible_pair_in_100_000() -> None:
    """The whole figure."""
    assert soundness_counterexamples()["holds"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_random_pair_fails_in_10_000() -> None:
    """The whole figure."""
    assert random_pairs_failed()["holds"]
