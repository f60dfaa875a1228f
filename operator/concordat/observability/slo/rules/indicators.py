"""
Indicators: which events of an objective are bad, and out of how many.

Each kind answers three questions in PromQL over a window of ``w`` seconds; ``zero`` is an expression without labels that
is 0 wherever the service is measured at all, and stands in for a series that is born with its first event.

    total(w)          events per second
    bad(total, w)     bad events per second, given an expression for all of them
    ratio(w)          bad events per event; absent without events, never NaN

All of them read the same two raw series, an author's own ones twice.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from concordat.api.values.promql import Matcher, Selector, any_of, equal, like, number, unlike
from concordat.errors import InvalidInput, Problem
from concordat.observability.slo.rules.custom import custom_selector
from concordat.observability.slo.rules.objective import IndicatorKind, Objective, ServiceIdentity
from concordat.observability.slo.rules.profiles import PROFILES, MetricProfile


class Indicator(Protocol):
    """The three questions."""

    def total(self, window: int) -> str: ...
    def bad(self, total: str, window: int, *, zero: str) -> str: ...
    def ratio(self, window: int, *, zero: str) -> str: ...


@dataclass(frozen=True, kw_only=True)
class BadCounter:
    """Bad events have a counter of their own: responses by status."""

    events: Selector
    bad_events: Selector

    def total(self, window: int) -> str:
        return f"sum(rate({self.events.over(window)}))"

    def bad(self, total: str, window: int, *, zero: str) -> str:
        return f"sum(rate({self.bad_events.over(window)})) or {zero}"

    def ratio(self, window: int, *, zero: str) -> str:
        return f"({self.bad('', window, zero=zero)}) / ({self.total(window)} > 0)"


@dataclass(frozen=True, kw_only=True)
class FastBucket:
    """
    Good events are those in a bucket of a histogram, which is there whenever its count is.

    Nothing stands in for it when it is not: after Prometheus' own restart the recorded total is older than anything
    scraped, and all of it would look bad.
    """

    events: Selector
    good_events: Selector

    def total(self, window: int) -> str:
        return f"sum(rate({self.events.over(window)}))"

    def bad(self, total: str, window: int, *, zero: str) -> str:
        return f"clamp_min({total} - sum(rate({self.good_events.over(window)})), 0)"

    def ratio(self, window: int, *, zero: str) -> str:
        return f"clamp_min(1 - sum(rate({self.good_events.over(window)})) / ({self.total(window)} > 0), 0)"


@dataclass(frozen=True, kw_only=True)
class GoodCounter:
    """Good events have a counter that the author names; it may be born long after the total."""

    events: Selector
    good_events: Selector

    def total(self, window: int) -> str:
        return f"sum(rate({self.events.over(window)}))"

    def bad(self, total: str, window: int, *, zero: str) -> str:
        return f"clamp_min({self.total(window)} - ({self._good(window)}), 0)"

    def ratio(self, window: int, *, zero: str) -> str:
        return f"clamp_min(1 - ({self._good(window)}) / ({self.total(window)} > 0), 0)"

    def _good(self, window: int) -> str:
        return f"sum(rate({self.good_events.over(window)})) or 0 * {self.total(window)}"


@dataclass(frozen=True, kw_only=True)
class NativeErrors:
    """Responses by status, counted by a native histogram."""

    events: Selector
    bad_events: Selector

    def total(self, window: int) -> str:
        return f"histogram_count(sum(rate({self.events.over(window)})))"

    def bad(self, total: str, window: int, *, zero: str) -> str:
        return f"histogram_count(sum(rate({self.bad_events.over(window)}))) or {zero}"

    def ratio(self, window: int, *, zero: str) -> str:
        return f"({self.bad('', window, zero=zero)}) / ({self.total(window)} > 0)"


@dataclass(frozen=True, kw_only=True)
class NativeLatency:
    """Durations in a native histogram, interpolated at the threshold."""

    events: Selector
    below: Decimal

    def total(self, window: int) -> str:
        return f"histogram_count(sum(rate({self.events.over(window)})))"

    def bad(self, total: str, window: int, *, zero: str) -> str:
        # `> 0` first: the fraction of an empty histogram is NaN, and one NaN spoils every sum after it.
        return f"({total} > 0) * {self._slow(window)} or {zero}"

    def ratio(self, window: int, *, zero: str) -> str:
        return f"{self._slow(window)} >= 0"

    def _slow(self, window: int) -> str:
        return f"(1 - histogram_fraction(0, {number(self.below)}, sum(rate({self.events.over(window)}))))"


def indicator(objective: Objective, service: ServiceIdentity, profile: str) -> Indicator:
    """
    The indicator of an objective.

    :raises InvalidInput: the profile cannot measure it; the problems' paths start at the objective.
    """
    source = PROFILES[profile]
    if objective.kind is IndicatorKind.CUSTOM:
        return GoodCounter(
            events=custom_selector(objective.total, path="total", namespace=service.namespace),
            good_events=custom_selector(objective.good, path="good", namespace=service.namespace),
        )
    counted = _counted(objective, service, source)
    if objective.kind is IndicatorKind.AVAILABILITY:
        events = Selector(metric=source.requests, matchers=counted).where(unlike(source.code, source.ignored))
        bad_events = Selector(metric=source.requests, matchers=counted).where(like(source.code, source.errors))
        kind = NativeErrors if source.native else BadCounter
        return kind(events=events, bad_events=bad_events)
    assert objective.below is not None
    if source.durations_carry_code:
        counted = (*counted, unlike(source.code, source.ignored))
    if source.native:
        return NativeLatency(events=Selector(metric=source.durations, matchers=counted), below=objective.below)
    return FastBucket(
        events=Selector(metric=f"{source.durations}_count", matchers=counted),
        good_events=Selector(
            metric=f"{source.durations}_bucket",
            matchers=(*counted, _bucket(objective.below, source)),
        ),
    )


def _counted(objective: Objective, service: ServiceIdentity, profile: MetricProfile) -> tuple[Matcher, ...]:
    """The requests that matter: to this service, of this operation, from people."""
    matchers = profile.identity(service)
    for label, value, field in (
        (profile.route, objective.route, "route"),
        (profile.method, objective.method, "method"),
    ):
        if value is None:
            continue
        if label is None:
            raise _invalid(
                field,
                f"the metrics profile {profile.name!r} does not say which {field} a request had; "
                "leave it out, or use the profile 'default' or 'otel'",
            )
        matchers = (*matchers, equal(label, value))
    if profile.route and objective.route is None and service.probe_paths:
        matchers = (*matchers, unlike(profile.route, any_of(service.probe_paths)))
    return matchers


def _bucket(below: Decimal, profile: MetricProfile) -> Matcher:
    """
    The bucket whose upper bound is the threshold.

    :raises InvalidInput: there is none; names the nearest and the remedy.
    """
    if not profile.buckets_follow_objectives and below not in profile.buckets:
        raise _invalid(
            "below",
            f"{milliseconds(below)} is not a bucket of the metrics profile {profile.name!r}, so it cannot be measured; "
            f"the nearest are {' and '.join(map(milliseconds, nearest(below, profile.buckets)))}. "
            "Use one of them, add the bucket to the service and use the profile 'default', or use 'otel-native'",
        )
    bound = below * 1000 if profile.milliseconds else below
    if bound == bound.to_integral_value():
        return like("le", rf"{number(bound)}(\.0)?")  # Prometheus 3 and some clients write "1.0", others "1"
    return equal("le", number(bound))


def nearest(below: Decimal, buckets: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    """The bounds on either side of a threshold; one where there is no other."""
    lower = [bound for bound in buckets if bound < below][-1:]
    upper = [bound for bound in buckets if bound > below][:1]
    return (*lower, *upper)


def milliseconds(seconds: Decimal) -> str:
    """``200ms``, as people write it in ``below``."""
    return f"{number(seconds * 1000)}ms"


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput((Problem(path=field, message=message),))
