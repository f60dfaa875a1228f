"""
Prometheus and Alertmanager on free ports of loopback: Debian's, and Prometheus 3 where it is asked for.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.samples.process import free_port
from tests.slo.promtool import promtool3

LOOKBACK = "5s"
"""Five minutes of the model: how long a series that is no longer written is still read."""


@contextmanager
def alertmanager(configuration: dict[str, Any], folder: Path) -> Iterator[str]:
    """Its address."""
    (folder / "alertmanager.yaml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    arguments = [
        f"--config.file={folder}/alertmanager.yaml",
        f"--storage.path={folder}/alertmanager",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _running("prometheus-alertmanager", arguments, port, folder) as url:
        yield url


@contextmanager
def prometheus(configuration: dict[str, Any], folder: Path, *flags: str, program: str = "prometheus") -> Iterator[str]:
    """Its address; its data, and what it finds there, in ``folder/data``."""
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    arguments = [
        f"--config.file={folder}/prometheus.yaml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=90d",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--query.lookback-delta={LOOKBACK}",
        "--enable-feature=exemplar-storage",
        "--rules.alert.resend-delay=1s",  # an alert that fires before Alertmanager is known waits as long
        *flags,
    ]
    with _running(program, arguments, port, folder) as url:
        yield url


def prometheus3() -> str:
    """Path of a Prometheus 3, which stores native histograms and takes OTLP; built beside its promtool."""
    found = Path(promtool3()).with_name("prometheus")
    assert found.exists(), f"{found} is missing: run `python -m tests.setup`"
    return str(found)


@contextmanager
def _running(program: str, arguments: Sequence[str], port: int, folder: Path) -> Iterator[str]:
    found = shutil.which(program)
    assert found, f"{program} is missing: run `python -m tests.setup`"
    log = folder / f"{Path(program).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([found, *arguments], stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(process, url, log)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/-/ready", timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{process.args} is not ready after {seconds:g} s:\n{log.read_text()}")
