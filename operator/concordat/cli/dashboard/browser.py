"""
A browser without a window: a picture of a page, and what it shows as text.
"""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from concordat.cli.output import fail

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_VIRTUAL_MILLISECONDS = 30_000
"""Of the page's own clock, which stands still while it waits for an answer and runs fast otherwise."""
_PATIENCE_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One panel as the browser has drawn it."""

    title: str
    kind: str
    series: int
    empty: int
    """Queries that returned nothing but NaN."""
    ink: int
    """Pixels drawn on its canvases."""
    text: str
    """What there is to read, the title included."""
    error: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page has become."""

    ready: bool
    error: str
    panels: tuple[Drawn, ...]


def look_at(url: str, *, width: int, height: int, picture: Path | None = None) -> Page:
    """
    Open ``url``, wait until it says it is ready, read its panels; ``picture`` is written as PNG. Pixels.

    Ends the program with a remedy where there is no browser, or it does not work.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        fail("no Chromium to draw the page: apt-get install chromium, or leave --png out and open the page yourself")
    with tempfile.TemporaryDirectory(prefix="concordat-browser-") as profile:
        command = [
            *(program, "--headless=new", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
            *(f"--user-data-dir={profile}", f"--window-size={width},{height}"),
            *("--no-sandbox",) * (os.geteuid() == 0),  # Chromium's sandbox refuses root; the page is ours
            f"--virtual-time-budget={_VIRTUAL_MILLISECONDS}",
            "--dump-dom",
            *((f"--screenshot={picture}",) if picture else ()),
            url,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            fail(f"{program} did not draw {url} within {_PATIENCE_SECONDS} s")
    if done.returncode:
        fail(f"{program} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return read(done.stdout)


def read(dom: str) -> Page:
    """The page from its elements, as the browser prints them."""
    reader = _Reader()
    reader.feed(dom)
    return Page(
        ready=reader.body.get("data-ready") == "true",
        error=reader.body.get("data-error", ""),
        panels=tuple(
            Drawn(
                title=section["data-panel"],
                kind=section["data-type"],
                series=int(section["data-series"]),
                empty=int(section["data-empty"]),
                ink=int(section.get("data-ink", 0)),
                text=section.get("data-text", ""),
                error=section.get("data-error", ""),
            )
            for section in reader.sections
        ),
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.body: dict[str, str] = {}
        self.sections: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "body":
            self.body = found
        if tag == "section" and "data-panel" in found:
            self.sections.append(found)
