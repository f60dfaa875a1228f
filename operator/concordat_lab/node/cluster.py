"""What callers hold of a cluster with a real node."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from concordat_lab import running
from concordat_lab.control_plane.api import Api
from concordat_lab.control_plane.audit import AuditLog
from concordat_lab.errors import ComponentDied, LabError, Unavailable
from concordat_lab.machine.processes import POLL_SECONDS, Mark, children, outlives_us
from concordat_lab.machine.progress import Progress, Quiet
from concordat_lab.node.control import ask
from concordat_lab.node.images import CTR, own_archives
from concordat_lab.node.keeper import DETACH, RECORD, clean
from concordat_lab.node.spec import PYTHON, NodeSpec
from concordat_lab.programs import binaries, packages

READY_SECONDS = 60.0


class NodeCluster:
    """
    One cluster with a real node; a context manager that ends it.

    :param folder: where it keeps everything; its image store stays there when the cluster ends.
    :param detached: let it outlive this process; otherwise it ends with this process, however that ends.
    :param images: archives to import before pods start, beside the pause image.
    :param simulated_nodes: tainted nodes by kwok beside the real one, for mass.
    :param metrics: serve ``metrics.k8s.io``, so autoscalers and ``kubectl top`` work.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "lab",
        detached: bool = False,
        images: Sequence[Path] = (),
        simulated_nodes: int = 0,
        metrics: bool = False,
        fsync: bool = False,
        autoscaler_sync_seconds: int = 2,
        progress: Progress | None = None,
    ) -> None:
        self.folder = folder
        self.name = name
        self._detached = detached
        self._images = tuple(images)
        self._options: dict[str, Any] = {
            "simulated_nodes": simulated_nodes,
            "metrics": metrics,
            "fsync": fsync,
            "autoscaler_sync_seconds": autoscaler_sync_seconds,
        }
        self._progress = progress or Quiet()
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def kubeconfig(self) -> Path:
        """An administrator's; works on the host."""
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> AuditLog:
        return AuditLog(path=self.spec.control_plane.audit_log)

    @property
    def spec(self) -> NodeSpec:
        """As it runs: with its network."""
        return NodeSpec.from_json((self.folder / "placed.json").read_text())

    @property
    def binaries(self) -> Mapping[str, Path]:
        return self.spec.binaries

    @property
    def api(self) -> Api:
        return Api(self.kubeconfig)

    @property
    def running(self) -> bool:
        return (mark := _init(self.folder)) is not None and mark.alive()

    def start(self) -> Self:
        """
        Bring it up: five seconds, once everything it needs is on this machine.

        :raises Unavailable: not root, or something is missing that may not be installed.
        :raises LabError: it runs already, or a component does not come up; the message holds the reason.
        """
        if os.geteuid() != 0:
            raise Unavailable(
                "a real node needs root; without it there is the control plane: concordat up --without-node"
            )
        packages.ensure(packages.NODE, self._progress)
        wanted = binaries.NODE + (binaries.SIMULATED_NODES if self._options["simulated_nodes"] else ())
        programs = binaries.locate(wanted, self._progress)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._starting():
            if self.running:
                raise LabError(f"the cluster {self.name} runs already: concordat down --name {self.name}")
            clean(self.folder)
            spec = NodeSpec(
                name=self.name,
                folder=self.folder.resolve(),
                binaries=dict(programs),
                images=(*own_archives(programs), *self._images),
                **self._options,
            )
            (self.folder / "spec.json").write_text(spec.to_json())
            self._start()
        return self

    def stop(self, *, purge: bool = False) -> None:
        """End it, in a second, leaving nothing but logs and image store; those go too with ``purge``."""
        clean(self.folder)
        if self._keeper is not None:
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None
        if purge:
            shutil.rmtree(self.folder, ignore_errors=True)

    def down(self) -> None:
        """As every provider's cluster ends: :meth:`stop`."""
        self.stop()

    def load_image(self, archive: Path) -> None:
        """Import an OCI or Docker archive; pods find it with ``imagePullPolicy: IfNotPresent``."""
        done = self.run(*CTR, "images", "import", str(archive.resolve()))
        if done.returncode:
            raise LabError(f"{archive} cannot be imported: {done.stderr.strip()[-600:]}")

    def reach(self, namespace: str, service: str, port: int | None = None) -> str:
        """``http://<ClusterIP>:<port>`` of a Service: the host reaches it directly. The first port if none is given."""
        found = self.api.get(f"/api/v1/namespaces/{namespace}/services/{service}")
        if found is None:
            raise LabError(f"there is no Service {service} in namespace {namespace}")
        return f"http://{found['spec']['clusterIP']}:{port or found['spec']['ports'][0]['port']}"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of this machine inside the cluster's namespaces, in its folder."""
        mark = _init(self.folder)
        if mark is None or not mark.alive():
            raise LabError(f"the cluster {self.name} does not run: concordat up --name {self.name}")
        inside = ["nsenter", f"--target={mark.pid}", "--mount", "--net", "--pid", f"--wd={self.folder.resolve()}"]
        return subprocess.run([*inside, *command], capture_output=True, text=True)

    def processes(self) -> dict[str, int]:
        """Name -> pid of process 1's children, as the host sees them."""
        mark = _init(self.folder)
        if mark is None or not mark.alive():
            return {}
        return {"init": mark.pid} | children(mark.pid)

    def kill_apiserver(self) -> None:
        """SIGKILL; the database and everything else go on."""
        ask(self.folder, end="kube-apiserver", signal=int(signal.SIGKILL))

    def start_apiserver(self) -> None:
        """Start it after :meth:`kill_apiserver`, at the same address, with the same data; returns when it is ready."""
        self.start_component("kube-apiserver")

    def restart_apiserver(self) -> None:
        """End it as an upgrade would, and start it again."""
        ask(self.folder, end="kube-apiserver")
        self.start_component("kube-apiserver")

    def start_component(self, name: str) -> None:
        """Start what was ended, as it was started first; returns when the API server is ready."""
        ask(self.folder, start=name)
        api, deadline = self.api, time.monotonic() + READY_SECONDS
        while not api.ready():
            if time.monotonic() > deadline:
                raise ComponentDied(
                    f"{name} was not ready within {READY_SECONDS:.0f} s", self.spec.logs / f"{name}.log"
                )
            time.sleep(POLL_SECONDS)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        with (self.folder / "keeper.log").open("wb") as errors:
            self._keeper = subprocess.Popen(
                [*PYTHON, "-m", "concordat_lab.node.keeper", str(self.folder.resolve())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # what ends our whole process group must leave it alive to clean up
            )
            try:
                self._follow()
            except BaseException:
                self.stop()
                raise
        if self._detached:
            assert self._keeper.stdin is not None
            self._keeper.stdin.write(DETACH)
            self._keeper.stdin.close()
            outlives_us(self._keeper)
            self._keeper = None

    def _follow(self) -> None:
        assert self._keeper is not None
        assert self._keeper.stdout is not None
        with self._keeper.stdout as messages, ExitStack() as step:
            for line in messages:
                message = json.loads(line)
                if title := message.get("begin"):
                    step.enter_context(self._progress.step(title))
                elif "end" in message:
                    step.close()
                elif why := message.get("failed"):
                    raise LabError(why)
                elif message.get("ready"):
                    return
        logs = (self.folder / "keeper.log", self.folder / "logs" / "init.log")
        spoken = next((log for log in logs if log.exists() and log.stat().st_size), logs[0])
        raise ComponentDied("the cluster ended while it started", spoken)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """One start of a cluster at a time."""
        with (self.folder / "start.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LabError(f"the cluster {self.name} is being started by another process") from error
            yield


def _init(folder: Path) -> Mark | None:
    return running.recorded(folder, RECORD, "init")
