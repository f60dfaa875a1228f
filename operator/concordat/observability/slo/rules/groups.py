"""
Rule groups of a service, in the form of a Prometheus rule file: ``{"groups": [...]}``.
"""

from typing import Any

from concordat.api.values.promql import duration
from concordat.observability.slo.rules.alerts import page_alerts, ticket_alerts, unmeasured_alert
from concordat.observability.slo.rules.objective import ServiceObjectives
from concordat.observability.slo.rules.recording import (
    Measured,
    Rule,
    fast_rules,
    measure,
    period_rules,
    shared_rules,
    slow_rules,
)
from concordat.observability.slo.rules.windows import PERIOD_INTERVAL

Group = dict[str, Any]


def groups(of: ServiceObjectives) -> list[Group]:
    """
    Two groups per objective, pages at the scrape's interval and tickets at twice that, and one for what all share.

    :raises InvalidInput: an objective cannot be measured.
    """
    every = measure(of)
    if not every:
        return []
    return [*(group for measured in every for group in _objective_groups(measured)), _service_group(every)]


def _objective_groups(measured: Measured) -> list[Group]:
    name, interval = f"slo:{measured.objective.name}", measured.of.scrape_interval
    return [
        _group(measured, name, interval, [*fast_rules(measured), *page_alerts(measured)]),
        _group(measured, f"{name}:tickets", 2 * interval, [*slow_rules(measured), *ticket_alerts(measured)]),
    ]


def _service_group(every: tuple[Measured, ...]) -> Group:
    slow = [rule for measured in every for rule in period_rules(measured)]
    return _group(every[0], "budgets", PERIOD_INTERVAL, [*slow, *shared_rules(every), *unmeasured_alert(every)])


def _group(measured: Measured, name: str, interval: int, rules: list[Rule]) -> Group:
    service = measured.of.service
    return {
        "name": f"concordat:{service.namespace}:{service.name}:{name}",
        "interval": duration(interval),
        "rules": rules,
    }
