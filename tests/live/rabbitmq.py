"""
A real RabbitMQ on free ports of loopback, with its own Prometheus plugin, thrown away afterwards.

It shares nothing with another one on the machine: its port mapper (epmd), cookie, data and settings are its own.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pika

from tests.samples.process import free_port

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's own; the one on the PATH changes to the user ``rabbitmq`` and its folders."""
USER, PASSWORD = "orders", "13-odd-secrets"
ATTEMPTS = 3
"""A port that was free may be taken by another process before the broker listens on it."""

_SETTINGS = """
listeners.tcp.1 = 127.0.0.1:{amqp}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {metrics}
default_user = {user}
default_pass = {password}
log.console = true
log.file = false
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 50MB
collect_statistics_interval = {statistics}
"""
_ADVANCED = "[{{rabbit, [{{quorum_tick_interval, {statistics}}}]}}].\n"
_STATISTICS = 500
"""Milliseconds after which a queue counts anew, by default 5000: tests scrape every half second."""


class _Ended(Exception):
    """It did not come up; the message is its log."""


@dataclass(frozen=True, kw_only=True)
class RabbitMq:
    """Where it listens."""

    amqp: int
    metrics: str
    """``host:port`` of its Prometheus plugin."""

    def connection(self) -> pika.BlockingConnection:
        """One of :data:`USER`; not to be shared between threads."""
        credentials = pika.PlainCredentials(USER, PASSWORD)
        return pika.BlockingConnection(
            pika.ConnectionParameters(host="127.0.0.1", port=self.amqp, credentials=credentials)
        )

    def depth(self, queue: str) -> float | None:
        """Messages in it, as the plugin tells; None before it does."""
        text = httpx.get(f"http://{self.metrics}/metrics/detailed?family=queue_coarse_metrics", timeout=30).text
        start = f'rabbitmq_detailed_queue_messages{{vhost="/",queue="{queue}"}} '
        found = [line.removeprefix(start) for line in text.splitlines() if line.startswith(start)]
        return float(found[0]) if found else None


@contextmanager
def rabbitmq() -> Iterator[RabbitMq]:
    """A running broker without a queue."""
    assert SERVER.exists(), "RabbitMQ is missing: run `python -m tests.setup`"
    with ExitStack() as stack:
        yield _started(stack, ATTEMPTS)


def _started(stack: ExitStack, attempts: int) -> RabbitMq:
    try:
        return stack.enter_context(_running())
    except _Ended:
        if attempts == 1:
            raise
        return _started(stack, attempts - 1)


@contextmanager
def _running() -> Iterator[RabbitMq]:
    folder = Path(tempfile.mkdtemp(prefix="concordat-rabbitmq-"))
    amqp, metrics, distribution, mapper = (free_port() for _ in range(4))
    values = {"amqp": amqp, "metrics": metrics, "user": USER, "password": PASSWORD, "statistics": _STATISTICS}
    (folder / "rabbitmq.conf").write_text(_SETTINGS.format(**values))
    (folder / "advanced.config").write_text(_ADVANCED.format(**values))
    (folder / "enabled_plugins").write_text("[rabbitmq_prometheus].\n")
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),  # of Erlang's cookie
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"concordat-{amqp}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",  # /etc/rabbitmq is another broker's
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
        "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the server and leaves no second process
    }
    try:
        # The broker would start an epmd by itself and leave it behind.
        with _process(["epmd"], folder, environment), _process([str(SERVER)], folder, environment) as server:
            found = RabbitMq(amqp=amqp, metrics=f"127.0.0.1:{metrics}")
            _wait_until_ready(found, server, folder / "rabbitmq-server.log")
            yield found
    finally:
        shutil.rmtree(folder)


@contextmanager
def _process(arguments: list[str], folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """As an ordinary user; killed at the end: nothing it holds is worth keeping."""
    user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    with (folder / f"{Path(arguments[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*user, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def _wait_until_ready(broker: RabbitMq, server: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> None:
    """Until it answers on both ports."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise _Ended(log.read_text())
        try:
            broker.depth("none")
            broker.connection().close()
        except (httpx.TransportError, pika.exceptions.AMQPError, OSError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"RabbitMQ is not ready after {seconds:g} s:\n{log.read_text()}")
