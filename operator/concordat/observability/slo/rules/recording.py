"""
Recording rules: six raw reads per objective, and everything else from their records.

Ratios are never averaged. Bad and total events per second are recorded side by side over a short base window, and a ratio
over any longer window is one sum over the other: exact under uneven traffic, in idle hours, and for a series of errors
that is born late.

A record at time ``s`` covers ``(s - base, s]``, so the records of ``(t - (w - base), t]`` cover exactly ``(t - w, t]``:
a window of ``w`` reads ``w - base`` of records.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from concordat.api.values.promql import Matcher, Selector, equal, number, quote
from concordat.errors import InvalidInput, Problem
from concordat.observability.records import BAD, BUDGET_REMAINING, PERIOD_RATIO, TARGET, TOTAL
from concordat.observability.records import ratio as ratio_name
from concordat.observability.slo.rules.indicators import Indicator, indicator
from concordat.observability.slo.rules.objective import Objective, ServiceObjectives
from concordat.observability.slo.rules.windows import BASE_SCRAPES, DERIVED_WINDOWS, RAW_WINDOWS, SLOW_WINDOWS

Rule = dict[str, Any]
"""One rule as Prometheus reads it: ``record`` or ``alert``, ``expr``, ``labels``, ..."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One objective with everything needed to write its queries."""

    of: ServiceObjectives
    objective: Objective
    indicator: Indicator

    @property
    def labels(self) -> dict[str, str]:
        """What identifies the objective's records and alerts."""
        service = self.of.service
        return {"namespace": service.namespace, "service": service.name, "slo": self.objective.name}

    @property
    def base(self) -> int:
        """The base window in seconds."""
        return BASE_SCRAPES * self.of.scrape_interval

    def record(self, name: str) -> Selector:
        """One of this objective's own records."""
        return Selector(metric=name, matchers=self._matchers)

    @cached_property
    def _matchers(self) -> tuple[Matcher, ...]:
        return tuple(equal(label, value) for label, value in self.labels.items())

    def summed(self, name: str, window: int) -> str:
        """The records that cover ``window`` seconds of events, summed."""
        return f"sum_over_time({self.record(name).over(window - self.base)})"

    def events(self, window: int) -> str:
        """How many events there were."""
        return f"{self.summed(TOTAL, window)} * {self.of.scrape_interval}"

    def bad_events(self, window: int) -> str:
        """How many of them were bad."""
        return f"{self.summed(BAD, window)} * {self.of.scrape_interval}"


def measure(of: ServiceObjectives) -> tuple[Measured, ...]:
    """
    Every objective with its indicator.

    :raises InvalidInput: some cannot be measured; the problems' paths are those of the Microservice.
    """
    found: list[Measured] = []
    problems: list[Problem] = []
    for index, objective in enumerate(of.objectives):
        try:
            asked = indicator(objective, of.service, of.profile)
        except InvalidInput as error:
            problems += [replace(p, path=f"spec.objectives[{index}].{p.path}") for p in error.problems]
        else:
            found.append(Measured(of=of, objective=objective, indicator=asked))
    if problems:
        raise InvalidInput(tuple(problems))
    return tuple(found)


def fast_rules(measured: Measured) -> list[Rule]:
    """Two base rates, and the ratios pages read. Order matters: each rule reads those before it."""
    total = f"sum({measured.record(TOTAL)})"
    zero = f"0 * {total}"
    ask = measured.indicator
    return [
        _record(measured, TOTAL, ask.total(measured.base)),
        _record(measured, BAD, ask.bad(total, measured.base, zero=zero)),
        *(_record(measured, ratio_name(window), ask.ratio(window, zero=zero)) for window in RAW_WINDOWS),
        *(_derived(measured, window) for window in DERIVED_WINDOWS if window not in SLOW_WINDOWS),
    ]


def slow_rules(measured: Measured) -> list[Rule]:
    """The ratios only tickets read."""
    return [_derived(measured, window) for window in SLOW_WINDOWS]


def period_rules(measured: Measured) -> list[Rule]:
    """The ratio of the objective's whole window; slow to read, so it has a group of its own."""
    return [_record(measured, PERIOD_RATIO, _derived_ratio(measured, measured.objective.period))]


def shared_rules(every: tuple[Measured, ...]) -> list[Rule]:
    """Two rules for all objectives of a service: what is promised, and what is left of it."""
    if not every:
        return []
    service = every[0].of.service
    own = (equal("namespace", service.namespace), equal("service", service.name))
    targets = " or ".join(map(_target, every))
    left = (
        f"1 - {Selector(metric=PERIOD_RATIO, matchers=own)}"
        f" / on (namespace, service, slo) (1 - {Selector(metric=TARGET, matchers=own)})"
    )
    identity = {"namespace": service.namespace, "service": service.name}
    return [
        {"record": TARGET, "expr": targets, "labels": {**identity, "team": service.team, "tier": service.tier}},
        {"record": BUDGET_REMAINING, "expr": left, "labels": identity},
    ]


def _derived(measured: Measured, window: int) -> Rule:
    return _record(measured, ratio_name(window), _derived_ratio(measured, window))


def _derived_ratio(measured: Measured, window: int) -> str:
    return f"{measured.summed(BAD, window)} / ({measured.summed(TOTAL, window)} > 0)"


def _record(measured: Measured, name: str, expr: str) -> Rule:
    return {"record": name, "expr": expr, "labels": dict(measured.labels)}


def _target(measured: Measured) -> str:
    """What is promised, as one series: no rule of its own for every objective."""
    objective = measured.objective
    named = f'label_replace(vector({number(objective.target / 100)}), "slo", {_replacement(objective.name)}, "", "")'
    return f'label_replace({named}, "window", {_replacement(objective.window)}, "", "")'


def _replacement(text: str) -> str:
    """A text as ``label_replace`` takes it: a lone ``$`` would refer to a group of the expression."""
    return quote(text.replace("$", "$$"))
