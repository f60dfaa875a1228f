"""
Which figures stand in which page, and what is said of them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.conftest import ROOT
from tests.figures.measured import Line, Table

PERFORMANCE = ROOT / "docs" / "performance.md"


def _of(template: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda beside: template.format_map(beside)


def _range(values: Iterable[float]) -> str:
    return f"{min(values := list(values)):.3g} to {max(values):.3g}"


def _converged(beside: Mapping[str, Any]) -> str:
    ours, floor = _range(beside["operator_seconds"]), _range(beside["floor_seconds"])
    pairs = len(beside["operator_seconds"])
    in_flight = beside["in_flight_of_floor"]
    return (
        f"median of {pairs} pairs of runs, {ours} s against {floor} s of a floor with {in_flight} in flight; "
        f"{beside['cpu']:.2f} in CPU seconds"
    )


REQUESTS = (
    Line(
        names=("create_extra_requests",),
        what="requests for a new Microservice beyond one a child: the status",
        remark=_of("{requests} requests for {children} children"),
    ),
    Line(
        names=("change_extra_requests",),
        what="requests for a change beyond one for each child it touches: the status; the patch of a child's `managedFields` once in its life"
        " not counted",
        remark=_of("{once_in_its_life} of those patches"),
    ),
    Line(
        names=("idle_writes",),
        what="writes while nothing is declared anew, with an autoscaler and a second writer that stamps labels on everything",
        remark=_of("{seconds} s; others wrote {writes_of_others:,} times meanwhile"),
    ),
    Line(
        names=("restart_writes",),
        what="writes when the operator is started again with 200 Microservices",
        remark=_of("reconciled after {seconds} s"),
    ),
    Line(
        names=("repair_seconds_max", "repair_writes_max"),
        what="a child of each kind deleted, and edited by hand: until it is back, and what that took",
        remark=lambda beside: f"{len(beside['each'])} ways",
    ),
    Line(
        names=("rbac_difference",),
        what="rights the whole end-to-end run used and the chart does not grant, and the other way round",
        remark=lambda beside: f"in the scopes {' and '.join(beside['scopes'])}",
    ),
)
TIME = (
    Line(
        names=("converge_ratio_200",),
        what="time until 200 Microservices are as declared, over a floor: one process that posts the parents, server-side-applies the same"
        " bytes and patches each status, with the best of 8, 16 and 32 requests in flight",
        remark=_converged,
    ),
    Line(names=("converge_ratio_1000",), what="the same for 1,000", remark=_converged),
    Line(
        names=("converge_cpu_ratio_200",), what="CPU seconds of etcd, API server and client together, over the floor's"
    ),
    Line(
        names=("apply_ms_p99",),
        what="milliseconds from a person's edit to the written child, idle otherwise",
        remark=_of("{edits} edits, median {p50}"),
    ),
    Line(
        names=("outage_converge_seconds",),
        what="the API server is killed in a storm of creations: from its return until everything is as declared, in the same process",
        remark=_of("after {down_seconds} s without it"),
    ),
)
MEMORY = (
    Line(names=("rss_idle_mib",), what="MiB resident of an operator that looks after nothing"),
    Line(
        names=("rss_per_1000_mib",),
        what="MiB that 1,000 Microservices with their eleven children add",
        remark=_of("{after_building} after building them, {after_restart} after a restart"),
    ),
)
FAULTS = (
    Line(
        names=("kill_plans", "kill_plans_failed"),
        what="the operator is killed before and after every single write of a creation and of an update, and started again: the same end state",
    ),
    Line(
        names=("there_and_back_unequal",),
        what="every property of the schema changed and changed back: children unequal to the first ones",
        remark=_of("of {tried}"),
    ),
    Line(
        names=("generated_wrong",),
        what="generated resources, names at their limits and unicode among them: admitted ones that do not converge, refused ones that do not"
        " say which field",
        remark=_of("of {tried:,}: {admitted} admitted, {refused} refused"),
    ),
    Line(
        names=("requests_lost_in_rollout",),
        what="requests without an answer during a rolling update under continuous traffic",
        remark=lambda beside: " and ".join(f"{sent:,} to {name}" for name, sent in beside["sent"].items()),
    ),
    Line(
        names=("policy_pairs_wrong",),
        what="every pair of pods tried with real traffic against the declared edges",
        remark=_of("of {tried}, {opened} of them open"),
    ),
)
CONTRACTS = (
    Line(
        names=("openapi_recall_pct", "openapi_false_alarm_pct", "rule_id_right_pct"),
        what="of the corpus: breaking pairs found, compatible ones called breaking, the rule named as labelled",
        remark=_of("{total} breaking pairs in the last"),
    ),
    Line(
        names=("graphql_recall_pct", "graphql_false_alarm_pct"),
        what="the same of GraphQL",
        remark=_of("{total} compatible"),
    ),
    Line(
        names=("asyncapi_recall_pct", "asyncapi_false_alarm_pct"),
        what="the same of AsyncAPI",
        remark=_of("{total} compatible"),
    ),
    Line(
        names=("jsonschema_agreement_pct", "wrong_compatible"),
        what="pairs of JSON Schemas judged as labelled; judged compatible, though labelled breaking",
        remark=_of("{unit}"),
    ),
    Line(
        names=("soundness_counterexamples",),
        what="instances that refute a pair of random schemas judged compatible; another validator is the judge",
        remark=_of("{unit}"),
    ),
    Line(
        names=("random_pairs_failed",),
        what="recursive `allOf`, deep nesting, 10 MB of text: pairs that crash, take longer than 30 s or need more than 300 MB",
        remark=_of("{unit}; the slowest {slowest_s} s, {peak_mib} MiB"),
    ),
    Line(
        names=("consumer_unsound",),
        what="random document, change and usage judged safe, yet refuted by an instance",
        remark=_of("{unit}"),
    ),
    Line(
        names=("github_compare_over_load", "github_peak_mib"),
        what="GitHub's REST API, 11.3 against 13.0 MB: time of comparing over the time `json.loads` needs for both; MiB",
        remark=lambda beside: f"{_range(run['ratio'] for run in beside['runs'])} in {len(beside['runs'])} runs",
    ),
    Line(
        names=("admission_ms_p99",),
        what="milliseconds of the webhook's answer to `kubectl apply` of a contract of 200 operations",
        remark=_of("{edits} edits, median {p50}; the first one {first_ms}"),
    ),
    Line(
        names=("matrix_200x50_s",),
        what="seconds for what new versions of 200 contracts mean for 50 consumers each, warm",
        remark=_of("the first look {first_s}"),
    ),
)
OBJECTIVES = (
    Line(
        names=tuple(f"page_minutes_{percent}" for percent in (100, 10, 5, 2, 1)),
        what="minutes to the first page, at so many percent of bad events",
    ),
    Line(names=("ticket_minutes_100", "ticket_minutes_10"), what="minutes to the first ticket"),
    Line(names=("reset_minutes",), what="minutes from recovery to the end of the page"),
    Line(
        names=("budget_error_pct", "nan_samples"),
        what="recorded against true budget, over the awkward kinds of traffic",
    ),
    Line(names=("false_pages_battery",), what="the scenarios above in five profiles, both indicators"),
    Line(
        names=("false_pages_low_traffic", "low_traffic_outage_found"),
        what="60 requests an hour, half the budget failing, 30 days; then all of them failing",
    ),
    Line(
        names=("rules_per_objective", "series_per_objective", "raw_reads_per_objective"), what="what an objective costs"
    ),
    Line(
        names=("rule_eval_over_sloth",),
        what="CPU time of Prometheus for two minutes of evaluations, over the same objectives in Sloth's layout",
        remark=_of(
            "{services} services: {ours_cpu_seconds} s against {sloth_cpu_seconds} s every two minutes;"
            " {few_ratio} with {few_services}"
        ),
    ),
    Line(names=("alerts_complete_pct",), what="alerts with every label, link, runbook, a firing and a silent test"),
    Line(names=("hostile_strings_broken",), what="of 100,000"),
    Line(names=("panel_queries_with_data_pct",), what="of the queries of five dashboards, asked live"),
    Line(names=("queries_max", "dashboard_kb_max"), what="of the largest dashboard there can be"),
    Line(
        names=("servicekit_cpu_ratio_raw", "servicekit_cpu_ratio_fastapi"),
        what="CPU time of a server with the services' library, over the same without; of a bare ASGI application, and of FastAPI",
    ),
)


def _parts(*names: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda beside: (
        f"{beside['seconds']:.1f} s; " + ", ".join(f"{name} {beside['mib'][name]}" for name in names) + " MiB"
    )


LOCAL_CLUSTER = (
    Line(
        names=("control_plane_start_ratio",),
        what="until there is a default ServiceAccount, over until the API server is ready",
        remark=_parts("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    ),
    Line(
        names=("node_start_ratio",),
        what="until node, Services, DNS and policies are ready, over until the control plane is",
        remark=_parts("kubelet", "containerd", "kube-proxy", "kube-router", "init"),
    ),
    Line(names=("node_down_seconds",), what="seconds until all of it has ended, the largest of three"),
    Line(names=("node_left",), what="processes, links, routes, cgroups and namespaces found afterwards"),
)

TABLES = (
    Table(page=PERFORMANCE, name="requests", lines=REQUESTS),
    Table(page=PERFORMANCE, name="time", lines=TIME),
    Table(page=PERFORMANCE, name="memory", lines=MEMORY),
    Table(page=PERFORMANCE, name="faults", lines=FAULTS),
    Table(page=ROOT / "docs" / "local-cluster.md", name="figures", lines=LOCAL_CLUSTER),
    Table(page=ROOT / "docs" / "contracts.md", name="figures", lines=CONTRACTS),
    Table(page=ROOT / "docs" / "objectives.md", name="figures", lines=OBJECTIVES),
)
