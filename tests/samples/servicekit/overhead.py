"""
What the library costs a request: CPU time of the server process with it, over the same server without.

CPU time, since wall time says more about the neighbours; a raw ASGI application is the hardest measure, as it does nothing else.
"""

import socket
from pathlib import Path
from statistics import median

from tests.samples.process import Process, running

ROUNDS = 11
REQUESTS = 800
REQUEST = (
    b"GET /things/11 HTTP/1.1\r\nhost: things\r\naccept: application/json\r\n"
    b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\n\r\n"
)


def cpu_ratio(application: str, folder: Path) -> tuple[float, float]:
    """CPU of the instrumented server over the bare one's, and the difference in microseconds a request: medians of rounds."""
    echo = "tests.samples.servicekit.echo"
    with (
        running(echo, application, "bare", folder=folder) as bare,
        running(echo, application, "instrumented", folder=folder) as instrumented,
    ):
        for server in (bare, instrumented):
            _ask(server, REQUESTS)  # warm
        rounds = []
        for _ in range(ROUNDS):
            without, with_ = (_cpu_of(REQUESTS, server) for server in (bare, instrumented))
            rounds.append((with_ / without, (with_ - without) / REQUESTS * 1e6))
    ratios, differences = zip(*rounds, strict=True)
    return median(ratios), median(differences)


def _cpu_of(requests: int, server: Process) -> float:
    before = server.cpu_seconds()
    _ask(server, requests)
    return server.cpu_seconds() - before


def _ask(server: Process, requests: int) -> None:
    """One kept connection, one request at a time."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(requests):
            connection.sendall(REQUEST)
            answer = b""
            while not answer.endswith(b"{}"):
                answer += connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200")


if __name__ == "__main__":
    import tempfile

    for name in ("raw", "fastapi"):
        with tempfile.TemporaryDirectory() as temporary:
            ratio, microseconds = cpu_ratio(name, Path(temporary))
        print(f"{name}: {ratio:.2f} times the CPU of the bare server, {microseconds:.0f} µs a request")
