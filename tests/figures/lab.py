"""
How long a real Kubernetes takes on this machine, and what it leaves.

Seconds depend on whatever else runs here; each is set against a floor of the same run.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from concordat_lab.machine.processes import resident_mib
from concordat_lab.testing import control_plane, node_cluster
from tests.lab.traces import Traces

RUNS = 3


class Stopwatch:
    """A progress listener that keeps each step's seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        started = time.monotonic()
        yield lambda _detail: None
        self.seconds[title] = time.monotonic() - started

    def note(self, line: str) -> None:
        return None


def starts() -> Iterator[dict[str, Any]]:
    """A control plane against its own API server, and a whole node against a control plane; medians, taken in turn."""
    planes, servers, nodes = [], [], []
    memory: dict[str, dict[str, int]] = {}
    steps: dict[str, float] = {}
    downs, left = [], []
    for _ in range(RUNS):
        watch = Stopwatch()
        started = time.monotonic()
        with control_plane(progress=watch) as plane:
            planes.append(time.monotonic() - started)
            servers.append(watch.seconds["etcd and kube-apiserver"])
            memory["control plane"] = {name: resident_mib(plane.processes.pid(name)) for name in plane.processes.names}
        watch = Stopwatch()
        started = time.monotonic()
        with node_cluster("figures", progress=watch) as node:
            nodes.append(time.monotonic() - started)
            memory["node"] = {name: resident_mib(pid) for name, pid in node.processes().items()}
            steps = {title: round(seconds, 2) for title, seconds in watch.seconds.items()}
            traces = Traces(node)
            ending = time.monotonic()
        downs.append(time.monotonic() - ending)
        left.append(sum(map(len, traces.now().values())))
    plane_seconds, node_seconds = statistics.median(planes), statistics.median(nodes)
    yield {
        "figure": "control_plane_start_ratio",
        "value": round(plane_seconds / statistics.median(servers), 2),
        "unit": "to a default ServiceAccount / to a ready API server",
        "goal": "<= 1.6",
        "holds": plane_seconds / statistics.median(servers) <= 1.6,
        "seconds": round(plane_seconds, 2),
        "mib": memory["control plane"],
    }
    yield {
        "figure": "node_start_ratio",
        "value": round(node_seconds / plane_seconds, 2),
        "unit": "node, Services, DNS, policies ready / control plane ready",
        "goal": "<= 3",
        "holds": node_seconds / plane_seconds <= 3,
        "seconds": round(node_seconds, 2),
        "steps": steps,
        "mib": memory["node"],
    }
    yield {
        "figure": "node_down_seconds",
        "value": round(max(downs), 2),
        "unit": "s",
        "goal": "<= 2",
        "holds": max(downs) <= 2,
    }
    yield {"figure": "node_left", "value": max(left), "unit": "traces", "goal": 0, "holds": max(left) == 0}


FIGURES = (starts,)
