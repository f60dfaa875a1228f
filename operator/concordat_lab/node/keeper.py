"""
The host's side of a cluster: claims a network, makes the namespaces, and removes what is left when they end.

Standard output is process 1's (see :mod:`init`), preceded by our own steps. Standard input binds us to whoever started
us: its end ends the cluster. One line, ``detach``, lets it live on; we stay, because somebody must clean up whenever
and however process 1 ends.
"""

import dataclasses
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from concordat_lab import running
from concordat_lab.control_plane.admission import write_admission
from concordat_lab.control_plane.audit import write_policy
from concordat_lab.control_plane.kubeconfig import write_kubeconfig
from concordat_lab.control_plane.pki import IDENTITIES, write_pki
from concordat_lab.errors import LabError
from concordat_lab.machine.processes import Mark
from concordat_lab.node import cgroups, metrics
from concordat_lab.node.network import claim, connect, disconnect
from concordat_lab.node.spec import NODE_NAME, PYTHON, NodeSpec

RECORD = running.NODE_RECORD
DETACH = b"detach\n"
MODULES = ("overlay", "br_netfilter", "nf_conntrack")
"""Kernel parts that may be modules; where they are built in, or there is no modprobe, nothing has to be done."""


def main(folder: Path) -> int:
    """Until the cluster has ended, and nothing of it is left."""
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))
    try:
        return _keep(folder)
    except (LabError, OSError) as error:
        with suppress(OSError):
            print(json.dumps({"failed": str(error)}), flush=True)
        return 1
    finally:
        clean(folder)


def clean(folder: Path) -> None:
    """End what runs and remove what it left: idempotent, and safe to do from two processes at once."""
    record = folder / RECORD
    try:
        left = json.loads(record.read_text())
    except (OSError, ValueError):
        return
    Mark(**left["init"]).kill()
    disconnect(left["link"])
    cgroups.remove(left["cgroup"])
    for name in ("etcd", "kubelet"):
        shutil.rmtree(folder / name, ignore_errors=True)
    record.unlink(missing_ok=True)


def _keep(folder: Path) -> int:
    _load_modules()
    network = claim()
    spec = dataclasses.replace(NodeSpec.from_json((folder / "spec.json").read_text()), number=network.number)
    _record(spec, Mark(pid=0, started=""))
    _prepare(spec)
    cgroups.make(spec.cgroup)
    unshared = _unshare(spec)
    pid = _child(unshared)
    _record(spec, Mark.of(pid))
    connect(network, pid)
    return _wait(pid, unshared)


def _prepare(spec: NodeSpec) -> None:
    plan, network = spec.control_plane, spec.network
    authority = write_pki(spec.pki, hosts=(network.bridge, network.api_service, "127.0.0.1"), node=NODE_NAME)
    authority.server("metrics-api", (metrics.SERVING_NAME,)).write(spec.pki, "metrics-api")
    plan.kubeconfigs.mkdir(exist_ok=True, mode=0o700)
    for identity in (*IDENTITIES, "kubelet"):
        write_kubeconfig(
            plan.kubeconfig(identity), server=plan.api_url, pki=spec.pki, identity=identity, name=spec.name
        )
    shutil.copy(plan.kubeconfig("admin"), spec.folder / "kubeconfig")
    write_policy(plan.audit_policy)
    write_admission(spec.folder, pki=spec.pki)
    shutil.rmtree(spec.logs, ignore_errors=True)
    spec.logs.mkdir()
    (spec.folder / "placed.json").write_text(spec.to_json())


def _unshare(spec: NodeSpec) -> subprocess.Popen[bytes]:
    """``--kill-child``: process 1 ends with ``unshare``; its own lifeline is our end of the pipe."""
    namespaces = ("--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--propagation=private")
    return subprocess.Popen(
        ["unshare", *namespaces, *PYTHON, "-m", "concordat_lab.node.init", str(spec.folder / "placed.json")],
        stdin=subprocess.PIPE,
        stderr=(spec.logs / "init.log").open("ab"),
    )


def _child(unshared: subprocess.Popen[bytes]) -> int:
    """Process 1 as the host sees it: unshare's only child, born inside."""
    children = Path(f"/proc/{unshared.pid}/task/{unshared.pid}/children")
    while unshared.poll() is None:
        with suppress(OSError):
            if found := children.read_text().split():
                return int(found[0])
        time.sleep(0.005)
    raise LabError(f"unshare ended with {unshared.returncode}: no new namespaces on this machine")


def _wait(pid: int, unshared: subprocess.Popen[bytes]) -> int:
    ended = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(sys.stdin, select.POLLIN | select.POLLHUP)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == ended:
                return unshared.wait()
            if os.read(descriptor, len(DETACH)) != DETACH:
                return 0
            poll.unregister(descriptor)


def _record(spec: NodeSpec, init: Mark) -> None:
    record = {
        "init": dataclasses.asdict(init),
        "keeper": dataclasses.asdict(Mark.of(os.getpid())),
        "link": spec.network.link,
        "cgroup": spec.cgroup,
        "number": spec.number,
    }
    target = spec.folder / RECORD
    target.with_suffix(".new").write_text(json.dumps(record))
    target.with_suffix(".new").rename(target)


def _load_modules() -> None:
    if shutil.which("modprobe"):
        subprocess.run(["modprobe", "--all", "--quiet", *MODULES], capture_output=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
