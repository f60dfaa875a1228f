"""
Samples in memory, laid out so that a rate or a sum over any window costs two binary searches.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Labels = frozenset[tuple[str, str]]
"""Labels of one series without ``__name__``."""
Vector = dict[Labels, float]
"""An instant vector."""

LOOKBACK = 300
"""Seconds after which a series without samples is gone; Prometheus' default."""


@dataclass(kw_only=True)
class Series:
    """One series; append only, times in seconds and rising."""

    labels: Labels
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    stale: bool = False
    """Its rule has stopped producing it: gone at once, without waiting for the lookback."""
    _sums: list[float] = field(default_factory=lambda: [0.0])
    _increases: list[float] = field(default_factory=list)

    def append(self, time: float, value: float) -> None:
        increase = 0.0
        if self.values:
            last = self.values[-1]
            increase = self._increases[-1] + (value - last if value >= last else value)
        self.stale = False
        self.times.append(time)
        self.values.append(value)
        self._sums.append(self._sums[-1] + value)
        self._increases.append(increase)

    def at(self, time: float) -> float | None:
        """The latest sample that is not older than the lookback."""
        last = bisect_right(self.times, time) - 1
        if self.stale or last < 0 or self.times[last] <= time - LOOKBACK:
            return None
        return self.values[last]

    def sum_over(self, time: float, window: float) -> float | None:
        """Sum of the samples in ``(time - window, time]``."""
        first, end = self._range(time, window)
        return self._sums[end] - self._sums[first] if end > first else None

    def rate(self, time: float, window: float) -> float | None:
        """
        Prometheus' ``rate``: the increase between first and last sample, extrapolated towards the window's edges.

        Source: ``extrapolatedRate`` in Prometheus' ``promql/functions.go``.
        """
        first, end = self._range(time, window)
        if end - first < 2:
            return None
        sampled = self.times[end - 1] - self.times[first]
        increase = self._increases[end - 1] - self._increases[first]
        between = sampled / (end - first - 1)
        to_start = self.times[first] - (time - window)
        to_end = time - self.times[end - 1]
        threshold = between * 1.1
        to_start = to_start if to_start < threshold else between / 2
        to_end = to_end if to_end < threshold else between / 2
        if increase > 0 and self.values[first] >= 0:
            to_start = min(to_start, sampled * self.values[first] / increase)
        return increase * (sampled + to_start + to_end) / sampled / window

    def _range(self, time: float, window: float) -> tuple[int, int]:
        return bisect_right(self.times, time - window), bisect_right(self.times, time)


class Store:
    """Series by metric name."""

    def __init__(self) -> None:
        self._metrics: dict[str, dict[Labels, Series]] = {}

    def series(self, metric: str, labels: Labels) -> Series:
        """The series, born empty if it is new."""
        metrics = self._metrics.setdefault(metric, {})
        if labels not in metrics:
            metrics[labels] = Series(labels=labels)
        return metrics[labels]

    def of(self, metric: str) -> Iterator[Series]:
        yield from self._metrics.get(metric, {}).values()

    def load(self, metric: str, labels: Labels, samples: Iterable[tuple[float, float]]) -> None:
        series = self.series(metric, labels)
        for time, value in samples:
            series.append(time, value)
