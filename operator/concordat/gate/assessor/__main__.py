"""
The other side: loads what assessing takes, and forks for each question that comes over the control socket (its standard input).

Nothing is read here but file descriptors. A fork ends with its answer, at its limits, or when nobody waits for it any more.
"""

import contextlib
import os
import resource
import select
import signal
import socket

from concordat.gate.assessor.wire import Ended, trailer
from concordat.gate.assessor.worker import work


def main() -> None:
    """Until the control socket ends; then everything ends."""
    control = socket.socket(fileno=0)
    woken, waker = socket.socketpair()
    for each in (woken, waker):
        each.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler of Python's nothing is written to the waker
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    forks = _Forks(own=(control, woken, waker))
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        for descriptor, events in poll.poll():
            if descriptor == control.fileno():
                _, (*received,), _, _ = socket.recv_fds(control, 1, 1)
                if not received:
                    forks.kill_all()
                    return
                connection = socket.socket(fileno=received[0])
                forks.start(connection)
                poll.register(connection, 0)  # its hanging up is told all the same
            elif descriptor == woken.fileno():
                woken.recv(4096)
                for connection in forks.reaped():
                    poll.unregister(connection)
                    connection.close()
            elif events & (select.POLLHUP | select.POLLERR):
                forks.nobody_waits(descriptor)


class _Forks:
    """Those that run, with the connection each answers on."""

    def __init__(self, *, own: tuple[socket.socket, ...]) -> None:
        self._own = own
        self._running: dict[int, socket.socket] = {}

    def start(self, connection: socket.socket) -> None:
        pid = os.fork()
        if pid:
            self._running[pid] = connection
            return
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in (*self._own, *self._running.values()):
            other.close()
        code = 1
        try:
            work(connection)
            code = 0
        finally:
            os._exit(code)

    def reaped(self) -> list[socket.socket]:
        """Connections of those that have ended, each told how."""
        done = []
        while self._running:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                break
            connection = self._running.pop(pid)
            ended = Ended(
                signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
                code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
                peak=usage.ru_maxrss * 1024,
            )
            with contextlib.suppress(OSError):  # nobody waits
                connection.send(trailer(ended), socket.MSG_DONTWAIT)
            done.append(connection)
        return done

    def nobody_waits(self, descriptor: int) -> None:
        for pid, connection in self._running.items():
            if connection.fileno() == descriptor:
                os.kill(pid, signal.SIGKILL)

    def kill_all(self) -> None:
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
