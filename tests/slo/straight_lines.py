"""
Counters and records that rise evenly, in Prometheus' own storage, and what rules cost on them.

Both by ``tools/history``, a small program on Prometheus' packages; as OpenMetrics text for promtool 500 services are 8 GB.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from concordat_lab.programs import binaries


@dataclass(frozen=True, kw_only=True)
class Line:
    """One series: a value every ``step`` seconds from ``begin`` to before ``end``, seconds since 1970."""

    name: str
    labels: Mapping[str, str]
    begin: int
    end: int
    step: int
    first: float = 0.0
    rise: float = 0.0
    """From one sample to the next."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of the groups of one interval, each evaluated once."""

    interval: float
    """Seconds."""
    evaluations: int
    cpu_seconds: float


def write(lines: Iterable[Line], data: Path) -> None:
    """A block in ``data``, of which Prometheus and promtool make a storage."""
    (data / "wal").mkdir(parents=True, exist_ok=True)
    _history("write", data, lines=lines)


def evaluate(data: Path, rules: Path, lines: Iterable[Line]) -> list[Cost]:
    """
    Every group of the file ``rules``, on what is in ``data``; ``lines`` go on rising meanwhile.

    :raises subprocess.CalledProcessError: a rule cannot be evaluated; standard error says which.
    """
    costs = map(json.loads, _history("evaluate", data, rules, lines=lines).splitlines())
    return [Cost(**cost) for cost in costs]


def _history(*arguments: str | Path, lines: Iterable[Line]) -> str:
    program = binaries.locate(["history"])["history"]
    series = "\n".join(map(_json, lines))
    return subprocess.run([program, *arguments], input=series, text=True, check=True, stdout=subprocess.PIPE).stdout


def _json(line: Line) -> str:
    milliseconds = {"from": line.begin * 1000, "until": line.end * 1000, "step": line.step * 1000}
    labels = {"__name__": line.name, **line.labels}
    return json.dumps({"labels": labels, "first": line.first, "rise": line.rise, **milliseconds})
