"""
What tests and figures of the engine need: a population of Microservices, an operator as a process, a cluster to ask.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from concordat.manifest import conventions

OPTIONAL_KINDS = {
    "HTTPRoute": ("gateway.networking.k8s.io", "v1", "httproutes"),
    "ServiceMonitor": ("monitoring.coreos.com", "v1", "servicemonitors"),
    "PrometheusRule": ("monitoring.coreos.com", "v1", "prometheusrules"),
    "AlertmanagerConfig": ("monitoring.coreos.com", "v1alpha1", "alertmanagerconfigs"),
    "GrafanaDashboard": ("grafana.integreatly.org", "v1beta1", "grafanadashboards"),
}


def optional_crd(kind: str) -> dict[str, Any]:
    """A CustomResourceDefinition that accepts any spec under the real name."""
    group, version, plural = OPTIONAL_KINDS[kind]
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "properties": {"spec": anything, "status": anything}}
                    },
                }
            ],
        },
    }


def microservice(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    """A Microservice; by itself it has six children, all kinds but the optional ones."""
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.MICROSERVICE,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "team": "checkout",
            "image": "registry.example.com/shop/orders:1.4.2",
            "ports": {"http": {"port": 8080}},
            **spec,
        },
    }


def routed(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    """A Microservice with a child of every kind, eight in all where the optional kinds are served."""
    return microservice(
        name,
        namespace,
        ports={"http": {"port": 8080}, "metrics": {"port": 9090}},
        health={"live": "/healthz", "ready": "/readyz"},
        env=[{"name": "LOG_LEVEL", "value": "info"}],
        routing={"hosts": [f"{name}.{namespace}.example.com"]},
        **spec,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OperatorProcess:
    """``python -m concordat``, or another program in its place, with its output in a file."""

    def __init__(
        self,
        kubeconfig: Path,
        log: Path,
        *,
        command: tuple[str, ...] = ("-m", "concordat"),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                env={
                    **{name: value for name, value in os.environ.items() if not name.startswith("CONCORDAT_")},
                    "KUBECONFIG": str(kubeconfig),
                    "CONCORDAT_HTTP_PORT": str(self.port),
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.pid = self._process.pid

    def __enter__(self) -> "OperatorProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of an answer of its HTTP server; 0 when there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metrics(self) -> dict[str, float]:
        """Samples by name with labels."""
        lines = (line for line in self.get("/metrics")[1].splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def leads(self) -> bool:
        return any(v == 1 for k, v in self.metrics().items() if k.startswith("leader_election_master_status"))

    def wait_until_working(self, seconds: float = 60) -> "OperatorProcess":
        """Caches filled, leading."""
        wait_for(lambda: self.get("/readyz")[0] == 200 and self.leads(), seconds=seconds, what=self.said)
        return self

    def said(self) -> str:
        return self.log.read_text()[-3000:]

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self, seconds: float) -> int:
        return self._process.wait(seconds)


def wait_for(
    holds: Callable[[], object], *, seconds: float, every: float = 0.1, what: Callable[[], str] = lambda: ""
) -> float:
    """Seconds until something holds; an AssertionError when it does not."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {what()}"
        time.sleep(every)
    return time.monotonic() - started


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
