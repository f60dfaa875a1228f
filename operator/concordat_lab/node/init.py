"""
Process 1 of a cluster's namespaces: starts everything, then reaps, and restarts what is asked of it.

Standard output carries one JSON object a line until the cluster is ready: ``{"begin": step}``, ``{"end": step}``,
``{"failed": why}``, ``{"ready": true}``. Standard input is the lifeline: when it ends, so do we, and with process 1
the kernel ends everything else inside.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from concordat_lab.control_plane import components, kwok
from concordat_lab.control_plane.api import Api
from concordat_lab.control_plane.components import CONTROL_PLANE
from concordat_lab.errors import LabError
from concordat_lab.machine.processes import Processes
from concordat_lab.node import components as node
from concordat_lab.node import configuration, dns, metrics
from concordat_lab.node.control import serve
from concordat_lab.node.images import import_once
from concordat_lab.node.network import BRIDGE, must_ip
from concordat_lab.node.spec import CONTAINERD_SOCKET, KUBELET, NODE_NAME, RUN, NodeSpec
from concordat_lab.programs import packages

OWN_TMPFS = ("/run", "/var/lib/cni", "/var/log/containers")
"""Else network namespaces, address reservations and shim sockets would stay on the host's disk."""


def main(spec: NodeSpec) -> None:
    """Never returns; the process ends with its namespace."""
    threading.Thread(target=_end_with_keeper, daemon=True).start()
    processes = Processes(spec.logs)
    try:
        boot(spec, processes)
    except (LabError, OSError, subprocess.CalledProcessError) as error:
        _say(failed=_words(error))
        sys.exit(1)
    _say(ready=True)
    _redirect_output(spec.logs / "init.log")
    serve(spec.folder, processes)


def boot(spec: NodeSpec, processes: Processes) -> None:
    """The table of contents of a node."""
    plan = spec.control_plane
    with _step("namespaces and network"):
        _mounts(spec)
        _network(spec)
    with _step("etcd and containerd"):
        processes.start("etcd", components.etcd(plan))
        processes.start("containerd", node.containerd(_write_containerd(spec)))
        processes.wait("etcd", lambda: _answers(f"{plan.etcd_url}/health"))
    with _step("kube-apiserver, and images meanwhile"):
        processes.start("kube-apiserver", components.kube_apiserver(plan))
        processes.wait("containerd", _containerd_answers)
        import_once(spec.images, spec.folder / "images.json")
        api = Api(plan.kubeconfig("admin"))
        processes.wait("kube-apiserver", api.ready)
    with _step("kubelet, kube-proxy, NetworkPolicy"):
        for name in ("kube-controller-manager", "kube-scheduler"):
            processes.start(name, CONTROL_PLANE[name](plan))
        processes.start("kubelet", node.kubelet(spec, _write("kubelet.json", configuration.kubelet(spec))))
        api.apply([*node.access(), *dns.manifests(spec.network.dns)])
        processes.start("kube-proxy", node.kube_proxy(spec))
        processes.wait("kubelet", lambda: kwok.is_ready(api.get(f"/api/v1/nodes/{NODE_NAME}")))
        processes.start("kube-router", node.kube_router(spec))  # looks its node up once, when it starts
        _wait_for_node_services(processes)
    if spec.metrics:
        with _step("metrics API"):
            _start_metrics(spec, processes, api)
    if spec.simulated_nodes:
        with _step(f"{spec.simulated_nodes} simulated nodes"):
            _simulate(spec, processes, api)
    with _step("default ServiceAccount and CoreDNS"):
        path = "/api/v1/namespaces/default/serviceaccounts/default"
        processes.wait("kube-controller-manager", lambda: api.get(path) is not None)
        processes.wait("kubelet", lambda: dns.answers(api))


def _mounts(spec: NodeSpec) -> None:
    for folder in OWN_TMPFS:
        Path(folder).mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "tmpfs", folder)
    RUN.mkdir(mode=0o700)
    spec.control_plane.etcd_data.mkdir(mode=0o700, exist_ok=True)
    KUBELET.mkdir(parents=True, exist_ok=True)
    spec.kubelet.mkdir(exist_ok=True)
    _mount("--bind", str(spec.kubelet), str(KUBELET))
    _mount("--make-rshared", "/")
    (RUN / "resolv.conf").touch()


def _network(spec: NodeSpec) -> None:
    network = spec.network
    must_ip("link", "set", "lo", "up")
    must_ip("link", "add", BRIDGE, "type", "bridge")
    must_ip("address", "add", f"{network.bridge}/24", "dev", BRIDGE)
    must_ip("link", "set", BRIDGE, "up")
    _until(lambda: network.peer in {name for _, name in socket.if_nameindex()}, "the link to the host")
    must_ip("address", "add", f"{network.node}/30", "dev", network.peer)
    must_ip("link", "set", network.peer, "up")
    must_ip("route", "add", "default", "via", network.host)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _write_containerd(spec: NodeSpec) -> Path:
    folder = RUN / "cni"
    folder.mkdir()
    (folder / "10-pods.conflist").write_text(configuration.cni(spec))
    text = configuration.containerd(
        spec, cni=packages.cni_folder(), cni_configuration=folder, snapshotter=_snapshotter(spec.folder)
    )
    return _write("containerd.toml", text)


def _wait_for_node_services(processes: Processes) -> None:
    for name, port, path in (
        ("kube-proxy", node.PROXY_HEALTH, "healthz"),
        ("kube-router", node.POLICY_HEALTH, "healthz"),
    ):
        processes.wait(name, lambda port=port, path=path: _answers(f"http://127.0.0.1:{port}/{path}"))  # type: ignore[misc]


def _start_metrics(spec: NodeSpec, processes: Processes, api: Api) -> None:
    """The server first: an APIService applied before it answers is not looked at again for some 15 s."""
    api.apply(metrics.access())
    processes.start("metrics", metrics.command(spec))
    processes.wait("metrics", lambda: metrics.answers(spec))
    api.apply(metrics.registration(spec))


def _simulate(spec: NodeSpec, processes: Processes, api: Api) -> None:
    api.apply(kwok.access())
    processes.start(
        "kwok",
        kwok.command(
            spec.binaries["kwok"],
            stages=spec.binaries["stages.yaml"],
            kubeconfig=spec.control_plane.kubeconfig("kwok"),
            port=node.KWOK_PORT,
        ),
    )
    api.apply(kwok.nodes(spec.simulated_nodes, tainted=True))
    processes.wait("kwok", lambda: kwok.all_ready(api, spec.simulated_nodes))


def _snapshotter(folder: Path) -> str:
    """``overlayfs``, except on an overlay itself (inside a container), where it cannot be stacked."""
    found = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, check=True)
    return "native" if found.stdout.strip() == "overlayfs" else "overlayfs"


def _containerd_answers() -> bool:
    return subprocess.run(["ctr", "-a", str(CONTAINERD_SOCKET), "version"], capture_output=True).returncode == 0


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


def _until(ready: Callable[[], bool], what: str, *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise LabError(f"{what} did not appear within {seconds:.0f} s")
        time.sleep(0.01)


def _write(name: str, text: str) -> Path:
    target = RUN / name
    target.write_text(text)
    return target


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True, text=True)


def _end_with_keeper() -> None:
    while os.read(sys.stdin.fileno(), 64):
        pass
    os._exit(1)


@contextmanager
def _step(title: str) -> Iterator[None]:
    _say(begin=title)
    yield
    _say(end=title)


def _say(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def _words(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"{' '.join(map(str, error.cmd))}: {error.stderr}"
    return str(error)


def _redirect_output(log: Path) -> None:
    """Nobody reads the pipe from here on."""
    with log.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())


if __name__ == "__main__":
    main(NodeSpec.from_json(Path(sys.argv[1]).read_text()))
