"""
Rule groups of a service, in the form of a Prometheus rule file: ``{"groups": [...]}``.
"""

from typing import Any

from concordat.promql import duration
from concordat.slo.alerts import burn_alerts, unmeasured_alert
from concordat.slo.objective import ServiceObjectives
from concordat.slo.rules import Measured, Rule, measure, period_rules, recording_rules, shared_rules
from concordat.slo.windows import PERIOD_INTERVAL

Group = dict[str, Any]


def groups(of: ServiceObjectives) -> list[Group]:
    """
    One group per objective at the scrape's interval, and one for what is read slowly or shared.

    :raises InvalidInput: an objective cannot be measured.
    """
    every = measure(of)
    if not every:
        return []
    return [*(_objective_group(measured) for measured in every), _service_group(every)]


def _objective_group(measured: Measured) -> Group:
    return _group(
        measured,
        f"slo:{measured.objective.name}",
        measured.of.scrape_interval,
        [*recording_rules(measured), *burn_alerts(measured)],
    )


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
