"""
Burn-rate alerts: four per objective, and one per service that says when nothing is measured.

Four alerts and not one: joined by ``or``, the slow pair keeps a page firing for half an hour after everything is well.
The slow page stays out of whatever the fast one has already woken somebody for, and ends with its incident; tickets are inhibited by pages in
Alertmanager (:mod:`concordat.observability.slo.routing`).
"""

from typing import Any

from concordat.api.values.promql import Selector, duration, equal, number
from concordat.observability.records import TARGET, TOTAL
from concordat.observability.records import ratio as ratio_name
from concordat.observability.slo.rules.objective import Links, ServiceIdentity
from concordat.observability.slo.rules.recording import Measured, Rule
from concordat.observability.slo.rules.windows import PAGE_FAST, PAGE_SLOW, TIERS, Tier

UNMEASURED = "ObjectiveUnmeasured"

_MEANING = {
    "critical": "Users are being hurt now.",
    "warning": "Nobody needs to get up, but it will not last the window.",
}


def page_alerts(measured: Measured) -> list[Rule]:
    """The two tiers that wake somebody."""
    return [_burn_alert(measured, tier) for tier in TIERS if tier.severity == "critical"]


def ticket_alerts(measured: Measured) -> list[Rule]:
    """The two tiers that wait for the morning."""
    return [_burn_alert(measured, tier) for tier in TIERS if tier.severity != "critical"]


def unmeasured_alert(every: tuple[Measured, ...]) -> list[Rule]:
    """
    One alert for all objectives of a service: a promise without measurement.

    It is what a gate against low traffic must be paired with: no events is not no errors.
    """
    if not every:
        return []
    of = every[0].of
    own = (equal("namespace", of.service.namespace), equal("service", of.service.name))
    return [
        alert(
            UNMEASURED,
            of.service,
            of.links,
            severity="warning",
            expr=(
                f"{Selector(metric=TARGET, matchers=own)}"
                f" unless on (namespace, service, slo) {Selector(metric=TOTAL, matchers=own)}"
            ),
            hold="15m",
            summary=f"{_who(of.service)} is not being measured",
            description=(
                "No requests have been counted for the objective {{ $labels.slo }} for 15 minutes: its alerts are blind. "
                "The service does not run, is not scraped, or counts under other names than its metrics profile says."
            ),
        )
    ]


def alert(
    name: str,
    service: ServiceIdentity,
    links: Links,
    *,
    severity: str,
    expr: str,
    summary: str,
    description: str,
    hold: str = "",
    labels: dict[str, str] | None = None,
) -> Rule:
    """An alert with everything the person it wakes needs; ``hold`` is its ``for``."""
    rule: dict[str, Any] = {"alert": name, "expr": expr}
    if hold:
        rule["for"] = hold
    return {
        **rule,
        "labels": {
            "severity": severity,
            "team": plain(service.team),
            "tier": plain(service.tier),
            "namespace": plain(service.namespace),
            "service": plain(service.name),
            **(labels or {}),
        },
        "annotations": {
            "summary": summary,
            "description": description,
            "runbook_url": plain(links.runbook(name)),
            "dashboard_url": plain(links.dashboard),
        },
    }


def plain(text: str) -> str:
    """A text that Prometheus' templates show as it is: labels and annotations of alerts are templates."""
    return text.replace("{{", '{{ "{{" }}')


def _burn_alert(measured: Measured, tier: Tier) -> Rule:
    of, objective = measured.of, measured.objective
    share = number(round(100 * tier.budget_share(objective.period), 1))
    return alert(
        tier.alert,
        of.service,
        of.links,
        severity=tier.severity,
        expr=_expression(measured, tier),
        labels={"slo": plain(objective.name), "burn": tier.name},
        summary=f"{_who(of.service)} burns its budget for {plain(objective.name)}",
        description=(
            "{{ $value | humanizePercentage }} of the events of the last "
            f"{duration(tier.short)} were bad; the objective allows {number(100 * objective.budget)}%. "
            f"At {number(tier.burn_rate)} times the rate it can afford, {share}% of the budget of {objective.window} "
            f"goes in {duration(tier.long)}. {_MEANING[tier.severity]}"
        ),
    )


def _expression(measured: Measured, tier: Tier) -> str:
    short = measured.record(ratio_name(tier.short))
    threshold = number(tier.threshold(measured.objective.budget))
    burning = f"{short} > {threshold} and {_spent(measured, tier)}"
    if tier is PAGE_SLOW:
        return f"({burning}) unless ({_spent(measured, PAGE_FAST)}) unless ({_over(measured)})"
    return burning


def _spent(measured: Measured, tier: Tier) -> str:
    """The long window is over its threshold, by enough events to be no accident."""
    long = measured.record(ratio_name(tier.long))
    threshold = number(tier.threshold(measured.objective.budget))
    # Half an event less: `rate` shortens the step of a counter that starts at zero.
    enough = number(2 * measured.objective.minimum_bad_events * tier.minimum - 1)
    return f"{long} > {threshold} and 2 * {measured.bad_events(tier.long)} > {enough}"


def _over(measured: Measured) -> str:
    """
    The last five minutes are within budget, and busy enough to mean it.

    Without this a slow page outlives its incident by up to half an hour. With few events, silence proves nothing.
    """
    objective = measured.objective
    latest = measured.record(ratio_name(PAGE_FAST.short))
    expected = f"{measured.events(PAGE_FAST.short)} * {number(PAGE_SLOW.threshold(objective.budget))}"
    return f"{latest} < {number(objective.budget)} and {expected} > {2 * objective.minimum_bad_events}"


def _who(service: ServiceIdentity) -> str:
    return f"{plain(service.namespace)}/{plain(service.name)}"
