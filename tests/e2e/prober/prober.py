"""
A service that answers on its ports, and that can be asked to try others.

    prober.py serve                     answers 200 on 8080 (http) and 9090 (metrics)
    prober.py try HOST:PORT ...         which of these accept a connection; a JSON object
    prober.py get URL ...               status of each; a JSON object
    prober.py text URL                  its body; {"text": "..."}
    prober.py resolver                  who answers DNS; {"address": "10.96.0.10"}
    prober.py load URL                  asks without pause until standard input ends; {"sent": 517, "lost": []}

Only the standard library: it runs on any image with Python.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORTS = (8080, 9090)
PATIENCE = 1.5
"""Seconds to wait for a connection: refused at once by most policy engines, dropped by some."""

CALLERS = 4
PAUSE = 0.02
"""Seconds between two requests of a caller: 4 callers make some 150 requests a second."""


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{socket.gethostname()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """A probe a second is nothing to write down."""


def serve() -> None:
    """Answer until told to end, then end at once: the worst a service can do to its callers."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    servers = [ThreadingHTTPServer(("", port), _Answer) for port in PORTS]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


def connects(target: str) -> bool:
    """Whether ``host:port`` accepts a TCP connection."""
    host, _, port = target.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def status(url: str) -> int | str:
    """The HTTP status, or what went wrong on the way."""
    host, _, url = url.rpartition(" ")
    request = urllib.request.Request(url, headers={"Connection": "close"} | ({"Host": host} if host else {}))
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            response.read()
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return repr(error)


def text(url: str) -> dict[str, str]:
    """The body, whatever the status."""
    with urllib.request.urlopen(url, timeout=10) as response:
        return {"text": response.read().decode()}


def resolver() -> dict[str, str]:
    """The first resolver of this pod."""
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    return {"address": next(line.split()[1] for line in lines if line.startswith("nameserver"))}


def load(url: str) -> dict[str, object]:
    """Ask without pause, a new connection each time, until standard input ends."""
    done = threading.Event()
    sent: list[int] = []
    lost: list[str] = []

    def call() -> None:
        while not done.is_set():
            answer = status(url)
            sent.append(1)
            if answer != 200:
                lost.append(f"{time.time():.3f} {answer}")
            time.sleep(PAUSE)

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    sys.stdin.read()
    done.set()
    for caller in callers:
        caller.join()
    return {"sent": len(sent), "lost": lost}


def main(command: str, *arguments: str) -> None:
    """One command, one JSON object."""
    if command == "serve":
        serve()
    print(json.dumps(COMMANDS[command](*arguments)))


def _each(ask: Callable[[str], object], *targets: str) -> dict[str, object]:
    with ThreadPoolExecutor(max_workers=16) as callers:
        return dict(zip(targets, callers.map(ask, targets), strict=True))


COMMANDS: dict[str, Callable[..., object]] = {
    "try": partial(_each, connects),
    "get": partial(_each, status),
    "text": text,
    "resolver": resolver,
    "load": load,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
