"""
The dashboard of all services: whose promise is in danger, by team and tier.
"""

from concordat.api.values.promql import HOUR, MINUTE, Selector, equal
from concordat.observability.dashboards.board import Dashboard, Variable, uid
from concordat.observability.dashboards.model import FILLED, MANY, RED, YELLOW, Chosen, Panel, Query, Row, column
from concordat.observability.dashboards.panels.blocks import BUDGET_STEPS, BURN_STEPS, stat
from concordat.observability.records import BUDGET_REMAINING, TARGET, TOTAL, ratio

FLEET_UID = uid("fleet")

_TARGET = Selector(metric=TARGET, matchers=(Chosen(label="team", value="team"), Chosen(label="tier", value="tier")))
_OF_TEAM = f"on (namespace, service, slo) group_left (team, tier, window) {_TARGET}"
_ON = "on (namespace, service, slo)"


def fleet_dashboard() -> Dashboard:
    """The same for every installation; ``dashboards/fleet.json`` is generated from here."""
    return Dashboard(
        uid=FLEET_UID,
        title="All services",
        description="Every service with an objective, the worst first.",
        tags=("fleet",),
        rows=(
            Row(title="Now", panels=_now()),
            Row(title="Promises, the worst first", panels=_ranking()),
            Row(title="Over time", panels=_over_time()),
        ),
        variables=(
            Variable(name="team", label="Team", query=f"label_values({TARGET}, team)"),
            Variable(name="tier", label="Tier", query=f'label_values({TARGET}{{team=~"$team"}}, tier)'),
            Variable(name="job", label="Job", query="label_values(up, job)"),
            Variable(name="instance", label="Instance", query='label_values(up{job=~"$job"}, instance)'),
        ),
        since="now-24h",
    )


def _now() -> tuple[Panel, ...]:
    firing = Selector(metric="ALERTS", matchers=(equal("alertstate", "firing"), Chosen(label="team", value="team")))
    pages = firing.where(equal("severity", "critical"))
    return (
        stat(
            "Services",
            "Services with an objective.",
            f"count(count by (namespace, service) ({_TARGET}))",
            "short",
            width=4,
        ),
        stat(
            "Promises broken",
            "Objectives whose error budget is gone.",
            f"count({BUDGET_REMAINING} < 0 and {_ON} {_TARGET}) or vector(0)",
            "short",
            width=5,
            thresholds=((1.0, RED),),
        ),
        stat(
            "Burning",
            "Objectives that use their budget faster than they can afford, over the last hour.",
            f"count({ratio(HOUR)} / {_ON} (1 - {_TARGET}) > 1) or vector(0)",
            "short",
            width=5,
            thresholds=((1.0, YELLOW),),
        ),
        stat(
            "Pages",
            "Critical alerts that fire.",
            f"count({pages}) or vector(0)",
            "short",
            width=5,
            thresholds=((1.0, RED),),
        ),
        stat(
            "Scrapes that work",
            "Share of targets Prometheus can read: what is not read is not known.",
            'avg(up{job=~"$job",instance=~"$instance"})',
            "percentunit",
            width=5,
            base=RED,
            thresholds=((0.9, YELLOW), (0.99, "green")),
        ),
    )


def _ranking() -> tuple[Panel, ...]:
    return (
        Panel(
            kind="table",
            title="Error budget left",
            description="Every objective; below zero the promise is broken.",
            queries=(Query(expr=f"sort({BUDGET_REMAINING} * {_OF_TEAM} ^ 0)", instant=True),),
            unit="percentunit",
            width=24,
            height=12,
            base=RED,
            thresholds=BUDGET_STEPS,
            overrides=(column("Budget left", FILLED),),
            transformations=(
                {
                    "id": "organize",
                    "options": {
                        "excludeByName": {"Time": True},
                        "renameByName": {
                            "namespace": "Namespace",
                            "service": "Service",
                            "slo": "Objective",
                            "team": "Team",
                            "tier": "Tier",
                            "window": "Window",
                            "Value": "Budget left",
                        },
                    },
                },
            ),
        ),
    )


def _over_time() -> tuple[Panel, ...]:
    who = "{{namespace}}/{{service}} {{slo}}"
    return (
        Panel(
            title="Least budget left",
            description="The ten objectives with least budget.",
            width=12,
            height=MANY,
            queries=(Query(expr=f"bottomk(10, {BUDGET_REMAINING} and {_ON} {_TARGET})", legend=who),),
            unit="percentunit",
            most=1,
            base=RED,
            thresholds=BUDGET_STEPS,
        ),
        Panel(
            title="Burning fastest",
            description="The ten highest burn rates over an hour.",
            width=12,
            height=MANY,
            queries=(Query(expr=f"topk(10, {ratio(HOUR)} / {_ON} (1 - {_TARGET}))", legend=who),),
            least=0,
            thresholds=BURN_STEPS,
        ),
        Panel(
            title="Bad events by team",
            description="Share of all events of a team's services that were bad, over five minutes.",
            width=24,
            queries=(
                Query(
                    expr=f"sum by (team) ({ratio(5 * MINUTE)} * {_ON} {TOTAL} * {_OF_TEAM} ^ 0)"
                    f" / (sum by (team) ({TOTAL} * {_OF_TEAM} ^ 0) > 0)",
                    legend="{{team}}",
                ),
            ),
            unit="percentunit",
            least=0,
        ),
    )
