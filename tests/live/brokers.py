"""
What ``kafka_exporter`` says of a broker, served over HTTP: names, labels, types and help as its, the numbers a test's.

``danielqsj/kafka_exporter`` 1.9, which is also Strimzi's, is offered by no package registry; its source was read.
"""

import http.server
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Lags = Callable[[], Mapping[str, float]]

_LAG = "kafka_consumergroup_lag"


@contextmanager
def kafka_exporter(*, topics: Lags, group: str) -> Iterator[str]:
    """Its address; asked anew at every scrape, ``topics`` tells the group's lag in records by topic."""

    def text() -> str:
        return "\n".join(
            [
                f"# HELP {_LAG} Current Approximate Lag of a ConsumerGroup at Topic/Partition",
                f"# TYPE {_LAG} gauge",
                *(
                    f'{_LAG}{{consumergroup="{group}",partition="{partition}",topic="{name}"}} {records:.0f}'
                    for name, lag in topics().items()
                    for partition, records in enumerate((lag / 2, lag / 2, -1))  # of the last, nothing is committed
                ),
                "",
            ]
        )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
