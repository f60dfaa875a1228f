"""
How commands speak: one console for people, one JSON object for machines, one way to fail.
"""

import os
import sys
from typing import Any, NoReturn

import orjson
import rich_click as click
import yaml
from rich.console import Console
from rich.text import Text

from concordat_contracts.legible import legible

WIDE = 200
"""Columns of a table that goes into a file or a pipe: nobody there can widen a window, and nothing should be cut off."""

_boundless = not sys.stdout.isatty() and "COLUMNS" not in os.environ
out = Console(highlight=False, soft_wrap=True, width=WIDE if _boundless else None)
notes = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_FAILED = 1
EXIT_UNUSABLE = 2

output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or one JSON object for machines.",
)


def plain(text: object) -> str:
    """Text from outside that may have several lines; see :func:`concordat_contracts.legible.legible`."""
    return legible(text, lines=True)


def styled(text: object, style: str = "") -> Text:
    """Text from outside, printed as it is: no markup, no escapes."""
    return Text(plain(text), style=style)


def emit_json(value: Any) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def emit_yaml(documents: list[Any]) -> None:
    """A stream of YAML documents on standard output, in the order given."""
    sys.stdout.write(as_yaml(documents))


def as_yaml(documents: list[Any]) -> str:
    """A stream of YAML documents; every one opened by ``---``."""
    return yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True, width=120, allow_unicode=True)


def fail(message: str, *, code: int = EXIT_UNUSABLE) -> NoReturn:
    """End with a message that says what to do."""
    notes.print(Text.assemble(("error: ", "bold red"), plain(message)))
    raise SystemExit(code)
