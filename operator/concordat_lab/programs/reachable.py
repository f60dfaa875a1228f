"""Whether a host can be reached at all, known within seconds and asked once."""

import socket
import threading
import urllib.parse
import urllib.request
from functools import cache

PATIENCE_SECONDS = 3.0


def why_unreachable(url: str) -> str:
    """Empty when somebody listens there, or at the proxy in between; otherwise the reason in words."""
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and parts.hostname and not urllib.request.proxy_bypass(parts.hostname):
        parts = urllib.parse.urlsplit(proxy)
    return _why(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


@cache
def _why(host: str, port: int) -> str:
    """In a thread: looking a name up takes no time-out, and may take minutes where nobody answers."""
    outcome: list[str] = []

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=PATIENCE_SECONDS).close()
        except OSError as error:
            outcome.append(error.strerror or str(error))
        else:
            outcome.append("")

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return outcome[0] if outcome else f"no answer in {PATIENCE_SECONDS:.0f} s"
