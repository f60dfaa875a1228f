"""One JSON object a line."""

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from concordat_servicekit import logs, tracing

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines this thread logged since, parsed; the process's own logging comes back afterwards."""
    root, stream, own = logging.getLogger(), io.StringIO(), threading.get_ident()
    before = root.handlers, root.level
    logs.configure(name="shop", version="11.12.13", level="info", stream=stream)
    for handler in root.handlers:
        handler.addFilter(lambda record: record.thread == own)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before
    structlog.reset_defaults()


def test_a_line_says_who_when_and_how_bad(lines: Lines) -> None:
    """Values stay values; the service and its version are on every line."""
    structlog.get_logger("test").warning("sold out", sku="CHAIR-11", left=0)
    [line] = lines()
    assert line.pop("timestamp").endswith("Z")
    assert {
        "event": "sold out",
        "level": "warning",
        "sku": "CHAIR-11",
        "left": 0,
        "service": "shop",
        "version": "11.12.13",
    } == line


def test_a_library_logs_in_the_same_form(lines: Lines) -> None:
    """The standard library's loggers, with their extras."""
    logging.getLogger("some.library").info("connected to %d", 8080, extra={"port": 8080})
    [line] = lines()
    assert ("connected to 8080", "info", 8080) == (line["event"], line["level"], line["port"])


def test_a_line_names_its_trace(lines: Lines) -> None:
    """The caller's trace id is enough: no tracer needed."""
    token = tracing.incoming.set(tracing.parse(b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"))
    structlog.get_logger("test").info("sold")
    tracing.incoming.reset(token)
    [line] = lines()
    assert ("a" * 32, "b" * 16) == (line["trace_id"], line["span_id"])


def test_a_traceback_shows_no_local_variable(lines: Lines) -> None:
    """Locals hold passwords."""
    password = "hunter-2" + "-secret"
    try:
        int(password[:0])
    except ValueError:
        structlog.get_logger("test").exception("failed")
    [line] = lines()
    assert "ValueError" in line["exception"]
    assert password not in json.dumps(line)


def test_what_is_below_the_level_is_not_said(lines: Lines) -> None:
    """LOG_LEVEL=info hides debug."""
    structlog.get_logger("test").debug("whisper")
    assert [] == lines()


@pytest.mark.parametrize("header", [b"", b"00-zz", b"00-" + b"0" * 32 + b"-" + b"b" * 16 + b"-01", b"\xff" * 55])
def test_a_broken_traceparent_is_ignored(header: bytes) -> None:
    """As the specification wants it."""
    assert tracing.parse(header) is None
