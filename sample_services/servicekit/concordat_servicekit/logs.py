"""
Logs: one JSON object a line, with the trace it belongs to; in a terminal, lines for people.
"""

import logging
import sys
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from concordat_servicekit import tracing


def configure(*, name: str, version: str, level: str, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's loggers to ``stream`` (standard output) in one form."""
    stream = stream or sys.stdout

    def origin(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {**event, "service": name, "version": version}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _trace,
    ]
    for_machines: list[Processor] = [
        origin,
        structlog.processors.format_exc_info,  # a string: structured tracebacks show local variables, secrets too
        structlog.processors.JSONRenderer(),
    ]
    for_people: list[Processor] = [structlog.dev.ConsoleRenderer()]

    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(for_people if stream.isatty() else for_machines),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # its story of a start and an end is told by our own lines
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # module-level loggers exist before this is called
    )


def _trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    context = tracing.current()
    return {**context.ids(), **event} if context is not None else event
