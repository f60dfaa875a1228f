"""
The page of ``concordat dashboard preview``, served on loopback: its files, one dashboard, and a way to Prometheus.

The browser asks Prometheus through here, so that Prometheus need not allow other origins; only queries pass.
"""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from concordat.cli.output import fail

_BUILT = Path(__file__).resolve().parents[4] / "dashboards" / "preview" / "dist"
_QUERIES = re.compile(r"/api/v1/(query|query_range|label/[a-zA-Z_][a-zA-Z0-9_]*/values)(\?.*)?")
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
_LOOPBACK = ("127.0.0.1", "localhost")
_PATIENCE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class View:
    """How a dashboard is looked at; seconds and pixels."""

    since: int
    scrape_interval: int
    width: int
    theme: str
    points: int = 200

    def settings(self) -> dict[str, Any]:
        """What the page asks before anything else; ends now."""
        now = time.time()
        step = max(self.since // self.points, self.scrape_interval)
        return {
            "from": now - self.since,
            "to": now,
            "step": step,
            "rateInterval": f"{max(step + self.scrape_interval, 4 * self.scrape_interval)}s",  # as Grafana computes it
            "theme": self.theme,
            "width": self.width,
        }


def files() -> dict[str, Path]:
    """The built page, by its addresses; ends the program when it was not built."""
    if not (_BUILT / "index.html").is_file():
        fail(
            "the preview's page is not built: run `make preview` in a checkout of Concordat (needs Node.js 18 and npm)"
        )
    found = {f"/{path.relative_to(_BUILT).as_posix()}": path for path in _BUILT.rglob("*") if path.is_file()}
    return {"/": found["/index.html"], **found}


@contextmanager
def served(board: Mapping[str, Any], view: View, prometheus: str, *, port: int = 0) -> Iterator[str]:
    """The page's address, while the block runs."""
    there, drawn = files(), json.dumps(board).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if (self.headers.get("Host") or "").rpartition(":")[0] not in _LOOPBACK:
                self._answer(403, b"", ".html")  # a page elsewhere whose name leads here
            elif _QUERIES.fullmatch(self.path):
                self._answer(*_asked(f"{prometheus}{self.path}"), ".json")
            elif path == "/dashboard.json":
                self._answer(200, drawn, ".json")
            elif path == "/settings.json":
                self._answer(200, json.dumps(view.settings()).encode(), ".json")
            elif path in there:
                self._answer(200, there[path].read_bytes(), there[path].suffix)
            else:
                self._answer(404, b"", ".html")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", _KINDS.get(kind, "application/octet-stream"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return None

    try:
        server = ThreadingHTTPServer((_LOOPBACK[0], port), Handler)
    except OSError as error:
        fail(f"--port: {port} cannot be had ({error.strerror}); leave it out for a free one")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{_LOOPBACK[0]}:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _asked(url: str) -> tuple[int, bytes]:
    """Prometheus' answer; in its own form when there is none."""
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError as error:
        said = {"status": "error", "error": f"Prometheus cannot be reached: {getattr(error, 'reason', error)}"}
        return 502, json.dumps(said).encode()
