"""
Whom Alertmanager notifies: a real HTTP server that keeps what it is sent.
"""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One request of Alertmanager's, in its webhook format, version 4."""

    path: str
    at: float
    """Seconds since 1970."""
    body: dict[str, Any]

    @property
    def status(self) -> str:
        return str(self.body["status"])

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return list(self.body["alerts"])


@dataclass(kw_only=True)
class Receiver:
    """What came so far."""

    url: str = ""
    received: list[Notification] = field(default_factory=list)

    def wait_for(self, wanted: Callable[[Notification], bool], *, seconds: float) -> Notification:
        """The first that is ``wanted``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for notification in list(self.received):
                if wanted(notification):
                    return notification
            time.sleep(0.05)
        raise AssertionError(f"nothing of the kind within {seconds:g} s; there came {self.received}")


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port of loopback."""
    found = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.received.append(Notification(path=self.path, at=time.time(), body=body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
