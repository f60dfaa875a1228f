"""
``python -m tests.figures [GROUP ...]``: measure, print one JSON line a figure, end with 1 if one does not hold.
"""

import importlib
import json
import os
import platform
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

GROUPS: dict[str, tuple[str, ...]] = {
    "backbone": ("tests.figures.engine", "tests.figures.e2e", "tests.figures.lab", "tests.figures.api"),
    "contracts": (
        "tests.contracts.figures",
        "tests.contracts.schema.figures",
        "tests.contracts.admission_figures",
        "tests.contracts.matrix_figures",
    ),
    "observability": (
        "tests.slo.figures",
        "tests.dashboards.figures",
        "tests.live.figures",
        "tests.samples.servicekit.figures",
    ),
    "safety": (
        "tests.safety.fuzz",
        "tests.safety.patterns",
        "tests.safety.egress",
        "tests.safety.loop",
        "tests.safety.neighbours",
    ),
}
"""Modules with a ``FIGURES`` sequence of functions."""


def main(groups: list[str]) -> int:
    unknown = sorted(set(groups) - set(GROUPS))
    if unknown:
        print(f"no such group: {', '.join(unknown)}; there are {', '.join(GROUPS)}", file=sys.stderr)
        return 2

    missed = 0
    for figure in _measured(groups or list(GROUPS)):
        print(json.dumps({**figure, "cores": os.cpu_count(), "python": platform.python_version()}), flush=True)
        missed += not figure["holds"]
    return 1 if missed else 0


def _measured(groups: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for group in groups:
        for name in GROUPS[group]:
            for measure in importlib.import_module(name).FIGURES:
                print(f"measuring {group}: {measure.__name__}", file=sys.stderr)
                try:
                    result = measure()
                except Exception as error:
                    traceback.print_exc()
                    result = {
                        "figure": measure.__name__,
                        "value": None,
                        "unit": "",
                        "goal": "",
                        "holds": False,
                        "error": repr(error),
                    }
                yield from [result] if isinstance(result, Mapping) else result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
