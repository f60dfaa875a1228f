"""
A control plane without root, Docker or nodes: etcd, kube-apiserver, kube-controller-manager, kube-scheduler.

    with ControlPlane() as cluster:
        subprocess.run(["kubectl", "--kubeconfig", cluster.kubeconfig, "get", "namespaces"])

Everything an operator does is real here: schemas, admission, RBAC, garbage collection, rollouts up to pending pods. With
``simulated_nodes`` pods become ready as well; nothing ever answers a request.
"""

import asyncio
import dataclasses
import json
import shutil
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from concordat_lab import running
from concordat_lab.control_plane import components, kwok
from concordat_lab.control_plane.admission import write_admission
from concordat_lab.control_plane.api import Api
from concordat_lab.control_plane.audit import AuditLog, write_policy
from concordat_lab.control_plane.components import CONTROL_PLANE, ControlPlanePlan
from concordat_lab.control_plane.kubeconfig import write_kubeconfig
from concordat_lab.control_plane.pki import IDENTITIES, write_pki
from concordat_lab.errors import ComponentDied
from concordat_lab.machine.paths import memory_folder
from concordat_lab.machine.ports import free_ports
from concordat_lab.machine.processes import Keeper, Mark, Processes, end_group
from concordat_lab.machine.progress import Progress, Quiet
from concordat_lab.programs import binaries

LOOPBACK = "127.0.0.1"
SERVICE_CIDR = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
POD_CIDR = "10.244.0.0/16"
DATABASE_BYTES = 2 << 30
START_ATTEMPTS = 3


RECORD = running.CONTROL_PLANE_RECORD


def recorded(folder: Path) -> Mark | None:
    """The process group of the control plane in ``folder``, if it lives."""
    mark = running.recorded(folder, RECORD, "group")
    return mark if mark is not None and mark.alive() else None


def end_recorded(folder: Path) -> None:
    """End the control plane in ``folder``, whoever started it, and remove its database; idempotent."""
    if (mark := recorded(folder)) is not None:
        end_group(mark)
    with suppress(OSError, ValueError):
        shutil.rmtree(json.loads((folder / RECORD).read_text())["etcd_data"], ignore_errors=True)
    (folder / RECORD).unlink(missing_ok=True)


def _record(folder: Path, group: Mark, etcd_data: Path) -> None:
    (folder / RECORD).write_text(json.dumps({"group": dataclasses.asdict(group), "etcd_data": str(etcd_data)}))


class ControlPlane:
    """
    One control plane; a context manager, plain or asynchronous, that ends it.

    :param folder: where to keep everything; a temporary folder, removed at the end, when none is given.
    :param detached: let it outlive this process; otherwise it ends with this process, however that ends.
    :param simulated_nodes: nodes (by kwok) whose pods become ready without running.
    :param fsync: make etcd wait for the disk, as in production.
    :param autoscaler_sync_seconds: how often HorizontalPodAutoscalers are looked at; 15 is Kubernetes' default.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        name: str = "lab",
        detached: bool = False,
        simulated_nodes: int = 0,
        fsync: bool = False,
        autoscaler_sync_seconds: int = 15,
        progress: Progress | None = None,
    ) -> None:
        self.name = name
        self._given = folder
        self._detached = detached
        self._simulated_nodes = simulated_nodes
        self._fsync = fsync
        self._autoscaler_sync_seconds = autoscaler_sync_seconds
        self._progress = progress or Quiet()
        self.keeper: Keeper | None = None

    folder: Path
    kubeconfig: Path
    """An administrator's."""
    audit_log: AuditLog
    processes: Processes
    plan: ControlPlanePlan
    binaries: Mapping[str, Path]

    def start(self) -> Self:
        """
        Bring it up, from nothing to a default ServiceAccount; some four seconds.

        :raises ComponentDied: one of the programs does not come up; carries the end of its log.
        """
        wanted = binaries.CONTROL_PLANE + (binaries.SIMULATED_NODES if self._simulated_nodes else ())
        self.binaries = binaries.locate(wanted, self._progress)
        self._make_folder()
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                self._start()
            except ComponentDied as error:
                again = attempt < START_ATTEMPTS and "address already in use" in str(error)
                self.stop(keep=again)
                if not again:
                    raise
                self._progress.note("another program took a port in between: choosing others")
            except BaseException:
                self.stop()
                raise
            else:
                return self
        raise AssertionError("unreachable")

    def stop(self, *, keep: bool = False) -> None:
        """End every process and, unless ``keep``, remove what they left. Does nothing the second time."""
        if self.keeper is not None:
            end_recorded(self.folder)
            self.keeper.end()
            self.keeper = None
            self.processes.forget_all()
        if self._given is None and not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill_apiserver(self) -> None:
        """SIGKILL: what a crash of the machine under it looks like. The database and everything else go on."""
        self.processes.end("kube-apiserver", signal.SIGKILL)

    def start_apiserver(self) -> None:
        """Start it after :meth:`kill_apiserver`, on the same port, with the same data; returns when it is ready."""
        self._start_apiserver()

    def restart_apiserver(self) -> None:
        """End it as an upgrade would, and start it again on the same port with the same data."""
        self.processes.end("kube-apiserver")
        self._start_apiserver()

    @property
    def api(self) -> Api:
        return Api(self.kubeconfig)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    def _make_folder(self) -> None:
        self.folder = self._given or Path(tempfile.mkdtemp(prefix="concordat-"))
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(self.folder / "logs", ignore_errors=True)

    def _start(self) -> None:
        self._configure()
        self.keeper = keeper = Keeper()
        self.processes = Processes(self.folder / "logs", group=keeper.group.pid)
        _record(self.folder, keeper.group, self.plan.etcd_data)
        with self._progress.step("etcd and kube-apiserver") as detail:
            self.processes.start("etcd", components.etcd(self.plan))
            detail("etcd")
            self._start_apiserver()
        with self._progress.step("kube-controller-manager and kube-scheduler"):
            for name in ("kube-controller-manager", "kube-scheduler"):
                self.processes.start(name, CONTROL_PLANE[name](self.plan))
            self._wait_for_controllers()
        if self._simulated_nodes:
            with self._progress.step(f"{self._simulated_nodes} simulated nodes"):
                self._simulate()
        if self._detached:
            keeper.let_go()
            self.processes.let_go()

    def _configure(self) -> None:
        api, *others = free_ports(6)
        pki, kubeconfigs = self.folder / "pki", self.folder / "kubeconfigs"
        kubeconfigs.mkdir(exist_ok=True, mode=0o700)
        memory = None if self._fsync else memory_folder(DATABASE_BYTES)
        self.plan = ControlPlanePlan(
            binaries=self.binaries,
            pki=pki,
            kubeconfigs=kubeconfigs,
            etcd_data=Path(tempfile.mkdtemp(prefix="concordat-etcd-", dir=memory or self.folder)),
            audit_policy=write_policy(self.folder / "audit-policy.yaml"),
            audit_log=self.folder / "logs" / "audit.log",
            admission=write_admission(self.folder, pki=pki),
            api_host=LOOPBACK,
            api_port=api,
            etcd_port=others[0],
            etcd_peer_port=others[1],
            manager_port=others[2],
            scheduler_port=others[3],
            service_cidr=SERVICE_CIDR,
            pod_cidr=POD_CIDR,
            advertise=False,
            fsync=self._fsync,
            autoscaler_sync_seconds=self._autoscaler_sync_seconds,
        )
        self._kwok_port = others[4]
        write_pki(pki, hosts=(LOOPBACK, SERVICE_ADDRESS))
        for identity in IDENTITIES:
            write_kubeconfig(
                self.plan.kubeconfig(identity), server=self.plan.api_url, pki=pki, identity=identity, name=self.name
            )
        self.kubeconfig = self.folder / "kubeconfig"
        shutil.copy(self.plan.kubeconfig("admin"), self.kubeconfig)
        self.audit_log = AuditLog(path=self.plan.audit_log)

    def _start_apiserver(self) -> None:
        self.processes.start("kube-apiserver", components.kube_apiserver(self.plan))
        self.processes.wait("kube-apiserver", self.api.ready)

    def _wait_for_controllers(self) -> None:
        path, api = "/api/v1/namespaces/default/serviceaccounts/default", self.api
        self.processes.wait("kube-controller-manager", lambda: api.get(path) is not None)

    def _simulate(self) -> None:
        api = self.api
        api.apply(kwok.access())
        self.processes.start(
            "kwok",
            kwok.command(
                self.binaries["kwok"],
                stages=self.binaries["stages.yaml"],
                kubeconfig=self.plan.kubeconfig("kwok"),
                port=self._kwok_port,
            ),
        )
        api.apply(kwok.nodes(self._simulated_nodes, tainted=False))
        self.processes.wait("kwok", lambda: kwok.all_ready(api, self._simulated_nodes))
