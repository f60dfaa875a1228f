"""Spans of a real process, received by a real OTLP endpoint: one trace id in the span, the log and the exemplar."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from tests.samples.process import running
from tests.samples.servicekit.shop import OPENMETRICS

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(ThreadingHTTPServer):
    """Keeps what is posted to ``/v1/traces``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.received: list[ResourceSpans] = []


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received += ExportTraceServiceRequest.FromString(body).resource_spans
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_request(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """An OTLP endpoint on loopback."""
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("headers", [{"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, {}], ids=["caller", "own"])
def test_one_trace_id_in_span_log_and_exemplar(headers: dict[str, str], collector: Collector, tmp_path: Path) -> None:
    """
    A request that fails: its span goes to the collector before the process ends, and all agree on the trace, be it the
    caller's or one that begins here.
    """
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    with running("tests.samples.servicekit.slow", folder=tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) as service:
        httpx.get(f"{service.url}/broken", headers=headers)
        exposition = httpx.get(f"{service.url}/metrics", headers=OPENMETRICS).text
        service.terminate()
        lines = [json.loads(line) for line in service.log.read_text().splitlines()]

    spans = [span for resource in collector.received for scope in resource.scope_spans for span in scope.spans]
    [server] = [span for span in spans if span.name == "GET /broken"]
    [failure] = [line for line in lines if line["event"] == "request failed"]
    [exemplar] = [line for line in exposition.splitlines() if "# {" in line]
    trace = server.trace_id.hex()
    assert trace == failure["trace_id"]
    assert trace == TRACE or not headers
    assert 'http_route="/broken"' in exemplar
    assert f'trace_id="{trace}"' in exemplar
    resource = {item.key: item.value.string_value for item in collector.received[0].resource.attributes}
    assert ("slow", "1") == (resource["service.name"], resource["service.version"])


def test_an_unreachable_collector_does_not_hold_the_exit(tmp_path: Path) -> None:
    """Traces are worth less than a clean end in time."""
    with running(
        "tests.samples.servicekit.slow", folder=tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"
    ) as service:
        httpx.get(f"{service.url}/quick")
        status, seconds = service.terminate()
    assert 0 == status
    assert seconds < 10
