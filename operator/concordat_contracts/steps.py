"""
What a document may cost, in steps: counted, not timed, so that the same documents get the same verdict on every machine.

A step is about ten microseconds of work. A comparison opens an account with :func:`account`, and everything whose cost an author can
drive up pays from it with :func:`spend`. An account that is empty raises :class:`TooCostly`, which ends as the verdict "undecided" (a
schema) or as ``InvalidDocument`` (a whole document); it never ends as a hang.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MOST_STEPS = 150_000
"""For one comparison of two documents: a second and a half. GitHub's whole REST API needs a third of it."""
REMEDY = "make the document smaller or simpler, or split the API into several contracts"


class TooCostly(Exception):
    """The account is empty; ``str()`` says for what and what to do."""

    def __init__(self, what: str) -> None:
        super().__init__(f"too costly, because {what}; {REMEDY}")
        self.what = what


class Account:
    """What is left of the steps of one comparison."""

    __slots__ = ("left", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = most

    @property
    def spent(self) -> int:
        """Steps so far; more than ``most`` once it has been overdrawn."""
        return self.most - self.left


_open: ContextVar[Account | None] = ContextVar("concordat-steps", default=None)


@contextmanager
def account(most: int = MOST_STEPS) -> Iterator[Account]:
    """The account that work inside pays from; one that is open already is used further."""
    outer = _open.get()
    if outer is not None:
        yield outer
        return
    opened = Account(most)
    token = _open.set(opened)
    try:
        yield opened
    finally:
        _open.reset(token)


def spend(steps: int, what: str) -> None:
    """
    Pay for work before it is done. Free where no account is open.

    :raises TooCostly: there is not as much left
    """
    at = _open.get()
    if at is None:
        return
    at.left -= steps
    if at.left < 0:
        raise TooCostly(what)
