"""``python -m tests.safety.try_case [NAME ...]``: try hostile cases by hand, all of them without a name; one JSON line each."""

import json
import sys
from dataclasses import asdict

from tests.safety.cases import CASES
from tests.safety.world import world


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - {case.name for case in CASES})
    if unknown:
        print(f"no such case: {', '.join(unknown)}", file=sys.stderr)
        return 2
    harmful = 0
    with world() as here:
        print(f"a change of the quiet tenant takes {here.alone_seconds:.2f} s alone", file=sys.stderr)
        for case in CASES:
            if not names or case.name in names:
                outcome = here.tries(case)
                harmful += bool(outcome.harm)
                print(json.dumps(asdict(outcome)), flush=True)
    return 1 if harmful else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
