"""
Figures of safety: every hostile case on a running operator beside a quiet tenant.

``python -m tests.figures safety`` prints them; ``python -m tests.safety.try_case NAME`` tries one by hand.
"""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tests.figures.engine.figure import at_least, at_most, exactly
from tests.safety.cases import CASES
from tests.safety.world import MOST_MIB, MOST_STALL_MS, world


def hostile_cases() -> Iterator[dict[str, Any]]:
    """All of them, one after the other, by one operator that is never restarted unless one of them ends it."""
    outcomes = []
    with world() as here:
        for case in CASES:
            outcomes.append(here.tries(case))
            print(f"  {case.name}: {'; '.join(outcomes[-1].harm) or 'no harm'}", file=sys.stderr)
        alone = here.alone_seconds
    harmful = [asdict(one) for one in outcomes if one.harm]
    worst = max(outcomes, key=lambda one: one.stall_ms)
    largest = max(outcomes, key=lambda one: one.peak_mib)
    slowest = max(outcomes, key=lambda one: one.delay_seconds)
    yield at_least("hostile_cases", len(outcomes), 60, "cases")
    yield exactly("hostile_cases_harmful", len(harmful), 0, "cases", harmful=harmful)
    yield at_most("loop_stall_ms_max", worst.stall_ms, MOST_STALL_MS, "ms", case=worst.case)
    yield at_most("operator_peak_mib", largest.peak_mib, MOST_MIB, "MiB", case=largest.case)
    yield at_most(
        "neighbour_delay_ratio",
        round(slowest.delay_seconds / alone, 2),
        2,
        "ratio",
        case=slowest.case,
        alone_seconds=round(alone, 2),
        slowest_seconds=slowest.delay_seconds,
    )


FIGURES = (hostile_cases,)
