"""
Asking process 1 to end or start one of its children: a Unix socket in the cluster's folder, one JSON object each way.

    {"end": "kube-apiserver", "signal": 9}     {"start": "kube-apiserver"}     {"list": true}
"""

import json
import os
import selectors
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from concordat_lab.errors import LabError
from concordat_lab.machine.processes import Processes

SOCKET = "control.sock"
_LONGEST = 1 << 16


def serve(folder: Path, processes: Processes) -> None:
    """Answer one request after the other, and reap every orphan in between; never returns."""
    with _address(folder) as address:
        Path(address).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(address)
    listener.listen()
    wakeup, woken = socket.socketpair()
    for end in (wakeup, woken):
        end.setblocking(False)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(wakeup, selectors.EVENT_READ)
        while True:
            _reap(processes)
            for key, _ in selector.select():
                if key.fileobj is listener:
                    _answer(listener, processes)
                else:
                    with suppress(BlockingIOError):
                        wakeup.recv(_LONGEST)


def ask(folder: Path, **question: Any) -> dict[str, Any]:
    """
    Put a question to the cluster in ``folder``.

    :raises LabError: it does not run, or refuses.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, _address(folder) as address:
        try:
            connection.connect(address)
        except OSError as error:
            raise LabError(f"the cluster in {folder} does not answer: {error}") from error
        connection.sendall(json.dumps(question).encode() + b"\n")
        answer: dict[str, Any] = json.loads(_line(connection))
    if "error" in answer:
        raise LabError(answer["error"])
    return answer


def _answer(listener: socket.socket, processes: Processes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(5)
        try:
            answer = _do(json.loads(_line(connection)), processes)
        except (LabError, OSError, ValueError, KeyError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        with suppress(OSError):
            connection.sendall(json.dumps(answer).encode() + b"\n")


def _do(question: dict[str, Any], processes: Processes) -> dict[str, Any]:
    if name := question.get("end"):
        processes.end(name, signal.Signals(question.get("signal", signal.SIGTERM)))
    elif name := question.get("start"):
        processes.start_again(name)
    return {"running": list(processes.names)}


def _reap(processes: Processes) -> None:
    """Process 1 is given every orphan; its own children's exits are recorded where they are looked for."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            processes.ended(*ended)


def _line(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as file:
        return file.readline(_LONGEST)


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """A path short enough for a socket (108 bytes), however deep the folder."""
    descriptor = os.open(folder, os.O_PATH)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
