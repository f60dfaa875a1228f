"""
The comparison with Sloth's layout, sampled; ``make figures GROUP=observability`` makes it with 500 services.
"""

import subprocess
from pathlib import Path

import pytest
import yaml

from concordat_lab.programs.tools import TOOLS
from tests.slo import benchmark, straight_lines
from tests.slo.promtool import every_promtool
from tests.slo.straight_lines import Line

BEGIN = 1_795_600_000
COUNTER = Line(name="events_total", labels={"job": "a"}, begin=BEGIN, end=BEGIN + 200 * 30, step=30, rise=3)
RECORD = Line(name="rate", labels={"job": 'b"c'}, begin=BEGIN - 30, end=BEGIN + 60, step=30, first=0.1)


def test_ours_cost_less_than_theirs() -> None:
    """Sampled with six services; it is CPU time, and all groups are evaluated as often as they should be."""
    found = benchmark.compare(6)

    assert 0 < found.ours < found.sloth
    assert found.ratio < 0.8


def test_what_is_written_is_what_was_asked_for(tmp_path: Path) -> None:
    """Every sample, as each promtool reads it."""
    straight_lines.write([COUNTER, RECORD], tmp_path)
    expected = [
        *(f'{{__name__="events_total", job="a"}} {3 * i} {(BEGIN + 30 * i) * 1000}' for i in range(200)),
        *(f'{{__name__="rate", job="b\\"c"}} 0.1 {(BEGIN + 30 * i) * 1000}' for i in (-1, 0, 1)),
    ]
    for tool in every_promtool():
        dumped = subprocess.run([tool, "tsdb", "dump", tmp_path], check=True, capture_output=True, text=True).stdout
        assert expected == dumped.splitlines()


def test_a_line_without_samples_is_refused(tmp_path: Path) -> None:
    """Instead of a block nobody can read."""
    with pytest.raises(subprocess.CalledProcessError):
        straight_lines.write([Line(name="x", labels={}, begin=BEGIN, end=BEGIN, step=30)], tmp_path)


def test_each_group_is_evaluated_once(tmp_path: Path) -> None:
    """All groups of an interval are evaluated once, and what cannot be is an error."""
    straight_lines.write([COUNTER], tmp_path / "data")
    every = [
        {"name": name, "interval": "30s", "rules": [{"record": name, "expr": "rate(events_total[1m])"}]}
        for name in ("a", "b", "c")
    ]
    impossible = {"record": "d", "expr": "events_total + on () group_left () (events_total or vector(1))"}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": every}))
    (found,) = straight_lines.evaluate(tmp_path / "data", tmp_path / "rules.yaml", [COUNTER])

    assert (30, 3) == (found.interval, found.evaluations)
    assert 0 < found.cpu_seconds
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "d", "rules": [impossible]}]}))
    with pytest.raises(subprocess.CalledProcessError):
        straight_lines.evaluate(tmp_path / "data", tmp_path / "rules.yaml", [COUNTER])


def test_it_writes_with_the_prometheus_that_is_measured() -> None:
    """One version of its storage in both modules."""
    assert TOOLS["prometheus"].version == TOOLS["history"].version
