"""
What can go wrong with a local cluster; each message says what to do.

    LabError
    ├── Unavailable      this machine lacks something: a program, a right, a package
    ├── Refused          something was found and is not to be trusted: a checksum that differs
    └── ComponentDied    a process of the cluster ended or never became ready; carries the end of its log
"""

from pathlib import Path


class LabError(Exception):
    """Base of what the local cluster raises on purpose."""


class Unavailable(LabError):
    """This machine lacks something; the message names it and the remedy."""


class Refused(LabError):
    """Something was found and must not be used."""


class ComponentDied(LabError):
    """A process of the cluster ended, or did not become ready in time."""

    def __init__(self, what: str, log: Path) -> None:
        super().__init__(f"{what}; the end of {log}:\n{tail(log)}")
        self.log = log


def tail(log: Path, lines: int = 12) -> str:
    """The last ``lines`` of a log file, indented; empty when there is none."""
    try:
        kept = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return "  (no log)"
    return "\n".join(f"  {line[:400]}" for line in kept)
