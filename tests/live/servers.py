"""
Prometheus and Alertmanager on loopback: Debian's, and Prometheus 3 where it is asked for.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.slo.promtool import promtool3

LOOKBACK = "5s"
"""Five minutes of the model: how long a series that is no longer written is still read."""
_LISTENING = re.compile(r'"Listening on".* address=(127\.0\.0\.1:\d+)')


@contextmanager
def alertmanager(configuration: dict[str, Any], folder: Path) -> Iterator[str]:
    """Its address."""
    (folder / "alertmanager.yaml").write_text(yaml.safe_dump(configuration))
    arguments = [
        f"--config.file={folder}/alertmanager.yaml",
        f"--storage.path={folder}/alertmanager",
        "--cluster.listen-address=",
    ]
    with _running("prometheus-alertmanager", arguments, folder) as url:
        yield url


@contextmanager
def prometheus(configuration: dict[str, Any], folder: Path, *flags: str, program: str = "prometheus") -> Iterator[str]:
    """Its address; its data, and what it finds there, in ``folder/data``."""
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
    arguments = [
        f"--config.file={folder}/prometheus.yaml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=90d",
        f"--query.lookback-delta={LOOKBACK}",
        "--enable-feature=exemplar-storage",
        "--rules.alert.resend-delay=1s",  # an alert that fires before Alertmanager is known waits as long
        *flags,
    ]
    with _running(program, arguments, folder) as url:
        yield url


def prometheus3() -> str:
    """Path of a Prometheus 3, which stores native histograms and takes OTLP; built beside its promtool."""
    found = Path(promtool3()).with_name("prometheus")
    assert found.exists(), f"{found} is missing: run `python -m tests.setup`"
    return str(found)


@contextmanager
def _running(program: str, arguments: Sequence[str], folder: Path) -> Iterator[str]:
    """On a port it takes itself, and says in its log."""
    found = shutil.which(program)
    assert found, f"{program} is missing: run `python -m tests.setup`"
    log = folder / f"{Path(program).name}.log"
    command = [found, "--web.listen-address=127.0.0.1:0", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    try:
        yield _ready(process, log)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(process: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> str:
    """Its address, as soon as it answers there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        said = log.read_text(errors="replace")
        assert process.poll() is None, said
        if (listening := _LISTENING.search(said)) and _answers(url := f"http://{listening[1]}"):
            return url
        time.sleep(0.05)
    raise AssertionError(f"{process.args} is not ready after {seconds:g} s:\n{log.read_text(errors='replace')}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
