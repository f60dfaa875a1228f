"""
The dashboard of Concordat itself, on controller-runtime's metrics.
"""

from concordat.observability.dashboards.board import Dashboard, uid
from concordat.observability.dashboards.model import GREEN, MANY, RED, YELLOW, Panel, Query, Row
from concordat.observability.dashboards.panels.blocks import stat
from concordat.observability.dashboards.panels.requests import INTERVAL
from concordat.observability.dashboards.panels.requests import quantile as of_durations
from concordat.observability.dashboards.service import variables

OPERATOR_UID = uid("operator")
_OWN = 'job=~"$job",instance=~"$instance"'
_NOT_READY = 'ready!="True"'


def operator_dashboard() -> Dashboard:
    """The same for every installation; ``dashboards/operator.json`` is generated from here."""
    return Dashboard(
        uid=OPERATOR_UID,
        title="Concordat",
        description="The operator: does it run, does it keep up, what does it cost.",
        tags=("operator",),
        rows=(
            Row(title="Does it run?", panels=_state()),
            Row(title="Are contracts kept?", panels=_contracts()),
            Row(title="Does it keep up?", panels=_work()),
            Row(title="What does it cost?", panels=_cost()),
        ),
        variables=variables("controller_runtime_reconcile_total"),
    )


def _state() -> tuple[Panel, ...]:
    return (
        stat(
            "Leaders",
            "Exactly one operator leads.",
            f"sum(leader_election_master_status{{{_OWN}}})",
            "short",
            width=4,
            base=RED,
            thresholds=((1.0, GREEN), (2.0, RED)),
        ),
        stat("Microservices", "Known to it.", f"sum({_microservices()})", "short", width=4),
        stat(
            "Not ready",
            "Microservices that are not as they should be.",
            f"sum({_microservices(_NOT_READY)}) or vector(0)",
            "short",
            width=4,
            thresholds=((1.0, YELLOW),),
        ),
        stat(
            "Failed passes",
            "Share of passes that failed.",
            f"sum(rate(controller_runtime_reconcile_errors_total{{{_OWN}}}[{INTERVAL}]))"
            f" / (sum(rate(controller_runtime_reconcile_total{{{_OWN}}}[{INTERVAL}])) > 0) or vector(0)",
            "percentunit",
            width=4,
            thresholds=((0.01, YELLOW), (0.1, RED)),
        ),
        stat(
            "Paused",
            "Objects somebody told it to leave alone.",
            f"sum(max by (job, kind) (concordat_paused{{{_OWN}}})) or vector(0)",
            "short",
            width=4,
            thresholds=((1.0, YELLOW),),
        ),
        stat(
            "Conflicts",
            "Microservices that want the name of an object that is not theirs.",
            f"sum(max by (job) (concordat_conflicts{{{_OWN}}}))",
            "short",
            width=4,
            thresholds=((1.0, YELLOW),),
        ),
    )


def _microservices(*matchers: str) -> str:
    """Of each installation once: a standby counts the same ones."""
    return f"max by (job, ready, reason) (concordat_microservices{{{','.join((_OWN, *matchers))}}})"


def _contracts() -> tuple[Panel, ...]:
    def number(condition: str, status: str) -> str:
        return f'sum(max by (job) (concordat_contracts{{{_OWN},condition="{condition}",status="{status}"}}))'

    return (
        stat("Contracts in force", "As their specs say.", number("Ready", "True"), "short", width=4),
        stat(
            "Refused",
            "Contracts whose spec is not in force: the version before it is, if there was one.",
            number("Ready", "False"),
            "short",
            width=4,
            thresholds=((1.0, YELLOW),),
        ),
        stat(
            "Not kept",
            "Contracts whose provider was found to do something else.",
            number("Conformant", "False"),
            "short",
            width=4,
            thresholds=((1.0, RED),),
        ),
        _lines(
            "What is wrong with contracts",
            "By the condition that is False.",
            "short",
            (
                f'sum by (condition) (max by (job, condition) (concordat_contracts{{{_OWN},status="False"}}))',
                "{{condition}}",
            ),
            width=12,
            height=4,
        ),
    )


def _work() -> tuple[Panel, ...]:
    def quantile(metric: str) -> str:
        return of_durations("0.99", f"sum by (le) (rate({metric}_bucket{{{_OWN}}}[{INTERVAL}]))")

    return (
        _lines(
            "Passes",
            "Passes a second, by what came of them. In steady state: none.",
            "ops",
            (f"sum by (result) (rate(controller_runtime_reconcile_total{{{_OWN}}}[{INTERVAL}]))", "{{result}}"),
        ),
        _lines(
            "Waiting",
            "Microservices in the work queue.",
            "short",
            (f"sum by (name) (workqueue_depth{{{_OWN}}})", "{{name}}"),
        ),
        _lines(
            "Time, p99",
            "How long a change waits, and how long a pass takes.",
            "s",
            (quantile("workqueue_queue_duration_seconds"), "waiting"),
            (quantile("controller_runtime_reconcile_time_seconds"), "pass"),
        ),
        _lines(
            "Silence of watches",
            "Since the API server last said anything about a kind.",
            "s",
            (f"max by (kind) (concordat_watch_age_seconds{{{_OWN}}})", "{{kind}}"),
            height=MANY,
        ),
        _lines(
            "Longest pass",
            "The key that has been worked on longest.",
            "s",
            (f"max(workqueue_longest_running_processor_seconds{{{_OWN}}})", "longest"),
            height=MANY,
        ),
        _lines(
            "Event loop, p99",
            "How late the event loop is.",
            "s",
            (quantile("concordat_event_loop_lag_seconds"), "late"),
            height=MANY,
        ),
    )


def _cost() -> tuple[Panel, ...]:
    return (
        _lines(
            "Requests to the API server",
            "By answer. In steady state: watches only.",
            "reqps",
            (f"sum by (code, method) (rate(rest_client_requests_total{{{_OWN}}}[{INTERVAL}]))", "{{method}} {{code}}"),
            width=12,
        ),
        _lines(
            "Objects in caches",
            "By kind.",
            "short",
            (f"sum by (kind) (concordat_cache_objects{{{_OWN}}})", "{{kind}}"),
            width=12,
        ),
        _lines(
            "Memory",
            "Resident, by pod.",
            "bytes",
            (f"process_resident_memory_bytes{{{_OWN}}}", "{{instance}}"),
            width=12,
        ),
        _lines(
            "CPU",
            "Cores, by pod.",
            "short",
            (f"rate(process_cpu_seconds_total{{{_OWN}}}[{INTERVAL}])", "{{instance}}"),
            width=12,
        ),
    )


def _lines(
    title: str, description: str, unit: str, *queries: tuple[str, str], width: int = 8, height: int = 8
) -> Panel:
    return Panel(
        title=title,
        description=description,
        queries=tuple(Query(expr=expr, legend=legend) for expr, legend in queries),
        unit=unit,
        width=width,
        height=height,
        least=0,
    )
