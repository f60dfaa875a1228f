"""
Traces: OpenTelemetry when it is installed and told where to send spans, else the caller's trace id alone.

Spans themselves are the framework's business (FastAPI makes its own once a tracer provider is set). Here is the provider,
and what logs and exemplars need: the id of the current trace.
"""

import contextvars
import os
import re
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import structlog

try:
    from opentelemetry import trace
except ImportError:
    trace = None  # type: ignore[assignment]

TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
"""https://www.w3.org/TR/trace-context/#traceparent-header"""

SAMPLED = 1

FLUSH_SECONDS = 1.0
"""What the last spans may cost of a clean end."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class TraceContext:
    """Where in which trace we are; ids in lower-case hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool

    def ids(self) -> dict[str, str]:
        """As a log line carries them."""
        return {"trace_id": self.trace_id, "span_id": self.span_id}

    def traceparent(self) -> str:
        """As the next service reads it."""
        return f"00-{self.trace_id}-{self.span_id}-{SAMPLED if self.sampled else 0:02x}"


Token = contextvars.Token[TraceContext | None]

incoming: ContextVar[TraceContext | None] = ContextVar("incoming", default=None)
"""What the caller's ``traceparent`` says: holds where no tracer of ours goes on from it."""


def parse(traceparent: bytes) -> TraceContext | None:
    """None for a header that is no traceparent: the specification wants it ignored."""
    match = TRACEPARENT.fullmatch(traceparent)
    if match is None or not int(match[1], 16) or not int(match[2], 16):
        return None
    return TraceContext(
        trace_id=match[1].decode(), span_id=match[2].decode(), sampled=bool(int(match[3], 16) & SAMPLED)
    )


def current() -> TraceContext | None:
    """Our own span, else the caller's."""
    if trace is not None:
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            return TraceContext(
                trace_id=f"{span.trace_id:032x}", span_id=f"{span.span_id:016x}", sampled=span.trace_flags.sampled
            )
    return incoming.get()


def configure(*, name: str, version: str) -> Callable[[], None]:
    """
    Send spans to ``OTEL_EXPORTER_OTLP_ENDPOINT``, if that is set; the call returned sends what is left.

    Sampling and everything else follow OpenTelemetry's own variables (``OTEL_TRACES_SAMPLER``, ...). A missing
    package is said and survived: a service without traces beats no service.
    """
    if not (os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")):
        return lambda: None
    try:
        provider = _provider(name=name, version=version)
    except ImportError:
        log.warning("no traces: install concordat-servicekit[tracing], or unset OTEL_EXPORTER_OTLP_ENDPOINT")
        return lambda: None
    trace.set_tracer_provider(provider)

    def flush() -> None:
        # An unreachable collector would hold us for its whole time-out.
        thread = threading.Thread(target=provider.shutdown, daemon=True)
        thread.start()
        thread.join(FLUSH_SECONDS)

    return flush


def _provider(*, name: str, version: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    ours = Resource.create({"service.name": name, "service.version": version})
    said = OTELResourceDetector().detect()  # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES know better
    provider = TracerProvider(resource=ours.merge(said), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
