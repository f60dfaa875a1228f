"""
promtool unit tests, generated beside every rule group: each alert fires by the time the arithmetic allows, ends with its
incident, and stays silent below the budget.

The tests run at one sample a minute: a window's ratio does not depend on it, and they take half as long.
"""

import math
from decimal import Decimal
from typing import Any

from concordat.api.values.promql import HOUR, MINUTE, Selector, equal
from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import ServiceObjectives
from concordat.observability.slo.rules.recording import Measured, measure
from concordat.observability.slo.rules.windows import PAGE_FAST, PAGE_SLOW, TIERS, Tier
from concordat.observability.slo.simulation.traffic import Counts, Exposed, Phase, exposed

EVENTS = 1_000_000
"""Events per minute; many, so that every error ratio is a whole number of them."""
PAST = 6 * HOUR // MINUTE
"""Minutes of clean history: the long window of the slow page."""
LATENESS = 2
"""Minutes an alert may come after the workbook's formula: one of base records, one of evaluation."""
RESET = 5
"""Minutes after recovery in which no page may be left."""


def promtool_tests(of: ServiceObjectives, *, rule_file: str) -> dict[str, Any]:
    """
    The test file for ``groups(of)`` as written to ``rule_file``: ``{"rule_files", "evaluation_interval", "tests"}``.

    Tests of the profile ``otel-native`` need promtool 2.48 or newer: older ones know no histograms in series.

    :raises InvalidInput: an objective cannot be measured.
    """
    tests = [test for measured in measure(of) for test in (_outage(measured), *_smoulder(measured), _quiet(measured))]
    return {"rule_files": [rule_file], "evaluation_interval": "1m", "tests": tests}


def _outage(measured: Measured) -> dict[str, Any]:
    """Everything fails: the fast page and the tickets."""
    tiers = [tier for tier in TIERS if tier is not PAGE_SLOW]
    due = {tier: math.ceil(_outage_minutes(measured, tier)) + LATENESS for tier in tiers}
    lasts = max(*due.values(), RESET + 2)
    phases = (_phase(PAST, 0), _phase(lasts, 1), _phase(RESET + 1, 0))
    return _test(
        measured,
        "everything fails",
        phases,
        [
            *(_expect(measured, tier, PAST, 0) for tier in TIERS),
            *(_expect(measured, tier, PAST + minutes, 1) for tier, minutes in due.items()),
            *(_expect(measured, page, PAST + lasts + RESET, 0) for page in (PAGE_FAST, PAGE_SLOW)),
        ],
        # Objectives of one service may share a series: their alerts then fire together, and promtool wants all of them.
        alerts=[_shown(measured, PAGE_FAST, PAST + lasts)] if len(measured.of.objectives) == 1 else [],
    )


def _smoulder(measured: Measured) -> list[dict[str, Any]]:
    """
    Too little for the fast page, too much for the slow one.

    Where both are capped there is nothing between them: the fast page then comes first, always.
    """
    fast, slow = (tier.threshold(measured.objective.budget) for tier in (PAGE_FAST, PAGE_SLOW))
    if slow == fast:
        return []
    ratio = (fast + slow) / 2
    due = math.ceil(slow / ratio * PAGE_SLOW.long / MINUTE) + LATENESS
    return [
        _test(
            measured,
            "a few fail for hours",
            (_phase(PAST, 0), _phase(due, ratio), _phase(RESET + 1, 0)),
            [
                _expect(measured, PAGE_SLOW, PAST + PAGE_SLOW.short // MINUTE, 0),
                _expect(measured, PAGE_SLOW, PAST + due, 1),
                _expect(measured, PAGE_FAST, PAST + due, 0),
                _expect(measured, PAGE_SLOW, PAST + due + RESET, 0),
            ],
        )
    ]


def _quiet(measured: Measured) -> dict[str, Any]:
    """Half of what the budget allows fails, for as long as anybody looks."""
    minutes = 2 * HOUR // MINUTE
    return _test(
        measured,
        "half the budget is used",
        (_phase(minutes, measured.objective.budget / 2),),
        [_expect(measured, tier, minute, 0) for tier in TIERS for minute in (minutes // 4, minutes)],
    )


def _outage_minutes(measured: Measured, tier: Tier) -> float:
    """How long everything must fail, given the history the test has."""
    threshold = float(tier.threshold(measured.objective.budget))
    long = tier.long / MINUTE
    return threshold * long if long <= PAST else min(threshold * long, threshold * PAST / (1 - threshold))


def _phase(minutes: int, ratio: Decimal | int) -> Phase:
    bad = int(EVENTS * ratio)
    return Phase(steps=minutes, good=EVENTS - bad, bad=bad)


def _test(
    measured: Measured,
    name: str,
    phases: tuple[Phase, ...],
    expectations: list[dict[str, Any]],
    *,
    alerts: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    of = measured.of
    test = {
        "name": f"{of.service.namespace}/{of.service.name} {measured.objective.name}: {name}",
        "interval": "1m",
        "input_series": [
            {"series": notation(series), "values": values(series, phases)} for series in exposed(measured)
        ],
        "promql_expr_test": expectations,
    }
    return {**test, "alert_rule_test": alerts} if alerts else test


def _expect(measured: Measured, tier: Tier, minute: int, firing: int) -> dict[str, Any]:
    alerts = measured.record("ALERTS").where(equal("alertname", tier.alert), equal("alertstate", "firing"))
    return {
        "expr": f"count({alerts}) or vector(0)",
        "eval_time": f"{minute}m",
        "exp_samples": [{"labels": "{}", "value": firing}],
    }


def _shown(measured: Measured, tier: Tier, minute: int) -> dict[str, Any]:
    """The alert as a person reads it while everything fails."""
    rules = (rule for group in groups(measured.of) for rule in group["rules"])
    rule = next(
        rule
        for rule in rules
        if rule.get("alert") == tier.alert and _rendered(rule["labels"]["slo"]) == measured.objective.name
    )
    return {
        "eval_time": f"{minute}m",
        "alertname": tier.alert,
        "exp_alerts": [
            {
                "exp_labels": {name: _rendered(text) for name, text in rule["labels"].items()},
                "exp_annotations": {name: _rendered(text) for name, text in rule["annotations"].items()},
            }
        ],
    }


def _rendered(template: str) -> str:
    return template.replace("{{ $value | humanizePercentage }}", "100%").replace('{{ "{{" }}', "{{")


def notation(series: Exposed) -> str:
    """``http_requests_total{job="orders"}``, as promtool reads it."""
    return str(Selector(metric=series.metric, matchers=tuple(equal(label, value) for label, value in series.labels)))


def values(series: Exposed, phases: tuple[Phase, ...]) -> str:
    """
    promtool's notation: a sample before the first phase, one per step; whole numbers only.

    ``0+60x3 190+10x1`` is 0, 60, 120, 180, 190, 200.
    """
    written = [_sample(series, 0, 0)]
    good = bad = 0
    for phase in phases:
        step = _share_of(series, phase)
        good, bad = good + step[0], bad + step[1]
        written.append(f"{_sample(series, good, bad)}+{_sample(series, *step)}x{phase.steps - 1}")
        good, bad = good + step[0] * (phase.steps - 1), bad + step[1] * (phase.steps - 1)
    return " ".join(written)


def _share_of(series: Exposed, phase: Phase) -> tuple[int, int]:
    return (0 if series.counts is Counts.BAD else phase.good, 0 if series.counts is Counts.GOOD else phase.bad)


def _sample(series: Exposed, good: int, bad: int) -> str:
    if not series.native:
        return str(good + bad)
    # Schema 0: bucket i holds (2^(i-1), 2^i] seconds. Good events take up to 1/16 s, bad ones up to 4 s.
    return f"{{{{schema:0 count:{good + bad} sum:0 offset:-4 buckets:[{good} 0 0 0 0 0 {bad}]}}}}"
