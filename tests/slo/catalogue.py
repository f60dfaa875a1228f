"""
Every alert there is, each with a world in which it fires; in the healthy world none does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from concordat.observability.dashboards.operator import OPERATOR_UID
from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import Links
from concordat.observability.slo.rules.operator_alerts import operator_group
from concordat.observability.slo.rules.service_alerts import Workload, service_group
from concordat.observability.slo.rules.windows import TIERS
from concordat.observability.slo.simulation.proof import promtool_tests
from tests.slo.examples import service
from tests.slo.promtool import run_tests

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
MINUTES = 90
WORKLOAD = Workload(
    autoscaled=True,
    cpu_limited=True,
    hosts=("orders.example.com",),
    queues=("orders.paid",),
    consumer_groups=("orders",),
)
OPERATOR_LINKS = Links(dashboard=f"/d/{OPERATOR_UID}")

_DEPLOYMENT = 'namespace="shop",deployment="orders"'
_CONTAINER = 'namespace="shop",pod="orders-7c9d8f6b5d-x2x4z",container="service"'
_SCALER = 'namespace="shop",horizontalpodautoscaler="orders"'
_OWN = 'job="concordat",instance="10.0.0.13:8080"'

_RESTARTS = f"kube_pod_container_status_restarts_total{{{_CONTAINER}}}"
_ERRORS = f'rest_client_requests_total{{{_OWN},code="503",method="GET",host="api"}}'
_THROTTLED = f'rest_client_requests_total{{{_OWN},code="429",method="GET",host="api"}}'
_FAILING = f'concordat_contract_failing{{{_OWN},contract="shop/orders-api",team="checkout"'
_EVENTS = (
    'http_server_request_duration_seconds_count{namespace="shop",job="orders",http_route="/orders",'
    'http_request_method="GET",http_response_status_code="200"}'
)

HEALTHY: Mapping[str, str] = {
    _EVENTS: "0+6000x90",
    f"kube_deployment_status_replicas_available{{{_DEPLOYMENT}}}": "3x90",
    f"kube_deployment_spec_replicas{{{_DEPLOYMENT}}}": "3x90",
    'up{namespace="shop",job="orders",instance="a"}': "1x90",
    _RESTARTS: "0x90",
    f'kube_pod_container_status_last_terminated_reason{{{_CONTAINER},reason="OOMKilled"}}': "1x90",  # once, long ago
    f"container_memory_working_set_bytes{{{_CONTAINER}}}": "110x90",
    f'kube_pod_container_resource_limits{{{_CONTAINER},resource="memory"}}': "200x90",
    f"container_cpu_cfs_throttled_periods_total{{{_CONTAINER}}}": "0+10x90",
    f"container_cpu_cfs_periods_total{{{_CONTAINER}}}": "0+600x90",
    f"kube_horizontalpodautoscaler_status_desired_replicas{{{_SCALER}}}": "3x90",
    f"kube_horizontalpodautoscaler_spec_max_replicas{{{_SCALER}}}": "11x90",
    f'kube_deployment_status_condition{{{_DEPLOYMENT},condition="Progressing",status="false"}}': "0x90",
    'probe_ssl_earliest_cert_expiry{instance="https://orders.example.com/healthz"}': "5184000x90",
    'rabbitmq_detailed_queue_messages{queue="orders.paid"}': "900x90",
    'kafka_consumergroup_lag{consumergroup="orders",topic="payments"}': "9000x90",
    f"up{{{_OWN}}}": "1x90",
    f"leader_election_master_status{{{_OWN}}}": "1x90",
    f'controller_runtime_reconcile_total{{{_OWN},result="success"}}': "0+60x90",
    f"controller_runtime_reconcile_errors_total{{{_OWN}}}": "0+1x90",
    f"workqueue_longest_running_processor_seconds{{{_OWN}}}": "13x90",
    f"workqueue_depth{{{_OWN}}}": "170x90",
    f'rest_client_requests_total{{{_OWN},code="200",method="GET",host="api"}}': "0+600x90",
    _ERRORS: "0+1x90",
    _THROTTLED: "0+1x90",
    f'concordat_watch_age_seconds{{{_OWN},kind="Deployment"}}': "170x90",
    f'concordat_microservices{{{_OWN},ready="True",reason="Ready"}}': "110x90",
    f'concordat_microservices{{{_OWN},ready="False",reason="Invalid"}}': "11x90",
    f'{_FAILING},condition="Ready",reason="BreakingChange"}}': "_x70 1x50",
    f'{_FAILING},condition="Conformant",reason="BreachFound"}}': "_x70 1x5 _x45",
}
"""Nothing is perfect here, and nothing is wrong: queues stand still, some requests fail, a pod once ran out of memory, a
contract was refused a moment ago, and a breach was found and mended."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is different when an alert fires; ``None`` removes a series."""

    alert: str
    changes: Mapping[str, str | None] = field(default_factory=dict)


TROUBLES = (
    Trouble(alert="ObjectiveUnmeasured", changes={_EVENTS: None}),
    Trouble(alert="ServiceDown", changes={f"kube_deployment_status_replicas_available{{{_DEPLOYMENT}}}": "0x90"}),
    Trouble(alert="ServiceMetricsMissing", changes={'up{namespace="shop",job="orders",instance="a"}': None}),
    Trouble(alert="ServiceRestarting", changes={_RESTARTS: "0+1x90"}),
    Trouble(alert="ServiceOutOfMemory", changes={_RESTARTS: "0x80 1+0x10"}),
    Trouble(alert="ServiceMemoryNearLimit", changes={f"container_memory_working_set_bytes{{{_CONTAINER}}}": "190x90"}),
    Trouble(
        alert="ServiceThrottled", changes={f"container_cpu_cfs_throttled_periods_total{{{_CONTAINER}}}": "0+300x90"}
    ),
    Trouble(
        alert="ServiceAtMaxReplicas",
        changes={f"kube_horizontalpodautoscaler_status_desired_replicas{{{_SCALER}}}": "11x90"},
    ),
    Trouble(
        alert="ServiceRolloutStuck",
        changes={f'kube_deployment_status_condition{{{_DEPLOYMENT},condition="Progressing",status="false"}}': "1x90"},
    ),
    Trouble(
        alert="ServiceCertificateExpiring",
        changes={'probe_ssl_earliest_cert_expiry{instance="https://orders.example.com/healthz"}': "950400x90"},
    ),
    Trouble(
        alert="ServiceQueueGrowing",
        changes={'rabbitmq_detailed_queue_messages{queue="orders.paid"}': "110+11x90"},
    ),
    Trouble(
        alert="ServiceConsumerLagging",
        changes={'kafka_consumergroup_lag{consumergroup="orders",topic="payments"}': "1100+11x90"},
    ),
    Trouble(alert="ConcordatDown", changes={f"up{{{_OWN}}}": "0x90"}),
    Trouble(alert="ConcordatWithoutLeader", changes={f"leader_election_master_status{{{_OWN}}}": "0x90"}),
    Trouble(
        alert="ConcordatReconcileErrors", changes={f"controller_runtime_reconcile_errors_total{{{_OWN}}}": "0+30x90"}
    ),
    Trouble(
        alert="ConcordatQueueStuck", changes={f"workqueue_longest_running_processor_seconds{{{_OWN}}}": "310+60x90"}
    ),
    Trouble(alert="ConcordatQueueGrowing", changes={f"workqueue_depth{{{_OWN}}}": "110+11x90"}),
    Trouble(alert="ConcordatApiErrors", changes={_ERRORS: "0+600x90"}),
    Trouble(alert="ConcordatApiThrottled", changes={_THROTTLED: "0+60x90"}),
    Trouble(
        alert="ConcordatWatchStale",
        changes={f'concordat_watch_age_seconds{{{_OWN},kind="Deployment"}}': "910+60x90"},
    ),
    Trouble(
        alert="ConcordatServicesNotReady",
        changes={f'concordat_microservices{{{_OWN},ready="False",reason="Invalid"}}': "110x90"},
    ),
    Trouble(
        alert="ConcordatContractNotKept",
        changes={f'{_FAILING},condition="Conformant",reason="BreachFound"}}': "_x70 1x50"},
    ),
    Trouble(
        alert="ConcordatContractRefused",
        changes={f'{_FAILING},condition="Ready",reason="BreakingChange"}}': "1x90"},
    ),
)


def every_group() -> list[dict[str, Any]]:
    of = service()
    return [*groups(of), service_group(of.service, WORKLOAD, of.links), operator_group(OPERATOR_LINKS)]


def every_alert() -> list[dict[str, Any]]:
    return [rule for group in every_group() for rule in group["rules"] if "alert" in rule]


def healthy_test(world: Mapping[str, str] = HEALTHY) -> dict[str, Any]:
    """Nothing fires."""
    return _test("all is well", world, 'count(ALERTS{alertstate="firing"}) or vector(0)', 0)


def firing_test(trouble: Trouble, world: Mapping[str, str] = HEALTHY) -> dict[str, Any]:
    """The trouble fires its alert."""
    firing = f'count(ALERTS{{alertname="{trouble.alert}",alertstate="firing"}}) or vector(0)'
    return _test(trouble.alert, {**world, **trouble.changes}, firing, 1)


def promtool_file(tests: list[dict[str, Any]], rule_file: str = "rules.yaml") -> dict[str, Any]:
    return {"rule_files": [rule_file], "evaluation_interval": "1m", "tests": tests}


def prove_troubles(tool: str | None = None) -> None:
    """Each trouble beside its own group only, health beside all of them: promtool evaluates everything for every test."""
    run_tests(every_group(), promtool_file([healthy_test()]), tool)
    for group in every_group():
        names = {rule.get("alert") for rule in group["rules"]}
        tests = [firing_test(trouble) for trouble in TROUBLES if trouble.alert in names]
        if tests:
            run_tests([group], promtool_file(tests), tool)


def complete_percent() -> float:
    """Share of alerts that have everything; the promtool tests are run."""
    of = service()
    prove_troubles()
    run_tests(groups(of), promtool_tests(of, rule_file="rules.yaml"))
    proved = {trouble.alert for trouble in TROUBLES} | {tier.alert for tier in TIERS}
    alerts = every_alert()
    complete = [alert for alert in alerts if not missing(alert) and alert["alert"] in proved]
    return 100 * len(complete) / len(alerts)


def missing(alert: Mapping[str, Any]) -> list[str]:
    """What an alert lacks."""
    wanted = {
        "labels": ("severity", "team"),
        "annotations": ("summary", "description", "runbook_url", "dashboard_url"),
    }
    lacking = [f"{part}.{name}" for part, names in wanted.items() for name in names if not alert[part].get(name)]
    if not alert["annotations"].get("runbook_url", "").endswith(f"/{alert['alert']}"):
        lacking.append("a runbook of its own")
    if not (RUNBOOKS / f"{alert['alert']}.md").is_file():
        lacking.append(f"docs/runbooks/{alert['alert']}.md")
    return lacking


def _test(name: str, world: Mapping[str, str | None], expression: str, value: int) -> dict[str, Any]:
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in world.items() if values],
        "promql_expr_test": [
            {
                "expr": expression,
                "eval_time": f"{MINUTES}m",
                "exp_samples": [{"labels": "{}", "value": value}],
            }
        ],
    }
