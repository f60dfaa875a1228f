"""
Text of strangers, made safe to show: the one place that says which characters nobody else's screen, log or event may get.
"""

import logging
import re

_STEERING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls: ESC and CSI begin what a terminal obeys
    "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # invisible, or change the direction of what follows
    "\u2028\u2029"  # line ends by another name
    "\ud800-\udfff\ufff9-\ufffb\ufffe\uffff"  # no text at all
    "\U000e0000-\U000e007f"  # tags: invisible letters
)
_STEERS = re.compile(f"[{_STEERING}]")
_STEERS_OR_BREAKS = re.compile(f"[{_STEERING}\t\n]")


def legible(text: object, *, lines: bool = False) -> str:
    """
    ``text`` on one line, with a replacement character for everything that steers a terminal or hides what is written.

    :param lines: keep line feeds and tabs, for text of several lines that we put together ourselves
    """
    written = str(text)
    if lines:
        return _STEERS.sub("\ufffd", written)
    return _STEERS_OR_BREAKS.sub(lambda found: " " if found[0] in "\t\n" else "\ufffd", written)


class LegibleFormatter(logging.Formatter):
    """Formats as another formatter does, and lets no message begin a line of its own or steer a terminal."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """One line, then the traceback, if any, indented so that none of its lines looks like a record."""
        shown = logging.makeLogRecord(record.__dict__)
        shown.msg, shown.args = legible(record.getMessage()), None
        return legible(self._inner.format(shown), lines=True).replace("\n", "\n    ")
