"""
Series as services, Kubernetes and brokers expose them, for asking a dashboard's queries of the real promtool.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import Links, Objective, ServiceIdentity, ServiceObjectives
from concordat.observability.slo.rules.profiles import PROFILES
from concordat.observability.slo.rules.recording import measure
from concordat.observability.slo.simulation.proof import notation, values
from concordat.observability.slo.simulation.traffic import Phase, exposed
from tests.dashboards.linter import Board, filled_in, targets
from tests.slo.promtool import query

MINUTES = 30
_POD = 'namespace="shop",pod="orders-7c9d8f6b5d-x2x4z",container="service"'
_OWN = 'job="orders",namespace="shop",instance="10.0.0.11:9090"'
_OPERATOR = 'job="concordat",namespace="concordat",instance="10.0.0.13:8080"'
_BUCKETS = ("0.005", "0.1", "0.25", "1", "+Inf")

GAUGES = {
    'kube_deployment_status_replicas_available{namespace="shop",deployment="orders"}': 3,
    'kube_deployment_spec_replicas{namespace="shop",deployment="orders"}': 3,
    'kube_deployment_status_replicas_available{namespace="payments",deployment="payments"}': 2,
    'kube_horizontalpodautoscaler_spec_max_replicas{namespace="shop",horizontalpodautoscaler="orders"}': 11,
    f'kube_pod_container_info{{{_POD},image="example.com/orders:1.4.2"}}': 1,
    f'kube_pod_container_resource_requests{{{_POD},resource="cpu"}}': 1,
    f'kube_pod_container_resource_limits{{{_POD},resource="memory"}}': 268435456,
    f"container_memory_working_set_bytes{{{_POD}}}": 134217728,
    'kube_pod_status_ready{namespace="shop",pod="orders-7c9d8f6b5d-x2x4z",condition="true"}': 1,
    'kube_pod_info{namespace="shop",pod="orders-7c9d8f6b5d-x2x4z",node="n1",pod_ip="10.0.0.11"}': 1,
    'kube_replicaset_created{namespace="shop",replicaset="orders-7c9d8f6b5d"}': 1700000000,
    f'circuit_breaker_state{{{_OWN},dependency="payments"}}': 0,
    'rabbitmq_detailed_queue_messages_ready{queue="orders.paid"}': 13,
    'rabbitmq_detailed_queue_messages_unacked{queue="orders.paid"}': 19,
    'kafka_consumergroup_lag{consumergroup="orders",topic="order-events"}': 17,
    f"up{{{_OWN}}}": 1,
    f'leader_election_master_status{{{_OPERATOR},name="concordat"}}': 1,
    f'concordat_microservices{{{_OPERATOR},ready="True",reason="Ready"}}': 11,
    f'concordat_contracts{{{_OPERATOR},condition="Ready",status="True"}}': 11,
    f'concordat_contracts{{{_OPERATOR},condition="Ready",status="False"}}': 0,
    f'concordat_contracts{{{_OPERATOR},condition="Conformant",status="False"}}': 1,
    f'concordat_paused{{{_OPERATOR},kind="Microservice"}}': 0,
    f"concordat_conflicts{{{_OPERATOR}}}": 0,
    f'concordat_cache_objects{{{_OPERATOR},kind="Deployment"}}': 11,
    f'concordat_watch_age_seconds{{{_OPERATOR},kind="Deployment",namespace=""}}': 7,
    f'workqueue_depth{{{_OPERATOR},name="microservice"}}': 0,
    f'workqueue_longest_running_processor_seconds{{{_OPERATOR},name="microservice"}}': 0,
    f"process_resident_memory_bytes{{{_OPERATOR}}}": 71303168,
}
COUNTERS = (
    f"container_cpu_usage_seconds_total{{{_POD}}}",
    f"kube_pod_container_status_restarts_total{{{_POD}}}",
    f'controller_runtime_reconcile_total{{{_OPERATOR},controller="microservice",result="success"}}',
    f'controller_runtime_reconcile_errors_total{{{_OPERATOR},controller="microservice"}}',
    f'rest_client_requests_total{{{_OPERATOR},code="200",method="GET",host="api"}}',
    f"process_cpu_seconds_total{{{_OPERATOR}}}",
    *(
        f'http_client_request_duration_seconds_count{{{who},server_address="{called}",http_response_status_code="{code}"}}'
        for who, called in (
            (_OWN, "payments.payments"),
            ('job="storefront",namespace="shop",instance="10.0.0.17:9090"', "orders"),
        )
        for code in ("200", "500")
    ),
)
HISTOGRAMS = (
    f"http_client_request_duration_seconds_bucket{{{_OWN},"
    'server_address="payments.payments",http_response_status_code="200"',
    'http_client_request_duration_seconds_bucket{job="storefront",namespace="shop",instance="10.0.0.17:9090",'
    'server_address="orders",http_response_status_code="200"',
    f'workqueue_queue_duration_seconds_bucket{{{_OPERATOR},name="microservice"',
    f'controller_runtime_reconcile_time_seconds_bucket{{{_OPERATOR},controller="microservice"',
    f"concordat_event_loop_lag_seconds_bucket{{{_OPERATOR}",
)


def metrics() -> set[str]:
    """Every metric there is."""
    every = {text.partition("{")[0] for text in (*GAUGES, *COUNTERS, *HISTOGRAMS)}
    for profile in PROFILES.values():
        every |= {profile.requests, profile.durations, f"{profile.durations}_bucket"}
    recorded = {
        rule["record"] for group in groups(_objectives("default")) for rule in group["rules"] if "record" in rule
    }
    return every | recorded | {"ALERTS"}


def empty_queries(board: Board, *, tool: str | None = None) -> list[str]:
    """The panels' and annotations' queries that return nothing but NaN, half an hour after everything was started."""
    profile = _profile_of(board)
    asked: dict[str, str] = {}
    for panel, target in targets(board):
        asked[_present(target["expr"])] = f"{panel['title']}: {target['expr']}"
    for annotation in board["annotations"]["list"]:
        if not annotation["expr"].startswith("ALERTS"):
            asked[_present(annotation["expr"])] = annotation["name"]
    answers = query(
        groups(_objectives(profile)),
        {"interval": "30s", "input_series": list(_series(profile))},
        dict.fromkeys(asked, f"{MINUTES}m"),
        interval="30s",
        tool=tool,
    )
    return [asked[expression] for expression, found in answers.items() if not found]


def _present(expression: str) -> str:
    """How many values there are that are numbers."""
    asked = filled_in(_chosen(expression))
    return f"count(({asked}) == ({asked}))"


def _chosen(expression: str) -> str:
    """With "All" chosen in every variable, as Grafana sends it."""
    return re.sub(r'"\$(job|instance|team|tier)"', '".+"', expression)


def _profile_of(board: Board) -> str:
    """By the first query of the requests."""
    text = str(board["panels"])
    for name in ("istio", "gateway"):
        if PROFILES[name].requests in text:
            return name
    return "otel-native" if "histogram_count" in text else "default"


def _objectives(profile: str) -> ServiceObjectives:
    return ServiceObjectives(
        service=ServiceIdentity(name="orders", namespace="shop", team="checkout", tier="critical"),
        objectives=(
            Objective(name="availability", target=Decimal("99.9")),
            Objective(name="latency", target=Decimal(99), below=Decimal("0.25")),
            Objective(name="orders-api/availability", target=Decimal("99.7")),
        ),
        links=Links(dashboard="https://grafana.example.com"),
        profile=profile,
    )


def _series(profile: str) -> Iterator[dict[str, str]]:
    steps = MINUTES * 2
    yield from ({"series": series, "values": f"{value}+0x{steps}"} for series, value in GAUGES.items())
    yield from ({"series": series, "values": f"11+13x{steps}"} for series in COUNTERS)
    for series in HISTOGRAMS:
        for index, bound in enumerate(_BUCKETS):
            yield {"series": f'{series},le="{bound}"}}', "values": f"0+{11 * (index + 1)}x{steps}"}
    identity = (
        'job="orders",instance="10.0.0.11:9090"' if profile in ("istio", "gateway") else 'instance="10.0.0.11:9090"'
    )
    found: dict[str, dict[str, str]] = {}
    for measured in measure(_objectives(profile)):
        for series in exposed(measured):
            text = f"{notation(series)[:-1]},{identity}}}"
            found[text] = {"series": text, "values": values(series, (Phase(steps=steps, good=1100, bad=1),))}
    yield from found.values()
    yield from _buckets(profile, identity, steps, set(found))


def _buckets(profile: str, identity: str, steps: int, there: set[str]) -> Iterator[dict[str, str]]:
    """All buckets of the service's histogram: the objective alone needs one."""
    source = PROFILES[profile]
    if source.native:
        return
    latency = exposed(measure(_objectives(profile))[1])[0]
    labels = ",".join(f'{name}="{value}"' for name, value in latency.labels)
    for bound in ("0.05", "5", "+Inf"):
        text = f'{source.durations}_bucket{{{labels},le="{bound}",{identity}}}'
        if text not in there:
            yield {"series": text, "values": f"0+1100x{steps}"}
