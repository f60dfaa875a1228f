"""
Random pairs, recursive, deep and large ones among them, and what comparing them costs.

``python -m tests.contracts.endurance PAIRS`` compares them in a process of its own and prints how many failed, the longest any took
and the most memory ever held. A pair fails that raises, takes longer than it may, or begins when too much memory is held already.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from concordat_contracts import compare, parse_text
from concordat_contracts.schema import Dialect
from tests.contracts.random_contracts import document_pair, large_pair
from tests.contracts.schema.figures import judged
from tests.contracts.schema.random_schemas import Schemas, monsters

PAIRS = 10_000
SEED = "concordat"
MOST_MIB = 300
LONGEST_S = 30.0
"""CPU seconds; the slowest of the small ones takes about one, the large one five."""
LARGE_BYTES = 10_000_000


def random_pairs_failed(share: float = 1.0) -> dict[str, Any]:
    """Pairs on which the comparer raised, gave no verdict in time, or held more memory than it may."""
    pairs = round(PAIRS * share)
    found = measured(pairs)
    return {
        "figure": "random_pairs_failed",
        "value": found["failed"],
        "unit": f"of {pairs:,} pairs",
        "goal": "0",
        "holds": found["failed"] == 0,
        **found,
    }


def measured(pairs: int) -> dict[str, Any]:
    """``{"failed", "slowest_s", "peak_mib", "large_bytes"}`` of so many pairs, compared in a new process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.contracts.endurance", str(pairs)],
        cwd=Path(__file__).parents[2],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _endured(pairs: int) -> dict[str, Any]:
    failed = 0
    slowest = 0.0
    large = 0
    for number, make in enumerate(_makers(pairs)):
        old, new = make(random.Random(f"{SEED}-endurance-{number}"))
        if isinstance(old, str):
            large = max(large, len(old))
        started = time.process_time()
        try:
            _compare(old, new, Dialect.DRAFT_7 if make is _classic else Dialect.DRAFT_2020_12)
            ended = True
        except Exception:
            ended = False
        took = time.process_time() - started
        slowest = max(slowest, took)
        failed += not ended or took > LONGEST_S or _peak_mib() > MOST_MIB
    return {
        "failed": failed,
        "slowest_s": round(slowest, 2),
        "peak_mib": round(_peak_mib()),
        "large_bytes": large,
    }


def _makers(pairs: int) -> Iterator[Callable[[random.Random], tuple[Any, Any]]]:
    """The large document first: what it leaves behind must not grow."""
    yield _large
    for number in range(1, pairs):
        if number % 10 == 0:
            yield monsters
        elif number % 10 == 5:
            yield document_pair
        else:
            yield _modern if number % 2 else _classic


def _large(rng: random.Random) -> tuple[str, str]:
    """Ten megabytes of text each."""
    old, new = (json.dumps(each, indent=1) for each in large_pair(rng, operations=2500, words=480))
    assert min(len(old), len(new)) > LARGE_BYTES, (len(old), len(new))
    return old, new


def _modern(rng: random.Random) -> tuple[Any, Any]:
    return Schemas(rng, modern=True).pair()


def _classic(rng: random.Random) -> tuple[Any, Any]:
    return Schemas(rng, modern=False).pair()


def _compare(old: Any, new: Any, dialect: Dialect) -> None:
    if isinstance(old, str):
        old, new = parse_text(old), parse_text(new)
    if isinstance(old, dict) and "openapi" in old:
        compare(old, new)
    else:
        judged(old, new, dialect)


def _peak_mib() -> float:
    """Of this program: ``ru_maxrss`` also counts what the process that forked it held."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    print(json.dumps(_endured(int(sys.argv[1]))))
