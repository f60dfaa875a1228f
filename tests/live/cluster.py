"""
What kube-state-metrics and the kubelet would expose, neither of which can be installed here.

Everything is read when Prometheus asks: the objects from the real API server, where the operator has made them and a
simulated node runs their pods; CPU time and memory from the processes that stand for pods. A pod no process stands for
has neither. Names and labels are kube-state-metrics' (docs/metrics/workload) and cAdvisor's.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from concordat.api.values.quantity import quantity
from concordat.manifest import conventions

Manifest = Mapping[str, Any]
Sample = tuple[str, dict[str, str], float]


@contextmanager
def exporter(kubectl: Callable[..., str], processes: Mapping[str, Sequence[int]]) -> Iterator[int]:
    """Serves the metrics; ``processes`` are those of each service. Returns the port."""
    registry = CollectorRegistry()
    registry.register(Cluster(kubectl, processes))
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Cluster(Collector):
    """One scrape is one LIST."""

    def __init__(self, kubectl: Callable[..., str], processes: Mapping[str, Sequence[int]]) -> None:
        self._kubectl = kubectl
        self._processes = processes

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing beforehand: registering asks nobody."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        kinds = "deployments,replicasets,pods,horizontalpodautoscalers"
        found = json.loads(self._kubectl("get", kinds, "--all-namespaces", "--output=json"))["items"]
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for name, labels, value in self._samples(found):
            if name not in families:
                kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                families[name] = kind(name, "As in the cluster.", labels=list(labels))
            families[name].add_metric(list(labels.values()), value)
        yield from families.values()

    def _samples(self, objects: Sequence[Manifest]) -> Iterator[Sample]:
        describe = {
            "Deployment": _deployment,
            "ReplicaSet": _replica_set,
            "HorizontalPodAutoscaler": _autoscaler,
            "Pod": _pod,
        }
        for item in objects:
            yield from describe[item["kind"]](item)
        pods = sorted((item for item in objects if item["kind"] == "Pod"), key=lambda pod: pod["metadata"]["name"])
        for service, pids in self._processes.items():
            own = [pod for pod in pods if pod["metadata"].get("labels", {}).get(conventions.LABEL_SERVICE) == service]
            for pod, pid in zip(own, pids, strict=False):
                yield from _usage(_container(pod), pid)


def _deployment(item: Manifest) -> Iterator[Sample]:
    labels = _named(item, "deployment")
    yield "kube_deployment_spec_replicas", labels, item["spec"]["replicas"]
    yield "kube_deployment_status_replicas_available", labels, item["status"].get("availableReplicas", 0)


def _replica_set(item: Manifest) -> Iterator[Sample]:
    created = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
    yield "kube_replicaset_created", _named(item, "replicaset"), created.timestamp()


def _autoscaler(item: Manifest) -> Iterator[Sample]:
    labels = _named(item, "horizontalpodautoscaler")
    yield "kube_horizontalpodautoscaler_spec_max_replicas", labels, item["spec"]["maxReplicas"]


def _pod(item: Manifest) -> Iterator[Sample]:
    labels, status, spec = _named(item, "pod"), item["status"], item["spec"]
    placed = {"node": spec.get("nodeName", ""), "pod_ip": status.get("podIP", "")}
    yield "kube_pod_info", {**labels, **placed}, 1
    ready = next((c["status"] for c in status.get("conditions", ()) if c["type"] == "Ready"), "Unknown")
    for condition in ("true", "false", "unknown"):
        yield "kube_pod_status_ready", {**labels, "condition": condition}, float(ready.lower() == condition)
    container, only = _container(item), spec["containers"][0]
    yield "kube_pod_container_info", {**container, "image": only["image"]}, 1
    restarts = sum(found["restartCount"] for found in status.get("containerStatuses", ()))
    yield "kube_pod_container_status_restarts_total", container, restarts
    for bound in ("requests", "limits"):
        for resource, asked in only.get("resources", {}).get(bound, {}).items():
            name = f"kube_pod_container_resource_{bound}"
            yield name, {**container, "resource": resource}, float(quantity(asked))


def _usage(container: dict[str, str], pid: int) -> Iterator[Sample]:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    yield "container_cpu_usage_seconds_total", container, ticks / os.sysconf("SC_CLK_TCK")
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    yield "container_memory_working_set_bytes", container, pages * os.sysconf("SC_PAGE_SIZE")


def _named(item: Manifest, label: str) -> dict[str, str]:
    return {"namespace": item["metadata"]["namespace"], label: item["metadata"]["name"]}


def _container(pod: Manifest) -> dict[str, str]:
    return {**_named(pod, "pod"), "container": pod["spec"]["containers"][0]["name"]}


def asker(kubectl: Path, kubeconfig: Path) -> Callable[..., str]:
    """``kubectl ARGUMENTS`` on one cluster, its output."""

    def run(*arguments: str) -> str:
        command = [kubectl, f"--kubeconfig={kubeconfig}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run
