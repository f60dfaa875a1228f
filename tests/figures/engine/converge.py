"""
How long until many new Microservices are built, as a ratio to the least a client could do.

R = T_operator / T_floor, both from the audit log: from the first parent posted to the last status patched. The runs go
in pairs on one API server, each in a namespace of its own, and the one who begins changes from pair to pair: machine,
load and age of the API server are thereby the same for both. The ratio is the median of the pairs' ratios, because the
speed of a shared machine moves more between two pairs than within one.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from concordat.resources.kinds import ALL
from concordat_lab.control_plane.audit import Request
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.cluster import Kubectl, started
from tests.engine.rig import OperatorProcess, cpu_seconds, wait_for
from tests.figures.engine.figure import at_most
from tests.figures.engine.floor import PARENTS

PAIRS_OF_200, PAIRS_OF_1000 = 15, 5
"""One run of 200 takes ten seconds and moves by a sixteenth or so: the median of five is not worth two decimals."""
POSTERS_IN_FLIGHT = 16


@dataclass(frozen=True, kw_only=True)
class Run:
    """One population built."""

    seconds: float
    cpu: float
    """Of etcd, the API server and every client, seconds."""
    client_cpu: float
    writes: int


def converge_200() -> Iterator[dict[str, Any]]:
    """200 Microservices: time and CPU."""
    found = ratios(200, PAIRS_OF_200)
    yield at_most("converge_ratio_200", round(found["time"], 3), 1.1, "ratio", **found)
    yield at_most("converge_cpu_ratio_200", round(found["cpu"], 3), 1.2, "ratio", **found)


def converge_1000() -> dict[str, Any]:
    """1,000 Microservices: time."""
    found = ratios(1000, PAIRS_OF_1000)
    return at_most("converge_ratio_1000", round(found["time"], 3), 1.1, "ratio", **found)


def ratios(count: int, pairs: int) -> dict[str, Any]:
    """Time and CPU of operator and floor, run by run, and the medians of their ratios."""
    with started() as cluster:
        warm_up = _floor(cluster, "warm-up", 20, 16)
        best = _best_in_flight(cluster, max(40, count // 5))
        floors, operators = [], []
        for number in range(pairs):
            if number % 2:
                operators.append(_operator(cluster, f"operator-{number}", count))
            floors.append(_floor(cluster, f"floor-{number}", count, best))
            if not number % 2:
                operators.append(_operator(cluster, f"operator-{number}", count))
    return {
        "in_flight_of_floor": best,
        "time": median(o.seconds / f.seconds for o, f in zip(operators, floors, strict=True)),
        "cpu": median(o.cpu / f.cpu for o, f in zip(operators, floors, strict=True)),
        "operator_seconds": [round(r.seconds, 2) for r in operators],
        "floor_seconds": [round(r.seconds, 2) for r in floors],
        "operator_cpu": [round(r.cpu, 2) for r in operators],
        "floor_cpu": [round(r.cpu, 2) for r in floors],
        "operator_own_cpu": [round(r.client_cpu, 2) for r in operators],
        "floor_own_cpu": [round(r.client_cpu, 2) for r in floors],
        "writes": [operators[0].writes, floors[0].writes],
        "warm_up_seconds": round(warm_up.seconds, 2),
    }


def _best_in_flight(cluster: ControlPlane, count: int) -> int:
    """There and back, because whoever comes first meets a colder server."""
    tried = {n: [_floor(cluster, f"floor-try-{n}", count, n).seconds] for n in (8, 16, 32)}
    for n in reversed(tried):
        tried[n].append(_floor(cluster, f"floor-try-{n}-again", count, n).seconds)
    return min(tried, key=lambda n: sum(tried[n]))


def _floor(cluster: ControlPlane, namespace: str, count: int, in_flight: int) -> Run:
    with _population(cluster, namespace):
        mark, before = cluster.audit_log.mark(), _server_cpu(cluster)
        client = _client(cluster, "all", namespace, count, in_flight)
        return _run(cluster.audit_log.since(mark), namespace, _server_cpu(cluster) - before, client)


def _operator(cluster: ControlPlane, namespace: str, count: int) -> Run:
    with (
        _population(cluster, namespace),
        OperatorProcess(cluster.kubeconfig, Path(cluster.kubeconfig).with_name("operator.log")) as operator,
    ):
        operator.wait_until_working()
        time.sleep(1)
        mark, before, own = cluster.audit_log.mark(), _server_cpu(cluster), cpu_seconds(operator.pid)
        poster = post(cluster, namespace, count)
        reported(operator, count)
        client = poster + cpu_seconds(operator.pid) - own
        return _run(cluster.audit_log.since(mark), namespace, _server_cpu(cluster) - before, client)


def post(cluster: ControlPlane, namespace: str, count: int) -> float:
    """Post parents only; CPU seconds it took the client."""
    return _client(cluster, "post", namespace, count, POSTERS_IN_FLIGHT)


def reported(operator: OperatorProcess, count: int) -> None:
    """Wait until so many Microservices have a status and no worker is busy."""
    wait_for(lambda: _reported(operator.metrics()) == count, seconds=900, every=1.0, what=operator.said)


def _reported(metrics: dict[str, float]) -> float:
    if metrics.get('controller_runtime_active_workers{controller="microservice"}', 1):
        return 0
    return sum(v for k, v in metrics.items() if k.startswith("concordat_microservices{") and "Unknown" not in k)


def _run(requests: tuple[Request, ...], namespace: str, server_cpu: float, client_cpu: float) -> Run:
    ours = [
        request
        for request in requests
        if request.namespace == namespace and request.is_write and request.user_agent.startswith(("floor", "concordat"))
    ]
    assert all(request.code < 300 for request in ours), [request for request in ours if request.code >= 300][:3]
    begun = min(_time(request) for request in ours)
    ended = max(_time(request) for request in ours if request.subresource == "status")
    return Run(seconds=ended - begun, cpu=server_cpu + client_cpu, client_cpu=client_cpu, writes=len(ours))


def _time(request: Request) -> float:
    return datetime.fromisoformat(request.time).timestamp()


def _client(cluster: ControlPlane, what: str, namespace: str, count: int, in_flight: int) -> float:
    """CPU seconds of the floor's process."""
    command = [sys.executable, "-m", "tests.figures.engine.floor", what, namespace, str(count), str(in_flight)]
    done = subprocess.run(
        command, env={"KUBECONFIG": str(cluster.kubeconfig)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return float(done.stdout)


def _server_cpu(cluster: ControlPlane) -> float:
    return sum(cpu_seconds(cluster.processes.pid(name)) for name in ("etcd", "kube-apiserver"))


@contextmanager
def _population(cluster: ControlPlane, namespace: str) -> Iterator[None]:
    kubectl = Kubectl(cluster)
    kubectl("create", "namespace", namespace)
    try:
        yield
    finally:
        # Children first: garbage collection would ask for each of them one by one.
        for path in (*(f"{kind.path}/namespaces/{namespace}/{kind.plural}" for kind in ALL), PARENTS.format(namespace)):
            kubectl("delete", "--raw", path)
        for path in ("/apis/apps/v1/namespaces/{}/replicasets", "/api/v1/namespaces/{}/pods"):
            kubectl("delete", "--raw", path.format(namespace))
