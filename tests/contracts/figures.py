"""
Figures of the document comparer: the corpus, the largest public API, and consumers judged safe.

``python -m tests.figures contracts`` prints them. The GitHub documents come from npm (``npm pack @octokit/openapi``), into a
temporary folder that later runs find again.
"""

import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from concordat_contracts import Outcome, Severity, compare
from tests.contracts.corpus_pairs import pairs
from tests.contracts.endurance import random_pairs_failed
from tests.contracts.random_contracts import unsound

Figure = Mapping[str, Any]
_GITHUB = ("19.0.0", "23.0.2")
_TRIALS = 100_000


def openapi_corpus() -> list[Figure]:
    """Recall, false alarms and right rule ids on the hand-labelled pairs."""
    breaking, compatible = _scored("openapi")
    found = [each for each in breaking if each[0]]
    right = [each for each in found if each[1]]
    alarms = [each for each in compatible if each[0]]
    return [
        _share("openapi_recall_pct", len(found), len(breaking), ">=", 98),
        _share("openapi_false_alarm_pct", len(alarms), len(compatible), "<=", 1),
        _share("rule_id_right_pct", len(right), len(breaking), ">=", 90),
    ]


def graphql_corpus() -> list[Figure]:
    """The same for GraphQL."""
    return _recall("graphql")


def asyncapi_corpus() -> list[Figure]:
    """The same for AsyncAPI."""
    return _recall("asyncapi")


def github() -> list[Figure]:
    """GitHub's REST API, 11.3 against 13.0 MB: time as a multiple of ``json.loads`` of both, and peak memory."""
    old, new = (str(_github_document(version)) for version in _GITHUB)
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", _MEASURE, old, new], check=True, capture_output=True, text=True
            ).stdout
        )
        for _ in range(5)
    ]
    ratio, peak = statistics.median(each["ratio"] for each in runs), max(each["peak"] for each in runs)
    return [
        _figure("github_compare_over_load", round(ratio, 2), "x", "<= 4", ratio <= 4, runs=runs),
        _figure("github_peak_mib", round(peak), "MiB", "<= 300", peak <= 300),
    ]


def consumers() -> Figure:
    """Consumers judged safe that an instance proves otherwise."""
    wrong = unsound(_TRIALS, seed=14)
    return _figure("consumer_unsound", len(wrong), f"of {_TRIALS:,}", "0", not wrong, examples=wrong[:3])


FIGURES: tuple[Callable[[], Figure | list[Figure]], ...] = (
    openapi_corpus,
    graphql_corpus,
    asyncapi_corpus,
    github,
    consumers,
    random_pairs_failed,
)

_MEASURE = """
import json, sys, time
from concordat_contracts import compare
texts = [open(path).read() for path in sys.argv[1:]]
started = time.process_time()
old, new = (json.loads(text) for text in texts)
loaded = time.process_time()
verdict = compare(old, new)
compared = time.process_time()
status = open("/proc/self/status").read()  # ru_maxrss also counts what the process that forked this one held
print(json.dumps({
    "ratio": (compared - loaded) / (loaded - started),
    "load_s": loaded - started,
    "compare_s": compared - loaded,
    "peak": int(status.partition("VmHWM:")[2].split()[0]) / 1024,
    "verdict": verdict.outcome,
    "findings": len(verdict.findings),
}))
"""


def _scored(format_name: str) -> tuple[list[tuple[bool, bool]], list[tuple[bool, bool]]]:
    """``(alarmed, ids right)`` of the breaking and of the compatible pairs."""
    scores: dict[str, list[tuple[bool, bool]]] = {"breaking": [], "compatible": []}
    for pair in pairs(format_name):
        verdict = compare(pair.old, pair.new, policy=pair.policy)
        cited = {each.id for each in verdict.findings if each.severity is Severity.ERROR}
        alarmed = verdict.outcome is (Outcome.BREAKING if pair.verdict == "breaking" else verdict.outcome)
        alarmed = alarmed and verdict.outcome is not Outcome.COMPATIBLE
        scores[pair.verdict].append((alarmed, cited <= pair.rules))
    return scores["breaking"], scores["compatible"]


def _recall(format_name: str) -> list[Figure]:
    breaking, compatible = _scored(format_name)
    return [
        _share(f"{format_name}_recall_pct", sum(each[0] for each in breaking), len(breaking), ">=", 98),
        _share(f"{format_name}_false_alarm_pct", sum(each[0] for each in compatible), len(compatible), "<=", 1),
    ]


def _share(name: str, count: int, total: int, sense: str, goal: float) -> Figure:
    percent = 100 * count / total
    holds = percent >= goal if sense == ">=" else percent <= goal
    return _figure(name, round(percent, 2), "%", f"{sense} {goal}", holds, count=count, total=total)


def _figure(name: str, value: float, unit: str, goal: str, holds: bool, **raw: Any) -> Figure:
    return {"figure": name, "value": value, "unit": unit, "goal": goal, "holds": holds, **raw}


def _github_document(version: str) -> Path:
    folder = Path(tempfile.gettempdir()) / "concordat-figures" / f"octokit-openapi-{version}"
    target = folder / "api.github.com.json"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "pack", "--silent", f"@octokit/openapi@{version}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with tarfile.open(next(folder.glob("*.tgz"))) as archive:
            member = archive.extractfile("package/generated/api.github.com.json")
            assert member is not None
            target.write_bytes(member.read())
    return target
