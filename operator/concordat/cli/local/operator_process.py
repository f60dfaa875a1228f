"""
The operator as a process of this machine, beside a cluster that runs no pods.
"""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from concordat_lab.errors import LabError
from concordat_lab.machine.ports import free_ports

_PATIENCE = 30.0


@contextmanager
def operator_process(kubeconfig: Path, log: Path) -> Iterator[None]:
    """Runs until the block ends. Raises :exc:`LabError` with the end of its log when it does not get ready."""
    port = free_ports(1)[0]
    ours = {"KUBECONFIG": str(kubeconfig), "CONCORDAT_HTTP_PORT": str(port)}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONCORDAT_")}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "concordat"], env=inherited | ours, stdout=output, stderr=output
        )
    try:
        _until_ready(process, port, log)
        yield
    finally:
        process.terminate()
        process.wait()


def _until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise LabError(f"the operator does not get ready: {log.read_text()[-800:]}")
