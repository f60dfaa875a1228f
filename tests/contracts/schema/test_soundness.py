"""Random pairs: what is judged compatible is never refuted by an instance, and nothing crashes or hangs."""

import pytest

from .figures import random_pairs_failed, soundness_counterexamples

A_TENTH = 0.1


def test_no_instance_refutes_a_compatible_pair() -> None:
    """Another validator finds no instance that the old side accepts and the new one refuses (a tenth of them)."""
    assert soundness_counterexamples(A_TENTH)["value"] == 0


def test_no_random_pair_fails() -> None:
    """Recursive ``allOf``, deep nesting, wide unions: each ends with a verdict (a tenth of them)."""
    assert random_pairs_failed(A_TENTH)["value"] == 0


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
