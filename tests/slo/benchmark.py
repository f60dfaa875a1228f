"""
What the rules cost in Prometheus, over what the same objectives cost in Sloth's layout.

Both on the same history, three days of the pods' counters and thirty of the records, by Prometheus' own evaluation of rule
groups (``tools/history``): each group is evaluated once to warm up and once to be measured, whatever the machine, so that none is
skipped and both layouts do the same rounds. Compared is **CPU time for two minutes of evaluations**: a group of thirty
seconds counts four times, our budgets' group once. Results are recorded as Prometheus records them.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from concordat.api.values.promql import duration
from concordat.observability.records import BAD, TOTAL
from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import Links, ServiceIdentity, ServiceObjectives
from concordat.observability.slo.rules.recording import measure
from concordat.observability.slo.rules.windows import PERIOD_INTERVAL
from concordat.observability.slo.simulation.traffic import exposed
from tests.slo import sloth_layout, straight_lines
from tests.slo.examples import AVAILABILITY
from tests.slo.straight_lines import Line

STEP = 30
RAW_HISTORY = 3 * 24 * 3600
RECORDED_HISTORY = 30 * 24 * 3600
PODS = 3
ROUTES = 3
ROUND = PERIOD_INTERVAL
"""Seconds of the rules' time: the interval of the slowest group."""

Rules = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """CPU seconds of a round."""

    services: int
    ours: float
    sloth: float

    @property
    def ratio(self) -> float:
        return self.ours / self.sloth


def compare(services: int) -> Compared:
    """Some ten seconds of CPU time for every hundred services."""
    every = [_service(index) for index in range(services)]
    now = int(time.time()) // STEP * STEP
    counters = list(_counters(every, now))
    with tempfile.TemporaryDirectory(prefix="concordat-benchmark-") as folder:
        home = Path(folder)
        straight_lines.write([*counters, *_records(every, now)], home / "data")
        ours = [group for of in every for group in groups(of)]
        sloth = [group for of in every for group in sloth_layout.groups(measure(of)[0], interval=duration(STEP))]
        return Compared(services=services, ours=_round(home, ours, counters), sloth=_round(home, sloth, counters))


def _round(home: Path, rules: Rules, counters: list[Line]) -> float:
    """On a storage of its own, of the same files."""
    with tempfile.TemporaryDirectory(dir=home) as folder:
        own = Path(folder)
        shutil.copytree(home / "data", own / "data", copy_function=os.link)
        (own / "rules.yaml").write_text(yaml.safe_dump({"groups": rules}))
        costs = straight_lines.evaluate(own / "data", own / "rules.yaml", counters)
    assert sum(cost.evaluations for cost in costs) == len(rules)
    return sum(cost.cpu_seconds * ROUND / cost.interval for cost in costs)


def _service(index: int) -> ServiceObjectives:
    return ServiceObjectives(
        service=ServiceIdentity(name=f"service-{index}", namespace="shop", team="checkout"),
        objectives=(AVAILABILITY,),
        links=Links(dashboard="/d/x"),
    )


def _counters(every: list[ServiceObjectives], now: int) -> Iterator[Line]:
    """Nine of good and nine of bad requests a service."""
    for of in every:
        for series in exposed(measure(of)[0]):
            for pod, route in product(range(PODS), range(ROUTES)):
                own = {"pod": f"pod-{pod}", "instance": f"pod-{pod}:8080", "http_route": f"/route-{route}"}
                yield Line(
                    name=series.metric,
                    labels={**dict(series.labels), **own},
                    begin=now - RAW_HISTORY,
                    end=now,
                    step=STEP,
                    rise=1 if series.counts == "bad" else 3000,
                )


def _records(every: list[ServiceObjectives], now: int) -> Iterator[Line]:
    """What either layout has recorded of the period, and reads again."""
    for of in every:
        measured = measure(of)[0]
        sloth = dict(sloth_layout.groups(measured, interval=f"{STEP}s")[0]["rules"][0]["labels"])
        for name, labels, value in (
            (TOTAL, measured.labels, 300),
            (BAD, measured.labels, 0.1),
            (f"{sloth_layout.RATIO}5m", sloth, 0.0003),
        ):
            yield Line(name=name, labels=labels, begin=now - RECORDED_HISTORY, end=now, step=STEP, first=value)
