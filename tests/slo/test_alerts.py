"""
Every alert is complete, fires when it should, and is silent when all is well.
"""

import re
from decimal import Decimal
from typing import Any

import pytest

from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import Links, Objective, ServiceIdentity, ServiceObjectives
from concordat.observability.slo.rules.recording import measure
from concordat.observability.slo.rules.service_alerts import Workload, service_group
from tests.slo.catalogue import HEALTHY, RUNBOOKS, TROUBLES, every_alert, every_group, missing, prove_troubles
from tests.slo.examples import burn_alerts, service
from tests.slo.promtool import check_rules, every_promtool

ALERTS = every_alert()
NAMES = [alert["alert"] for alert in ALERTS]


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_says_everything(alert: dict[str, Any]) -> None:
    """Severity, team, summary, description, its own runbook, a dashboard."""
    assert [] == missing(alert)


def test_no_runbook_is_left_over() -> None:
    """A page for every alert, and an alert for every page."""
    assert sorted(set(NAMES)) == sorted(path.stem for path in RUNBOOKS.glob("*.md"))


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_a_runbook_can_be_used_at_three_in_the_morning(name: str) -> None:
    """Short, begins with what it means, and says what to do; its links lead somewhere."""
    text = (RUNBOOKS / f"{name}.md").read_text()

    assert text.startswith(f"# {name}\n\n**")
    assert re.search(r"^## (First|In the morning)", text, re.MULTILINE)
    assert len(text.splitlines()) < 40
    for link in re.findall(r"\]\((\w+\.md)\)", text):
        assert (RUNBOOKS / link).is_file(), link


def test_runbooks_of_pages_come_first_things_first() -> None:
    """Whoever is woken is not told to wait for the morning."""
    for alert in ALERTS:
        if alert["labels"]["severity"] == "critical":
            assert "## First" in (RUNBOOKS / f"{alert['alert']}.md").read_text()


def test_each_alert_fires_in_its_trouble_and_none_when_all_is_well() -> None:
    """In the real promtool; burn-rate alerts have tests of their own."""
    for tool in every_promtool():
        prove_troubles(tool)


def test_every_alert_but_the_burn_rates_has_its_trouble() -> None:
    """Nothing is unproved."""
    burning = {rule["alert"] for rule in burn_alerts(measure(service())[0])}

    assert set(NAMES) - burning == {trouble.alert for trouble in TROUBLES}


def test_troubles_differ_from_health_by_known_series() -> None:
    """A misspelt series would change nothing."""
    assert {series for trouble in TROUBLES for series in trouble.changes} <= set(HEALTHY)


def test_every_prometheus_accepts_all_alerts() -> None:
    """With every lint."""
    for tool in every_promtool():
        check_rules(every_group(), tool)


def test_only_what_a_service_has_is_watched() -> None:
    """No autoscaler, no alert on its limit."""
    of = service()
    names = {rule["alert"] for rule in service_group(of.service, Workload(), of.links)["rules"]}

    assert not names & {"ServiceAtMaxReplicas", "ServiceThrottled", "ServiceQueueGrowing", "ServiceCertificateExpiring"}


def test_a_page_needs_no_for() -> None:
    """Its windows are its patience; every other alert has a ``for``, or counts over a window of its own."""
    burning = burn_alerts(measure(service())[0])

    assert not [rule for rule in burning if "for" in rule]
    assert ["ServiceOutOfMemory"] == [
        alert["alert"] for alert in ALERTS if "for" not in alert and not alert["alert"].startswith("ErrorBudget")
    ]


def test_the_budget_share_in_the_description_is_of_the_objectives_window() -> None:
    """14.4 for an hour is 2 % of 30 days and 8.6 % of 7."""
    week = Objective(name="availability", target=Decimal("99.9"), window="7d")
    rule = burn_alerts(measure(service(week))[0])[0]

    assert "8.6% of the budget of 7d goes in 1h" in rule["annotations"]["description"]


def test_a_service_without_objectives_has_no_rules() -> None:
    """And so no empty groups, which Prometheus would warn about."""
    nothing = ServiceObjectives(
        service=ServiceIdentity(name="orders", namespace="shop", team="checkout"),
        objectives=(),
        links=Links(dashboard="/d/x"),
    )

    assert [] == groups(nothing)
