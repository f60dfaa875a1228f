"""How the lab says what it is doing, to whoever listens."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

Detail = Callable[[str], None]
"""Call it with what a running step is at: ``812 packages``."""


class Progress(Protocol):
    """A listener. Steps may nest; a step that raises has failed."""

    def step(self, title: str) -> AbstractContextManager[Detail]: ...

    def note(self, line: str) -> None: ...


class Quiet:
    """Says nothing."""

    @contextmanager
    def step(self, title: str) -> Iterator[Detail]:
        yield lambda _detail: None

    def note(self, line: str) -> None:
        return None


class Lines:
    """One line when a step ends, and one every ten seconds while it runs: for logs and machines without a terminal."""

    def __init__(self, stream: TextIO | None = None, *, every: float = 10.0) -> None:
        self._stream = stream or sys.stderr
        self._every = every

    @contextmanager
    def step(self, title: str) -> Iterator[Detail]:
        started = said = time.monotonic()

        def detail(text: str) -> None:
            nonlocal said
            if time.monotonic() - said < self._every:
                return
            said = time.monotonic()
            self.note(f"{said - started:7.1f} s  {title}: {text}")

        yield detail
        self.note(f"{time.monotonic() - started:7.1f} s  {title}")

    def note(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
