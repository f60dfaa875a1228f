"""
A small ``metrics.k8s.io/v1beta1``: what autoscalers and ``kubectl top`` ask for, from kubelet's ``/metrics/resource``.

Unlike metrics-server it looks when it is asked, so an autoscaler sees load within two seconds instead of thirty. It
knows no watch and no field selectors, and is asked by the API server alone.
"""

import argparse
import datetime
import http.server
import json
import re
import socketserver
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from concordat_lab.control_plane.api import Api
from concordat_lab.control_plane.kwok import ANNOTATION as SIMULATED

GROUP_VERSION = "metrics.k8s.io/v1beta1"
BASE = f"/apis/{GROUP_VERSION}"
FRESH_SECONDS = 1.0
"""kubelet is asked at most this often; it does not measure more often itself."""

_SAMPLE = re.compile(
    r"^(container|node)_(cpu_usage_seconds_total|memory_working_set_bytes)(?:\{([^}]*)\})? (\S+)(?: (\d+))?$", re.M
)
_LABEL = re.compile(r'(\w+)="([^"]*)"')

Key = tuple[str, str, str]
"""Namespace, pod, container; all empty but the last for a node, which is its name."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Of one container, or one node."""

    cpu_seconds: float
    """Since it started."""
    at: float
    """Seconds since the epoch, when kubelet measured."""
    memory_bytes: int
    cores: float | None
    """Mean since the sample before; unknown at the first."""

    @property
    def quantities(self) -> dict[str, str]:
        return {"cpu": f"{int((self.cores or 0.0) * 1e9)}n", "memory": f"{self.memory_bytes >> 10}Ki"}


class Usages:
    """The newest usage of everything, refreshed when somebody asks."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._known: dict[Key, Usage] = {}
        self._asked = 0.0

    def current(self) -> dict[Key, Usage]:
        with self._lock:
            if time.monotonic() - self._asked >= FRESH_SECONDS:
                self._known = {
                    key: self._rated(key, usage)
                    for node in self._nodes()
                    for key, usage in _parse(node, self._scrape(node))
                }
                self._asked = time.monotonic()
            return {key: usage for key, usage in self._known.items() if usage.cores is not None}

    def _nodes(self) -> list[str]:
        nodes = (self._api.get("/api/v1/nodes") or {"items": []})["items"]
        return [node["metadata"]["name"] for node in nodes if SIMULATED not in node["metadata"].get("annotations", {})]

    def _scrape(self, node: str) -> str:
        return self._api.text(f"/api/v1/nodes/{node}/proxy/metrics/resource")

    def _rated(self, key: Key, usage: Usage) -> Usage:
        before = self._known.get(key)
        if before is None or usage.cpu_seconds < before.cpu_seconds:  # new, or restarted
            return usage
        if usage.at <= before.at:
            return before
        cores = (usage.cpu_seconds - before.cpu_seconds) / (usage.at - before.at)
        return Usage(cpu_seconds=usage.cpu_seconds, at=usage.at, memory_bytes=usage.memory_bytes, cores=cores)


def pod_metrics(api: Api, usages: Usages, namespace: str, name: str, selector: str) -> list[dict[str, Any]]:
    """PodMetrics of a namespace (or of all of them), of one pod, or of those a label selector finds."""
    scope = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
    query = "?" + urllib.parse.urlencode({"labelSelector": selector}) if selector else ""
    pods = (api.get(scope + query) or {"items": []})["items"]
    current = usages.current()
    return [
        _metrics("PodMetrics", pod["metadata"]) | {"containers": containers}
        for pod in pods
        if name in ("", pod["metadata"]["name"]) and (containers := _containers(pod["metadata"], current))
    ]


def node_metrics(usages: Usages, name: str) -> list[dict[str, Any]]:
    return [
        _metrics("NodeMetrics", {"name": node}) | {"usage": usage.quantities}
        for (_, pod, node), usage in usages.current().items()
        if not pod and name in ("", node)
    ]


def _parse(node: str, text: str) -> Iterator[tuple[Key, Usage]]:
    found: dict[Key, dict[str, tuple[float, float]]] = {}
    for kind, metric, labels, value, milliseconds in _SAMPLE.findall(text):
        label = dict(_LABEL.findall(labels))
        key = (label["namespace"], label["pod"], label["container"]) if kind == "container" else ("", "", node)
        found.setdefault(key, {})[metric] = (float(value), int(milliseconds) / 1000 if milliseconds else time.time())
    for key, samples in found.items():
        if "cpu_usage_seconds_total" not in samples:
            continue
        cpu_seconds, at = samples["cpu_usage_seconds_total"]
        memory, _ = samples.get("memory_working_set_bytes", (0.0, 0.0))
        yield key, Usage(cpu_seconds=cpu_seconds, at=at, memory_bytes=int(memory), cores=None)


def _containers(pod: dict[str, Any], current: dict[Key, Usage]) -> list[dict[str, Any]]:
    return [
        {"name": container, "usage": usage.quantities}
        for (namespace, name, container), usage in current.items()
        if (namespace, name) == (pod["namespace"], pod["name"])
    ]


def _metrics(kind: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": GROUP_VERSION,
        "kind": kind,
        "metadata": {key: metadata[key] for key in ("name", "namespace", "labels") if key in metadata},
        "timestamp": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": "2s",
    }


RESOURCES = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": GROUP_VERSION,
    "resources": [
        {"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]}
        for name, namespaced, kind in (("nodes", False, "NodeMetrics"), ("pods", True, "PodMetrics"))
    ],
}
_VERSION = {"groupVersion": GROUP_VERSION, "version": "v1beta1"}
GROUP = {
    "kind": "APIGroup",
    "apiVersion": "v1",
    "name": "metrics.k8s.io",
    "versions": [_VERSION],
    "preferredVersion": _VERSION,
}
_PODS = re.compile(rf"{BASE}(?:/namespaces/(?P<namespace>[^/]+))?/pods(?:/(?P<name>[^/]+))?$")
_NODES = re.compile(rf"{BASE}/nodes(?:/(?P<name>[^/]+))?$")


def answer(api: Api, usages: Usages, target: str) -> dict[str, Any] | None:
    """What is at ``target``, path and query; nothing where there is nothing."""
    url = urllib.parse.urlsplit(target)
    fixed: dict[str, dict[str, Any]] = {"/apis/metrics.k8s.io": GROUP, BASE: RESOURCES}
    if url.path in fixed:
        return fixed[url.path]
    selector = dict(urllib.parse.parse_qsl(url.query)).get("labelSelector", "")
    if asked := _PODS.match(url.path):
        name = asked["name"] or ""
        kind, items = "PodMetricsList", pod_metrics(api, usages, asked["namespace"] or "", name, selector)
    elif asked := _NODES.match(url.path):
        name = asked["name"] or ""
        kind, items = "NodeMetricsList", node_metrics(usages, name)
    else:
        return None
    if name:
        return items[0] if items else None
    return {"kind": kind, "apiVersion": GROUP_VERSION, "metadata": {}, "items": items}


def handler(api: Api) -> type[http.server.BaseHTTPRequestHandler]:
    usages = Usages(api)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the name http.server looks for
            found = answer(api, usages, self.path)
            body = json.dumps(
                found or {"kind": "Status", "apiVersion": "v1", "code": 404, "reason": "NotFound"}
            ).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name http.server uses
            return None

    return Handler


class Server(http.server.ThreadingHTTPServer):
    def server_bind(self) -> None:
        """Without the look-up of our own name that the base class does: nobody answers it here for ten seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("kubeconfig", "address", "port", "certificate", "key", "client-authority"):
        parser.add_argument(f"--{option}", required=True)
    options = parser.parse_args()
    server = Server((options.address, int(options.port)), handler(Api(Path(options.kubeconfig))))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(options.certificate, options.key)
    tls.load_verify_locations(options.client_authority)  # the API server's proxy, and nobody else
    tls.verify_mode = ssl.CERT_REQUIRED
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    main()
