"""
Rules played through time: when does which alert fire, and what is left of the budget.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from concordat.api.values.promql import HOUR, MINUTE
from concordat.observability.records import BAD, BUDGET_REMAINING, TOTAL
from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import Objective, ServiceObjectives
from concordat.observability.slo.rules.recording import Measured, measure
from concordat.observability.slo.rules.windows import TIERS, Tier
from concordat.observability.slo.simulation.evaluator import Evaluate, compile_expression
from concordat.observability.slo.simulation.series import Labels, Store, Vector
from concordat.observability.slo.simulation.traffic import Phase, exposed, totals

_DURATION = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, kw_only=True)
class Firing:
    """One alert from when it fired to when it was resolved; seconds."""

    alert: str
    since: float
    until: float | None = None


@dataclass(kw_only=True)
class Player:
    """Plays rule groups over a store, in the order and at the intervals Prometheus would."""

    store: Store
    groups: list[dict[str, Any]]
    firings: list[Firing] = field(default_factory=list)
    _compiled: list[tuple[int, list[tuple[dict[str, Any], Evaluate]]]] = field(init=False)
    _active: dict[tuple[str, Labels], float] = field(default_factory=dict)
    _firing: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._compiled = [
            (_seconds(group["interval"]), [(rule, compile_expression(rule["expr"])) for rule in group["rules"]])
            for group in self.groups
        ]

    def play(self, start: int, end: int, *, step: int) -> list[Firing]:
        """Evaluate from ``start`` to ``end`` inclusive; what still fires at the end has no ``until``."""
        for time in range(start, end + 1, step):
            for interval, rules in self._compiled:
                if time % interval == 0:
                    for rule, evaluate in rules:
                        self._evaluate(rule, evaluate, time)
        return [*self.firings, *(Firing(alert=name, since=since) for (name, _), since in self._firing.items())]

    def _evaluate(self, rule: dict[str, Any], evaluate: Evaluate, time: int) -> None:
        vector = evaluate(self.store, time)
        assert isinstance(vector, dict)
        own = frozenset(rule.get("labels", {}).items())
        if "record" in rule:
            self._record(rule["record"], {labels | own: value for labels, value in vector.items()}, time, own)
            return
        name, hold = rule["alert"], _seconds(rule.get("for", "0s"))
        for labels in vector:
            since = self._active.setdefault((name, labels), time)
            if time - since >= hold:
                self._firing.setdefault((name, labels), time)
        for key in [key for key in self._active if key[0] == name and key[1] not in vector]:
            del self._active[key]
            if key in self._firing:
                self.firings.append(Firing(alert=name, since=self._firing.pop(key), until=time))

    def _record(self, name: str, vector: Vector, time: int, own: Labels) -> None:
        for series in self.store.of(name):
            series.stale = series.stale or (own <= series.labels and series.labels not in vector)
        for labels, value in vector.items():
            self.store.series(name, labels).append(time, value)


@dataclass(frozen=True, kw_only=True)
class Detection:
    """What happens to one tier when a share of events turns bad; minutes from the first bad event."""

    tier: Tier
    fires: float | None
    formula: float | None
    """The workbook's: ``threshold / error ratio * long window``; ``None`` where the ratio never reaches the threshold."""


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One simulated incident."""

    error_ratio: Decimal
    minutes: int
    detections: tuple[Detection, ...]
    reset: float | None
    """Minutes from recovery until no page fires; ``None`` if none did."""
    budget_spent: float
    """Share of the period's budget."""
    budget_spent_truth: float


def simulate(
    of: ServiceObjectives, objective: Objective, error_ratio: Decimal, *, events_per_second: int = 100
) -> Incident:
    """
    A clean past, then ``error_ratio`` until every tier that can fire has fired (but at most 3 days), then recovery.

    :raises InvalidInput: the objective cannot be measured, or no traffic can be invented for it.
    """
    alone = ServiceObjectives(
        service=of.service,
        objectives=(objective,),
        links=of.links,
        # A native histogram differs in the first two records only.
        profile="default" if of.profile == "otel-native" else of.profile,
        scrape_interval=of.scrape_interval,
    )
    measured = measure(alone)[0]
    formulas = {tier: _formula(tier, objective, error_ratio) for tier in TIERS}
    longest = max((minutes for minutes in formulas.values() if minutes is not None), default=60.0)
    minutes = min(int(longest * 1.05) + 10, 72 * 60)
    step = of.scrape_interval
    per_step = events_per_second * step
    bad = int((per_step * error_ratio).to_integral_value())
    incident_steps, rest = minutes * MINUTE // step, 40 * MINUTE // step
    start = _past(objective, step)
    store = Store()
    _clean_past(store, measured, per_step, start)
    before = 2 * HOUR // step
    phases = (
        Phase(steps=before, good=per_step),
        Phase(steps=incident_steps, good=per_step - bad, bad=bad),
        Phase(steps=rest, good=per_step),
    )
    first = start - before * step
    for series in exposed(measured):
        values = totals(series, phases)
        store.load(
            series.metric, frozenset(series.labels), ((first + i * step, float(v)) for i, v in enumerate(values))
        )
    end = start + (incident_steps + rest) * step
    player = Player(store=store, groups=groups(alone))
    firings = player.play(start + step, end, step=step)
    recovered = start + incident_steps * step
    return Incident(
        error_ratio=error_ratio,
        minutes=minutes,
        detections=tuple(
            Detection(tier=tier, fires=_first(firings, tier.alert, start), formula=formulas[tier]) for tier in TIERS
        ),
        reset=_reset(firings, recovered),
        budget_spent=_spent(store),
        budget_spent_truth=bad * incident_steps / (per_step * objective.period / step) / float(objective.budget),
    )


def _formula(tier: Tier, objective: Objective, error_ratio: Decimal) -> float | None:
    threshold = tier.threshold(objective.budget)
    return float(threshold / error_ratio * tier.long / MINUTE) if error_ratio > threshold else None


def _past(objective: Objective, step: int) -> int:
    """Time zero of the incident: one period after the first record, on the grid of every group."""
    return objective.period // (4 * step) * (4 * step)


def _clean_past(store: Store, measured: Measured, per_step: int, start: int) -> None:
    step = measured.of.scrape_interval
    labels = frozenset(measured.labels.items())
    store.load(TOTAL, labels, ((time, per_step / step) for time in range(step, start + 1, step)))
    store.load(BAD, labels, ((time, 0.0) for time in range(step, start + 1, step)))


def _first(firings: Iterable[Firing], alert: str, start: int) -> float | None:
    return min(((firing.since - start) / MINUTE for firing in firings if firing.alert == alert), default=None)


def _reset(firings: Iterable[Firing], recovered: int) -> float | None:
    pages = {tier.alert for tier in TIERS if tier.severity == "critical"}
    ends = [firing.until for firing in firings if firing.alert in pages]
    if not ends:
        return None
    if None in ends:
        return float("inf")
    return max(0.0, (max(end for end in ends if end is not None) - recovered) / MINUTE)


def _spent(store: Store) -> float:
    return 1 - next(series.values[-1] for series in store.of(BUDGET_REMAINING))


def _seconds(text: str) -> int:
    return int(text[:-1]) * _DURATION[text[-1]]
