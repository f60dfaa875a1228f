"""
Invented traffic: the series a service would expose, so that its rules can be tried before it runs.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from concordat.api.values.promql import Matcher, Selector
from concordat.errors import InvalidInput, Problem
from concordat.observability.slo.rules.indicators import (
    BadCounter,
    FastBucket,
    GoodCounter,
    NativeErrors,
    NativeLatency,
)
from concordat.observability.slo.rules.objective import IndicatorKind
from concordat.observability.slo.rules.profiles import PROFILES
from concordat.observability.slo.rules.recording import Measured


class Counts(StrEnum):
    """What a series counts."""

    GOOD = "good"
    BAD = "bad"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of steady traffic. Whole events only: fractions drift into false counter resets."""

    steps: int
    good: int
    """Good events per step."""
    bad: int = 0


@dataclass(frozen=True, kw_only=True)
class Exposed:
    """One series of a service."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    counts: Counts
    native: bool = False

    def increment(self, phase: Phase) -> int:
        match self.counts:
            case Counts.GOOD:
                return phase.good
            case Counts.BAD:
                return phase.bad
            case Counts.ALL:
                return phase.good + phase.bad


def exposed(measured: Measured) -> tuple[Exposed, ...]:
    """
    The series behind an objective.

    :raises InvalidInput: no series can be invented for an author's own regular expression.
    """
    if measured.objective.kind is IndicatorKind.CUSTOM:
        return _custom(measured)
    profile = PROFILES[measured.of.profile]
    details = {}
    if profile.route:
        details[profile.route] = measured.objective.route or "/example"
    if profile.method:
        details[profile.method] = measured.objective.method or "GET"
    good = {**details, profile.code: profile.status(2)}
    bad = {**details, profile.code: profile.status(5)}
    match measured.indicator:
        case BadCounter(events=events) | NativeErrors(events=events):
            return (
                _series(events, good, Counts.GOOD, native=profile.native),
                _series(events, bad, Counts.BAD, native=profile.native),
            )
        case FastBucket(events=events, good_events=good_events):
            known = good if profile.durations_carry_code else details
            return _series(events, known, Counts.ALL), _series(good_events, known, Counts.GOOD)
        case NativeLatency(events=events):
            return (_series(events, good, Counts.ALL, native=True),)
    raise AssertionError(measured.indicator)


def totals(series: Exposed, phases: Iterable[Phase]) -> list[int]:
    """The counter's values: one before the first phase and one per step."""
    return [0, *accumulate(series.increment(phase) for phase in phases for _ in range(phase.steps))]


def _custom(measured: Measured) -> tuple[Exposed, ...]:
    ask = measured.indicator
    assert isinstance(ask, GoodCounter)
    if ask.events.metric != ask.good_events.metric:
        return _series(ask.events, {}, Counts.ALL), _series(ask.good_events, {}, Counts.GOOD)
    distinguishing = [matcher for matcher in ask.good_events.matchers if matcher not in ask.events.matchers]
    bad = {matcher.label: _value(matcher, holds=False) for matcher in distinguishing}
    good = {matcher.label: _value(matcher, holds=True) for matcher in distinguishing}
    return _series(ask.events, good, Counts.GOOD), _series(ask.events, bad, Counts.BAD)


def _series(selector: Selector, known: dict[str, str], counts: Counts, *, native: bool = False) -> Exposed:
    """A series the selector finds; labels it does not pin down come from ``known``."""
    invented = {m.label: _value(m, holds=True) for m in selector.matchers if m.label not in known}
    labels = {label: value for label, value in {**invented, **known}.items() if value}
    return Exposed(metric=selector.metric, labels=tuple(labels.items()), counts=counts, native=native)


def _value(matcher: Matcher, *, holds: bool) -> str:
    """A label value for which the matcher holds, or does not."""
    wanted = holds is not matcher.op.startswith("!")
    if matcher.op in ("=", "!="):
        return matcher.value if wanted else f"not-{matcher.value}"
    candidates = (_simplest(part) for part in matcher.value.split("|")) if wanted else ("", "other", "0")
    for candidate in candidates:
        if (re.fullmatch(matcher.value, candidate) is not None) is wanted:
            return candidate
    raise InvalidInput(
        (
            Problem(
                path=matcher.label,
                message=f"no example can be found for the regular expression {matcher.value!r}; write it more simply",
            ),
        )
    )


def _simplest(pattern: str) -> str:
    """A text for the plainest kinds of pattern: ``5..`` is ``500``, ``a\\.b(\\.0)?`` is ``a.b``."""
    text = re.sub(r"\([^)]*\)\?", "", pattern)
    text = re.sub(r"(?<!\\)\.[*+]", "0", text)
    text = re.sub(r"\\d[+*]?|\[0-9\][+*]?|(?<!\\)\.", "0", text)
    return re.sub(r"\\(.)", r"\1", text)
