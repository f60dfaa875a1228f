"""
PromQL as text, written so that no value can leave its quotes.

Rules and dashboards are built from :class:`Selector` and :class:`Matcher`; a user's text enters a query only as the
value of a matcher, through :func:`quote`. No function here reads PromQL back: what an author wrote is judged on the
parser's tree, in :mod:`concordat.observability.slo.rules.custom`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

DAY = 86_400
HOUR = 3_600
MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """One label matcher; ``op`` is one of ``=``, ``!=``, ``=~``, ``!~``."""

    label: str
    op: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.op}{quote(self.value)}"


@dataclass(frozen=True, kw_only=True)
class Selector:
    """A metric with its matchers: ``up{job="orders"}``."""

    metric: str
    matchers: tuple[Matcher, ...] = ()

    def where(self, *matchers: Matcher) -> "Selector":
        """The same metric, narrowed."""
        return replace(self, matchers=(*self.matchers, *matchers))

    def over(self, window: int) -> str:
        """A range selector over ``window`` seconds."""
        return f"{self}[{duration(window)}]"

    def __str__(self) -> str:
        return f"{self.metric}{{{','.join(map(str, self.matchers))}}}" if self.matchers else self.metric


def equal(label: str, value: str) -> Matcher:
    return Matcher(label=label, op="=", value=value)


def like(label: str, pattern: str) -> Matcher:
    return Matcher(label=label, op="=~", value=pattern)


def unlike(label: str, pattern: str) -> Matcher:
    return Matcher(label=label, op="!~", value=pattern)


@lru_cache(maxsize=4096)  # the same few names stand in every query of a service
def quote(text: str) -> str:
    """
    A PromQL string literal, by Go's rules for interpreted strings.

    Half of a surrogate pair cannot be written in UTF-8 and becomes U+FFFD, as Go itself would read it. What Grafana would
    take for a variable (``$x``, ``[[x]]``) is escaped as well: the same selectors stand in dashboards.
    """
    return f'"{_OLD_VARIABLE.sub(_HEX_BRACKET, "".join(map(_escape, text)))}"'


_OLD_VARIABLE = re.compile(r"\[(?=\[)")
_HEX_BRACKET = r"\\x5b"


def _escape(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character < " " or character in "\x7f$":
        return f"\\x{ord(character):02x}"
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return character


def literal(text: str) -> str:
    """A regular expression (RE2) that matches exactly this text."""
    return "".join(f"\\{character}" if character in "\\.+*?()|[]{}^$" else character for character in text)


def any_of(texts: Iterable[str]) -> str:
    """A regular expression (RE2) that matches exactly one of these texts."""
    return "|".join(map(literal, texts))


def duration(seconds: int) -> str:
    """Prometheus' notation in its largest whole unit: ``7200`` is ``2h``, ``7080`` is ``118m``."""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def number(value: Decimal | int) -> str:
    """A decimal without exponent, trailing zeros or binary noise: ``0.0144``, never ``0.014400000000000001``."""
    return f"{Decimal(value).normalize():f}"
