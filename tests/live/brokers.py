"""
What exporters of two brokers say, served over HTTP: names, labels and types as theirs, the numbers a test's.

RabbitMQ's own plugin ``rabbitmq_prometheus``, 3.10 and newer, at ``/metrics/detailed?family=queue_coarse_metrics``; Kafka
by ``danielqsj/kafka_exporter`` 1.9, which is also Strimzi's.
"""

import http.server
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Depths = Callable[[], Mapping[str, float]]

_RABBITMQ = "rabbitmq_detailed_queue_messages_ready"
_KAFKA = "kafka_consumergroup_lag"


@contextmanager
def exporter(*, queues: Depths, topics: Depths, group: str) -> Iterator[str]:
    """Its address; asked anew at every scrape, ``queues`` tells messages by queue, ``topics`` records by topic."""

    def text() -> str:
        return "\n".join(
            [
                f"# TYPE {_RABBITMQ} gauge",
                f"# HELP {_RABBITMQ} Messages ready to be delivered to consumers",
                *(f'{_RABBITMQ}{{vhost="/",queue="{name}"}} {depth:.0f}' for name, depth in queues().items()),
                f"# HELP {_KAFKA} Current Approximate Lag of a ConsumerGroup at Topic/Partition",
                f"# TYPE {_KAFKA} gauge",
                *(
                    f'{_KAFKA}{{consumergroup="{group}",partition="{partition}",topic="{name}"}} {lag / 2:.0f}'
                    for name, lag in topics().items()
                    for partition in (0, 1)
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
