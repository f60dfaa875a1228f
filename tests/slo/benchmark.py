"""
What the rules cost in the real Prometheus, over what the same objectives cost in Sloth's layout.

One Prometheus after the other over the same history: three days of the pods' counters, thirty of the records. CPU time is
compared, which a busy machine does not stretch.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from concordat.records import BAD, TOTAL
from concordat.slo.groups import groups
from concordat.slo.objective import Links, ServiceIdentity, ServiceObjectives
from concordat.slo.rules import measure
from concordat.slo.traffic import exposed
from tests.slo import sloth_layout
from tests.slo.examples import AVAILABILITY
from tests.slo.promtool import promtool

STEP = 30
RAW_HISTORY = 3 * 24 * 3600
RECORDED_HISTORY = 30 * 24 * 3600
PODS = 3
ROUTES = 3
HASTE = 5
"""Groups are evaluated so many times as often: minutes of rules in seconds."""
WARM_UP = 15
MEASURED = 48
"""Seconds; two rounds of the slowest group."""


def ratio(services: int) -> float:
    """CPU time of our rules over that of Sloth's, both less that of a Prometheus without rules."""
    program = shutil.which("prometheus")
    if not program:
        raise RuntimeError("install Prometheus (apt-get install prometheus): its rule evaluation is what is measured")
    every = [_service(index) for index in range(services)]
    layouts: dict[str, list[dict[str, Any]]] = {
        "none": [],
        "ours": [group for of in every for group in groups(of)],
        "theirs": [group for of in every for group in sloth_layout.groups(measure(of)[0], interval="30s")],
    }
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _backfill(home, every)
        spent = {name: _cpu_seconds(program, home, rules) for name, rules in layouts.items()}
    return (spent["ours"] - spent["none"]) / (spent["theirs"] - spent["none"])


def _service(index: int) -> ServiceObjectives:
    return ServiceObjectives(
        service=ServiceIdentity(name=f"service-{index}", namespace="shop", team="checkout"),
        objectives=(AVAILABILITY,),
        links=Links(dashboard="/d/x"),
    )


def _backfill(home: Path, every: list[ServiceObjectives]) -> None:
    """The pods' counters and both layouts' records, as blocks."""
    text = home / "history.txt"
    with text.open("w") as file:
        file.writelines(_history(every, int(time.time()) // STEP * STEP))
    subprocess.run(
        [
            *(promtool(), "tsdb", "create-blocks-from", "openmetrics", "--quiet"),
            "--max-block-duration=744h",  # promtool reads the whole text once for every block
            *(str(text), str(home / "data")),
        ],
        check=True,
        capture_output=True,
    )
    text.unlink()


def _history(every: list[ServiceObjectives], now: int) -> Iterator[str]:
    """One metric after the other, as OpenMetrics wants it."""
    times = range(now - RAW_HISTORY, now + 1, STEP)
    counter = exposed(measure(every[0])[0])[0].metric
    yield f"# TYPE {counter} unknown\n"
    for of in every:
        for series in exposed(measure(of)[0]):
            for pod, route in product(range(PODS), range(ROUTES)):
                own = {**dict(series.labels), "pod": f"pod-{pod}", "http_route": f"/route-{route}"}
                labels = ",".join(f'{name}="{value}"' for name, value in own.items())
                step = 1 if series.counts == "bad" else 3000
                yield from (f"{counter}{{{labels}}} {step * i} {at}\n" for i, at in enumerate(times))
    times = range(now - RECORDED_HISTORY, now + 1, STEP)
    records = [
        *(
            (name, measured.labels, value)
            for measured in _measured(every)
            for name, value in ((TOTAL, 300), (BAD, 0.1))
        ),
        *((f"{sloth_layout.RATIO}5m", _sloth(measured), 0.0003) for measured in _measured(every)),
    ]
    for name in dict.fromkeys(name for name, _, _ in records):
        yield f"# TYPE {name} gauge\n"
        for _, labels, value in (record for record in records if record[0] == name):
            written = ",".join(f'{label}="{text}"' for label, text in labels.items())
            yield from (f"{name}{{{written}}} {value} {at}\n" for at in times)
    yield "# EOF\n"


def _measured(every: list[ServiceObjectives]) -> list[sloth_layout.Measured]:
    return [measure(of)[0] for of in every]


def _sloth(measured: sloth_layout.Measured) -> dict[str, str]:
    rule = sloth_layout.groups(measured, interval="30s")[0]["rules"][0]
    return dict(rule["labels"])


def _cpu_seconds(program: str, home: Path, rules: list[dict[str, Any]]) -> float:
    """CPU time of a Prometheus while it evaluates the rules, every group ``HASTE`` times as often as it should be."""
    hastened = [{**group, "interval": f"{_seconds(group['interval']) // HASTE}s"} for group in rules]
    (home / "rules.yaml").write_text(yaml.safe_dump({"groups": hastened}))
    (home / "prometheus.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"]}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            program,
            f"--config.file={home}/prometheus.yaml",
            f"--storage.tsdb.path={home}/data",
            "--storage.tsdb.retention.time=90d",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(WARM_UP)
        before = _cpu(server.pid)
        time.sleep(MEASURED)
        after = _cpu(server.pid)
        if server.poll() is not None:
            raise RuntimeError(f"Prometheus ended with {server.returncode}")
        return after - before
    finally:
        server.terminate()
        server.wait()


def _cpu(pid: int) -> float:
    """User and system time of a process so far, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60}[text[-1]]
