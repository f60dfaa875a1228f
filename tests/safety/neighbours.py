"""
What a quiet tenant notices of a neighbour that sends the worst documents, and what those cost the operator.

A real control plane, the operator as a process. Memory is the sum of proportional set sizes (``/proc/PID/smaps_rollup``) of
the operator and all its descendants, where the kernel tells it; else of resident sizes, which count what forks share twice.
"""

import base64
import gzip
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from concordat.manifest import conventions
from tests.engine.cluster import Kubectl, started
from tests.engine.rig import OperatorProcess, microservice, resident_mib, wait_for
from tests.figures.engine.figure import at_most

QUIET, LOUD = "quiet", "loud"
CHANGES = 12
HOSTILE = 24
"""Contracts of the loud tenant, each of which is edited again and again."""


def neighbours() -> Iterator[Mapping[str, Any]]:
    """Time of a quiet tenant's changes to a service and to a contract, alone and beside the loud one; and the peak of memory."""
    with started() as cluster:
        kubectl = Kubectl(cluster)
        for namespace in (QUIET, LOUD):
            kubectl("create", "namespace", namespace)
        log = Path(cluster.kubeconfig).with_name("operator.log")
        with OperatorProcess(cluster.kubeconfig, log) as operator, _Peak(operator.pid) as peak:
            operator.wait_until_working()
            _changed(kubectl, range(2))  # everything is loaded
            alone = _changed(kubectl, range(2, 2 + CHANGES))
            with _Loud(kubectl):
                time.sleep(5)
                beside = _changed(kubectl, range(2 + CHANGES, 2 + 2 * CHANGES))
            restarted = operator.poll()
            worst = _conditions(kubectl)
    yield at_most(
        "neighbour_delay_ratio",
        round(statistics.median(beside) / statistics.median(alone), 2),
        2,
        "x",
        alone_ms=round(1000 * statistics.median(alone)),
        beside_ms=round(1000 * statistics.median(beside)),
        slowest_ms=round(1000 * max(beside)),
        operator_ended=restarted,
        told=worst,
    )
    yield at_most("operator_peak_mib", round(peak.mib), 400, "MiB", measured_by=peak.how, processes=peak.processes)


FIGURES: tuple[Callable[[], Iterator[Mapping[str, Any]]], ...] = (neighbours,)


def _changed(kubectl: Kubectl, numbers: range) -> list[float]:
    """Seconds from each change of a service and a contract until both are reported."""
    return [_seconds(kubectl, number) for number in numbers]


def _seconds(kubectl: Kubectl, number: int) -> float:
    service = microservice("orders", QUIET, env=[{"name": "EDIT", "value": str(number)}])
    kubectl.apply(service, _contract(QUIET, "orders-api", f"1.{number}.0", {"type": "string", "maxLength": 99}))
    return wait_for(
        lambda: _reported(kubectl, "microservice", "orders") and _reported(kubectl, "servicecontract", "orders-api"),
        seconds=300,
        every=0.05,
    )


def _reported(kubectl: Kubectl, kind: str, name: str) -> bool:
    found = kubectl.get(kind, name, "--namespace", QUIET)
    return bool((found.get("status") or {}).get("observedGeneration") == found["metadata"]["generation"])


def _conditions(kubectl: Kubectl) -> dict[str, int]:
    """How often the loud tenant was told what."""
    told: dict[str, int] = {}
    for found in kubectl.get("servicecontracts", "--namespace", LOUD)["items"]:
        for one in (found.get("status") or {}).get("conditions") or ():
            if one["type"] == conventions.READY:
                told[one["reason"]] = told.get(one["reason"], 0) + 1
    return told


def _contract(namespace: str, name: str, version: str, schema: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    answers = {"200": {"description": "ok", "content": content}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": name, "version": version},
        "paths": {"/a": {"get": {"operationId": "a", "responses": answers}}},
    }
    return _with({"inline": json.dumps(document)}, namespace, name, version)


def _with(document: Any, namespace: str, name: str, version: str) -> dict[str, Any]:
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "openapi", "version": version, "document": document},
    }


class _Loud:
    """A tenant that never stops: documents that are slow to compare, slow to read, and large, each edited in turn."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._edit)

    def __enter__(self) -> "_Loud":
        self._kubectl.apply(*map(_held, _BOMBS.items()))
        self._kubectl.apply(*self._edition(1))
        time.sleep(3)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _edit(self) -> None:
        edition = 2
        while not self._ended.wait(2):
            self._kubectl.apply(*self._edition(edition))
            edition += 1

    def _edition(self, edition: int) -> Iterator[dict[str, Any]]:
        names = list(_BOMBS)
        for number in range(HOSTILE):
            version = f"1.{edition}.0"
            if number % 2:
                bomb = {"configMap": {"name": names[number % len(names)], "key": "d"}}
                yield _with(bomb, LOUD, f"bomb-{number}", version)
            else:
                leaf = {"type": "integer" if edition % 2 else "string", "title": str(edition)}
                yield _contract(LOUD, f"slow-{number}", version, _nested(leaf))


def _nested(leaf: Any) -> Any:
    for _ in range(5):
        leaf = {"type": "array", "minItems": 60, "items": leaf}
    return leaf


_HEAD = b'{"openapi":"3.1.0","info":{"title":"t","version":"1.0.0"},"paths":{},"x-a":['
_BOMBS = {
    "controls": ("\U0001f600" + "\x01" * (31 << 20)).encode(),
    "objects": _HEAD + b"{}," * 2_000_000 + b"{}]}",
    "lists": b"openapi: 3.1.0\ninfo: {title: t, version: 1.0.0}\npaths: {}\nx-a:\n" + b"- {}\n" * (4 << 20),
    "beyond": b"x" * (40 << 20),
    "types": b"type Query{a:Int}\n" + b"".join(b"type T%d{a:Int b:T%d}\n" % (each, each) for each in range(200_000)),
}


def _held(bomb: tuple[str, bytes]) -> dict[str, Any]:
    name, text = bomb
    packed = base64.b64encode(gzip.compress(text, 9)).decode()
    metadata = {"name": name, "namespace": LOUD}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "binaryData": {"d": packed}}


class _Peak:
    """Looks ten times a second at the memory of a process with its descendants."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.mib = 0.0
        self.processes = 0
        self.how = "PSS" if _proportional_mib(pid) is not None else "RSS"

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            family = descendants(self._pid)
            self.processes = max(self.processes, len(family))
            self.mib = max(self.mib, sum(map(self._one, family)))

    def _one(self, pid: int) -> float:
        try:
            return (_proportional_mib(pid) or 0.0) if self.how == "PSS" else resident_mib(pid)
        except (OSError, IndexError):
            return 0.0  # gone meanwhile


def descendants(pid: int) -> list[int]:
    """The process and all below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def _proportional_mib(pid: int) -> float | None:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return None
    return int(text.partition("Pss:")[2].split()[0]) / 1024 if "Pss:" in text else None
