"""
What is made from the code: ``alerts/`` and the tables of ``docs/objectives.md``; ``make generated`` writes it.
"""

from collections.abc import Callable
from typing import Any

import yaml

from concordat.observability.slo.routing import HardDependency, Team, alertmanager_file
from concordat.observability.slo.rules.operator_alerts import operator_group
from tests.slo.catalogue import HEALTHY, OPERATOR_LINKS, TROUBLES, firing_test, healthy_test, promtool_file
from tests.slo.document import PAGE, written

_HEAD = "# Generated from the code; `make generated` writes it again.\n"


def operator_alerts() -> str:
    """Alerts on Concordat itself."""
    return _yaml({"groups": [operator_group(OPERATOR_LINKS)]})


def operator_alerts_test() -> str:
    """Their promtool tests."""
    world = {series: values for series, values in HEALTHY.items() if 'job="concordat"' in series}
    ours = [trouble for trouble in TROUBLES if trouble.alert.startswith("Concordat")]
    tests = [healthy_test(world), *(firing_test(trouble, world) for trouble in ours)]
    return _yaml(promtool_file(tests, "concordat.yaml"))


def alertmanager() -> str:
    """The routes of two teams, one service depending hard on another."""
    teams = [
        Team(name=name, page=f"http://localhost:9095/{name}/page", ticket=f"http://localhost:9095/{name}/ticket")
        for name in ("checkout", "platform")
    ]
    edge = HardDependency(consumer=("shop", "orders"), provider=("payments", "payments"))
    return _yaml(alertmanager_file(teams, [edge]))


def objectives_page() -> str:
    """The page, its tables written anew."""
    return written(PAGE.read_text())


GENERATED: dict[str, Callable[[], str]] = {
    "alerts/concordat.yaml": operator_alerts,
    "alerts/concordat_test.yaml": operator_alerts_test,
    "alerts/alertmanager.yaml": alertmanager,
    "docs/objectives.md": objectives_page,
}
"""File -> what it holds."""


def _yaml(value: Any) -> str:
    return _HEAD + yaml.safe_dump(value, sort_keys=False, width=120)
