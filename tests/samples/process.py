"""A service as a process of its own: started, waited for, asked, ended."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT, ROOT / "sample_services/servicekit", ROOT / "sample_services/catalog")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A running service."""

    popen: subprocess.Popen[bytes]
    url: str
    log: Path

    def terminate(self, *, within: float = 10.0) -> tuple[int, float]:
        """SIGTERM; returns the exit status and the seconds it took."""
        started = time.monotonic()
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(within), time.monotonic() - started

    def cpu_seconds(self) -> float:
        """Time its main thread has run so far, to the nanosecond; ``/proc/PID/stat`` counts hundredths by sampling."""
        return int(Path(f"/proc/{self.popen.pid}/schedstat").read_text().split()[0]) / 1e9


def free_port() -> int:
    """A port of loopback nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running(
    module: str, *arguments: str, folder: Path, alive: str = "/healthz", **environment: str
) -> Iterator[Process]:
    """``python -m module`` on a free port, its output in ``folder``; killed at the end if it is still there."""
    port = free_port()
    log = folder / f"{module}.log"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            env=_environment({"HTTP_PORT": str(port), **environment}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    process = Process(popen=popen, url=f"http://127.0.0.1:{port}", log=log)
    try:
        _wait(process, alive)
        yield process
    finally:
        popen.kill()
        popen.wait()


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, SOURCES)), **own}


def _wait(process: Process, path: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.popen.poll() is not None:
            raise AssertionError(
                f"{process.popen.args} ended with {process.popen.returncode}:\n{process.log.read_text()}"
            )
        try:
            httpx.get(process.url + path, timeout=1)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{process.url}{path} did not answer within {seconds} s:\n{process.log.read_text()}")
