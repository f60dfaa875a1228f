"""
``python -m tests.contracts.oracle [PAIRS]``: our verdicts beside oasdiff's, on the corpus and on random pairs.

Needs ``oasdiff`` on the path (``go install github.com/oasdiff/oasdiff@latest``). Either may be right: every difference is put under a
reason, and one without a reason ends with 1.
"""

import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from concordat_contracts import Outcome, Policy, Severity, compare
from tests.contracts import random_contracts
from tests.contracts.corpus_pairs import pairs

WE_SAY_MORE: tuple[tuple[str, str], ...] = (
    (r"callback-|parameter-content-|parameter-schema-became-content", "oasdiff does not look at callbacks and content parameters"),
    (r"style|explode|deep-object|allow-empty|allow-reserved|encoding-changed|collection-format", "nor at how values are written"),
    (r"unevaluated-|additional-properties|unique-items|multiple-of|max-properties|min-properties|property-names", "nor at these keywords"),
    (r"not-(added|changed|removed)|items-|contains-changed|-(then|else|if)-|min-length|min-items|pattern|prefix", "nor at these keywords"),
    (r"header-content-changed|dependent-schema|list-of-types|wrapped|max-unset|min-unset|max-items|nullable|exclusive", "nor at these keywords"),
    (r"optional-property-removed|optional-response-header|removed-nested|all-of-member|all-of-removed|trait", "it lists as information what readers lose"),
    (r"default-(added|changed|removed)", "it lists as information what leaving a parameter out means"),
    (r"default-overridden|range-narrowed-with-other-body", "it does not hold a status against the range that announced it"),
    (r"free-form|not-read-only", "nor at what nobody declared, or nobody could send before"),
    (r"api-security|became-not-enum|webhook-|not-write-only|in-items|became-write-only", "it lists the change as information"),
)  # fmt: skip
"""Pairs (by name) that only we call breaking."""

IT_SAYS_MORE: tuple[tuple[str, str], ...] = (
    (r"all-of|one-of|any-of|spelled|wrapped|reordered|same|to-|tuple-", "the same set of instances, written otherwise"),
    (r"range|status-into|ignored-header|moved-to-path|scheme-renamed|case", "it compares names where the specification compares meaning"),
    (r"webhook-property|callback", "a webhook's request is what its receiver gets"),
    (r"within-enum|const-|integer|pattern-anchored|unrolled|maximum-as", "no instance shows the difference"),
    (r"implied|alone|of-one|-one\Z|removed-open|unused-scheme", "nothing that was sent or used is concerned"),
    (r"deprecated|sunset|beta", "the corpus passes a policy or a day that oasdiff reads elsewhere"),
    (r"closed|path-item-reference|path-parameter-widened|query-integer|swagger", "it reads the document more narrowly"),
)  # fmt: skip
"""Pairs that only oasdiff calls breaking."""


def main(count: int) -> int:
    program = shutil.which("oasdiff")
    if program is None:
        print("oasdiff is not on the path: go install github.com/oasdiff/oasdiff@latest", file=sys.stderr)
        return 2
    tally: Counter[str] = Counter()
    for name, old, new, policy in (*_corpus(), *_random(count)):
        theirs = _oasdiff(program, old, new, policy)
        verdict = compare(old, new, policy=policy)
        ours = verdict.outcome is not Outcome.COMPATIBLE
        if theirs is None:
            tally["oasdiff cannot read the pair"] += 1
        elif ours == bool(theirs):
            tally["agreed"] += 1
        else:
            cited = {each.id for each in verdict.findings if each.severity is Severity.ERROR}
            tally[_reason(name, ours=ours, cited=cited, theirs=theirs)] += 1
    for reason, number in tally.most_common():
        print(f"{number:5}  {reason}")
    return 1 if any(reason.startswith("UNEXPLAINED") for reason in tally) else 0


def _reason(name: str, *, ours: bool, cited: set[str], theirs: set[str]) -> str:
    if name == "random":
        if ours and cited == {"response-optional-property-removed"}:
            return "only we: it lists as information what readers lose"
        if not ours and theirs == {"response-property-max-length-unset"}:
            return "only oasdiff: no instance shows the difference"
    for pattern, reason in WE_SAY_MORE if ours else IT_SAYS_MORE:
        if re.search(pattern, name):
            return f"only {'we' if ours else 'oasdiff'}: {reason}"
    return f"UNEXPLAINED {name}: ours {sorted(cited)}, theirs {sorted(theirs)}"


def _corpus() -> Iterator[tuple[str, Any, Any, Policy]]:
    for pair in pairs("openapi"):
        if "swagger" not in pair.old:
            yield pair.name, pair.old, pair.new, pair.policy


def _random(count: int) -> Iterator[tuple[str, Any, Any, Policy]]:
    rng = random.Random(77)
    for _ in range(count):
        yield ("random", *random_contracts.document_pair(rng), Policy())


def _oasdiff(program: str, old: Any, new: Any, policy: Policy) -> set[str] | None:
    """The rules oasdiff cites as breaking; ``None`` where it cannot read a side."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / "old.json", Path(folder) / "new.json"]
        for file, document in zip(files, (old, new), strict=True):
            file.write_text(json.dumps(document))
        days = ["--deprecation-days-stable", str(policy.grace_days_stable)] if policy.grace_days_stable else []
        done = subprocess.run(
            [program, "breaking", *map(str, files), "-f", "json", "--flatten-allof", *days],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode not in (0, 1):
        return None
    return {each["id"] for each in json.loads(done.stdout)} if done.stdout.strip() else set()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
