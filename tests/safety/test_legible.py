"""
No text of a stranger steers a terminal, begins a line of its own, or hides what is written, wherever it is shown.
"""

import io
import logging
import random
import unicodedata
from typing import Any

import pytest
from rich.console import Console

from concordat.cli.contract import group as contract_command
from concordat.cli.contract import views
from concordat.cli.output import plain, styled
from concordat.gate.question import Change
from concordat.gate.refusal import _line
from concordat.reconcile.status.finding import Finding, at
from concordat_contracts import compare, read
from concordat_contracts.findings.reports import as_junit, as_markdown, markdown_cell
from concordat_contracts.legible import LegibleFormatter, legible

PIECES = (
    "\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;https://x.example\x1b\\", "\x9b31m", "\r", "\n", "\t", "\x00", "\x7f", "\x85",
    "\u202e", "\u2066", "\u2069", "\u200b", "\u200f", "\u061c", "\u2028", "\u2029", "\ufeff", "\U000e0041", "\ud800",
    "[bold]", "[link=https://x.example]", "[/]", "{0}", "%s", "%(x)s", "compatible", "payments", "ä", "\U0001f600",
)  # fmt: skip
SAMPLE = 3000


def hostile(count: int, seed: int = 1) -> list[str]:
    """Texts put together from what steers terminals, loggers and markup."""
    rng = random.Random(seed)
    return ["".join(rng.choices(PIECES, k=rng.randint(1, 12))) for _ in range(count)]


def steers(text: str, *, lines: bool = False) -> bool:
    """Judged by Unicode's categories, not by the list under test: controls, formats and separators of lines."""
    allowed = {"\n", "\t"} if lines else set()
    return any(char not in allowed and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in text)


def test_a_hostile_text_becomes_one_harmless_line() -> None:
    """The function itself, and again: what is legible stays as it is."""
    for text in hostile(SAMPLE):
        shown = legible(text)
        assert not steers(shown)
        assert legible(shown) == shown


def test_a_log_line_is_one_line() -> None:
    """Also where the text is an argument, and where a percent sign in it would be a format."""
    formatter = LegibleFormatter(logging.Formatter("%(levelname)s %(message)s"))
    for text in hostile(SAMPLE):
        record = logging.LogRecord("x", logging.WARNING, __file__, 1, "let through: %s", (text,), None)
        assert not steers(formatter.format(record))


def test_a_traceback_in_the_log_has_no_line_that_looks_like_a_record() -> None:
    """The message of an exception may quote a stranger."""
    formatter = LegibleFormatter(logging.Formatter("%(levelname)s %(message)s"))
    try:
        raise ValueError("x\nERROR compatible\x1b[2J")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), (type(error), error, None))
    written = formatter.format(record)
    assert not steers(written, lines=True)
    assert all(line.startswith("    ") for line in written.split("\n")[1:])


def test_a_terminal_shows_text_as_it_is() -> None:
    """No escape, no markup, no link comes out of the console that a text put in."""
    for text in hostile(SAMPLE // 10):
        written = io.StringIO()
        Console(file=written, force_terminal=True, highlight=False, soft_wrap=True, width=2000).print(styled(text))
        assert not steers(written.getvalue(), lines=True)
        assert ("[bold]" in text) == ("[bold]" in written.getvalue())
        assert not steers(plain(text), lines=True)


def test_a_condition_and_a_line_of_a_refusal_are_legible() -> None:
    """What a change is called comes from a document."""
    for text in hostile(SAMPLE // 3):
        condition = at(Finding(type="Ready", status=False, reason="Refused", message=text), 1, "2026-01-01T00:00:00Z")
        assert not steers(condition.message, lines=True)
        change = Change(id="x", severity="error", location=text, message=text)
        assert not steers(_line(change, 0))


def test_reports_for_machines_are_legible() -> None:
    """Markdown, JUnit."""
    for text in hostile(SAMPLE // 3):
        assert not steers(markdown_cell(text))
    old, new = _named("a\u202e\nb"), _named("c\x1b[2J")
    verdict = compare(old, new)
    for written in (as_markdown(verdict, "\x1b", "\u202e"), as_junit(verdict, "\x1b", "\u202e")):
        assert not steers(written, lines=True)


def test_an_author_cannot_print_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path and an operation that hold line ends print no line of their own: not ``compatible``, not anything."""
    written = io.StringIO()
    console = Console(file=written, highlight=False, soft_wrap=True, width=2000)
    monkeypatch.setattr(contract_command, "out", console)
    monkeypatch.setattr(views, "out", console)
    old, new = _named("a\ncompatible\nb\u2028compatible"), _named("other")

    contract_command._print_text(compare(old, new))
    views._print_document(read(old), "x")

    assert "compatible" in written.getvalue()
    assert not [line for line in written.getvalue().splitlines() if line.strip().startswith("compatible")]


def _named(name: str) -> dict[str, Any]:
    answers = {"200": {"description": "ok"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": "1.0.0"},
        "paths": {f"/{name}": {"get": {"operationId": name, "responses": answers}}},
    }
