"""
The dashboard of one service: is it us, since when, what changed, and whom do we hurt.
"""

from collections.abc import Sequence
from urllib.parse import quote as percent

from concordat.dashboards.blocks import BUDGET_STEPS, BURN_STEPS, budget_remaining, stat
from concordat.dashboards.model import (
    CHOSEN,
    GREEN,
    RED,
    YELLOW,
    Annotation,
    Dashboard,
    Link,
    Panel,
    Query,
    Row,
    Variable,
    uid,
)
from concordat.dashboards.requests import INTERVAL, RequestPanels
from concordat.dashboards.subject import Neighbour, Places, Service
from concordat.promql import HOUR, Matcher, Selector, any_of, equal, like, literal
from concordat.records import BUDGET_REMAINING, TARGET, ratio

MOST_NEIGHBOURS = 50
"""Listed by name: a service everybody uses shall not have a dashboard of megabytes."""


def service_uid(namespace: str, name: str) -> str:
    """The same wherever it is computed: alerts link to it."""
    return uid("service", namespace, name)


def service_dashboard(service: Service) -> Dashboard:
    """One screen for the question, the rows below for the answer."""
    panels = _Panels(service)
    rows = [
        Row(title="Is it us?", panels=panels.summary()),
        Row(title="Requests", panels=panels.requests.row()),
        Row(title="Saturation", panels=panels.saturation()),
    ]
    if service.promises:
        rows.insert(1, Row(title="Error budget", panels=panels.budget()))
    if service.consumes:
        rows.append(Row(title="What it depends on", panels=panels.dependencies()))
    if service.consumed_by:
        rows.append(Row(title="Who depends on it", panels=panels.consumers()))
    if service.queues or service.consumer_groups:
        rows.append(Row(title="Messaging", panels=panels.messaging()))
    rows.append(Row(title="Pods", panels=panels.pods_table()))
    return Dashboard(
        uid=service_uid(service.namespace, service.name),
        title=f"{service.namespace} / {service.name}",
        description=f"Team {service.team}, tier {service.tier}.",
        tags=("service",),
        rows=tuple(rows),
        variables=variables(str(Selector(metric=service.requests.counter, matchers=service.requests.matchers))),
        links=_links(service),
        annotations=panels.annotations(),
    )


def variables(selector: str) -> tuple[Variable, ...]:
    """Job and instance, from the series that matter."""
    within = f'{selector[:-1]},job=~"$job"}}' if selector.endswith("}") else f'{selector}{{job=~"$job"}}'
    return (
        Variable(name="job", label="Job", query=f"label_values({selector}, job)"),
        Variable(name="instance", label="Instance", query=f"label_values({within}, instance)"),
    )


def _links(service: Service) -> tuple[Link, ...]:
    places: Places = service.places
    links = [Link(title="Runbooks", url=places.runbooks, tooltip="What to do at three in the morning")]
    if places.traces:
        search = f"{places.traces.rstrip('/')}/search?service={percent(service.name, safe='')}&lookback=1h"
        links.append(Link(title="Traces", url=search, tooltip="Its traces in Jaeger"))
    if places.logs:
        url = places.logs.replace("{namespace}", percent(service.namespace, safe=""))
        links.append(Link(title="Logs", url=url.replace("{service}", percent(service.name, safe=""))))
    if places.portal:
        links.append(Link(title="Contracts", url=places.portal, tooltip="Who promises what to whom"))
    neighbours = ((service.consumes, "depends on"), (service.consumed_by, "is used by"))
    return (
        *links,
        *(
            Link(
                title=f"{other.namespace}/{other.name}",
                url=f"/d/{service_uid(other.namespace, other.name)}",
                tooltip=how,
            )
            for others, how in neighbours
            for other in others[:MOST_NEIGHBOURS]
        ),
    )


class _Panels:
    """The panels of one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.requests = RequestPanels(service.requests, service.promises)
        namespace = equal("namespace", service.namespace)
        self.promised: tuple[Matcher, ...] = (namespace, equal("service", service.name))
        self.deployment: tuple[Matcher, ...] = (namespace, equal("deployment", service.name))
        self.pods: tuple[Matcher, ...] = (namespace, like("pod", rf"{literal(service.name)}-[a-z0-9]+-[a-z0-9]{{5}}"))
        self.container = (*self.pods, equal("container", service.container))
        self.own = (namespace, equal("job", service.name), *CHOSEN)

    def summary(self) -> tuple[Panel, ...]:
        available = Selector(metric="kube_deployment_status_replicas_available", matchers=self.deployment)
        wanted = Selector(metric="kube_deployment_spec_replicas", matchers=self.deployment)
        image = Selector(metric="kube_pod_container_info", matchers=self.container)
        firing = Selector(metric="ALERTS", matchers=(*self.promised, equal("alertstate", "firing")))
        return (
            *(self._promises() if self.service.promises else ()),
            *self.requests.stats(),
            stat(
                "Ready",
                "Share of the wanted pods that can take requests.",
                f"sum({available}) / sum({wanted})",
                "percentunit",
                width=2,
                base=RED,
                thresholds=((0.5, YELLOW), (1.0, GREEN)),
            ),
            stat(
                "Alerts",
                "Alerts of this service that fire now.",
                f"count({firing}) or vector(0)",
                "short",
                width=2,
                thresholds=((1.0, RED),),
            ),
            stat(
                "Running",
                "Images that run, and in how many pods: two while a version rolls out.",
                f"count by (image) ({image})",
                "short",
                width=4,
                legend="{{image}}",
                options={"textMode": "value_and_name", "colorMode": "none"},
            ),
        )

    def _promises(self) -> tuple[Panel, ...]:
        remaining = Selector(metric=BUDGET_REMAINING, matchers=self.promised)
        target = Selector(metric=TARGET, matchers=self.promised)
        burn = f"{Selector(metric=ratio(HOUR), matchers=self.promised)} / on (namespace, service, slo) (1 - {target})"
        tightest = max(self.service.promises, key=lambda promise: promise.target)
        slo = equal("slo", tightest.name)
        left = Selector(metric=BUDGET_REMAINING, matchers=(*self.promised, slo))
        slow = Selector(metric=ratio(6 * HOUR), matchers=(*self.promised, slo))
        allowed = f"(1 - {Selector(metric=TARGET, matchers=(*self.promised, slo))})"
        return (
            stat(
                "Budget left",
                "The objective that has least of its error budget left.",
                f"min({remaining})",
                "percentunit",
                base=RED,
                thresholds=BUDGET_STEPS,
            ),
            stat(
                "Burn rate, 1h",
                "1 uses exactly the budget; above 14.4 somebody is paged.",
                f"max({burn})",
                "short",
                decimals=1,
                thresholds=BURN_STEPS,
            ),
            stat(
                "Budget lasts",
                f"Until the budget of {tightest.name} is gone, at the rate of the last 6 hours; at most its window.",
                f"clamp_max(min({left} * {tightest.window} / on (namespace, service, slo)"
                f" ({slow} / on (namespace, service, slo) {allowed})), {tightest.window})",
                "s",
                base=RED,
                thresholds=((86_400.0, YELLOW), (604_800.0, GREEN)),
            ),
        )

    def budget(self) -> tuple[Panel, ...]:
        target = Selector(metric=TARGET, matchers=self.promised)
        return (
            budget_remaining(self.promised),
            Panel(
                title="Burn rate",
                description="1 uses exactly the budget. Over 14.4 for 1h or 6 for 6h somebody is paged.",
                queries=tuple(
                    Query(
                        expr=f"{Selector(metric=ratio(window), matchers=self.promised)}"
                        f" / on (namespace, service, slo) (1 - {target})",
                        legend=f"{{{{slo}}}}, {window // HOUR}h",
                    )
                    for window in (HOUR, 6 * HOUR)
                ),
                width=12,
                least=0,
                thresholds=BURN_STEPS,
                custom={"thresholdsStyle": {"mode": "dashed"}},
            ),
        )

    def saturation(self) -> tuple[Panel, ...]:
        cpu = Selector(metric="container_cpu_usage_seconds_total", matchers=self.container)
        memory = Selector(metric="container_memory_working_set_bytes", matchers=self.container)
        restarts = Selector(metric="kube_pod_container_status_restarts_total", matchers=self.container)
        return (
            Panel(
                title="CPU",
                description="Cores used by all pods against what they requested. Above the request they compete.",
                queries=(
                    Query(expr=f"sum(rate({cpu}[{INTERVAL}]))", legend="used"),
                    Query(expr=self._resource("requests", "cpu"), legend="requested"),
                ),
                width=6,
                least=0,
            ),
            Panel(
                title="Memory",
                description="The fullest pod against its limit; at the limit it is killed.",
                queries=(
                    Query(expr=f"max({memory})", legend="fullest pod"),
                    Query(expr=self._resource("limits", "memory", how="min"), legend="limit"),
                ),
                unit="bytes",
                width=6,
                least=0,
            ),
            Panel(
                title="Replicas",
                description="Pods that are there and pods that are wanted.",
                queries=(
                    Query(expr=self._deployment("status_replicas_available"), legend="available"),
                    Query(expr=self._deployment("spec_replicas"), legend="wanted"),
                    *self._most(),
                ),
                width=6,
                least=0,
                custom={"drawStyle": "line", "lineInterpolation": "stepAfter"},
            ),
            Panel(
                title="Restarts",
                description="Container restarts in the last ten minutes, by pod.",
                queries=(Query(expr=f"sum by (pod) (increase({restarts}[10m]))", legend="{{pod}}"),),
                width=6,
                least=0,
            ),
        )

    def _deployment(self, field: str) -> str:
        return f"sum({Selector(metric=f'kube_deployment_{field}', matchers=self.deployment)})"

    def _most(self) -> tuple[Query, ...]:
        if not self.service.autoscaled:
            return ()
        matchers = (self.deployment[0], equal("horizontalpodautoscaler", self.service.name))
        most = Selector(metric="kube_horizontalpodautoscaler_spec_max_replicas", matchers=matchers)
        return (Query(expr=f"max({most})", legend="at most"),)

    def _resource(self, bound: str, resource: str, *, how: str = "sum") -> str:
        matchers = (*self.container, equal("resource", resource))
        return f"{how}({Selector(metric=f'kube_pod_container_resource_{bound}', matchers=matchers)})"

    def dependencies(self) -> tuple[Panel, ...]:
        called = [other for other in self.service.consumes if other.http]
        return (self._dependencies_pods(4 if called else 24), *(self._calls(called) if called else ()))

    def _dependencies_pods(self, width: int) -> Panel:
        """Of any kind: what is not there answers nobody."""
        deployments = (
            like("namespace", any_of(dict.fromkeys(other.namespace for other in self.service.consumes))),
            like("deployment", any_of(dict.fromkeys(other.name for other in self.service.consumes))),
        )
        available = Selector(metric="kube_deployment_status_replicas_available", matchers=deployments)
        return Panel(
            title="Pods of dependencies",
            description="Pods of each dependency that can take requests. At none, neither can we.",
            queries=(
                Query(expr=f"sum by (namespace, deployment) ({available})", legend="{{namespace}}/{{deployment}}"),
            ),
            width=width,
            least=0,
            custom={"lineInterpolation": "stepAfter"},
        )

    def _calls(self, called: Sequence[Neighbour]) -> tuple[Panel, ...]:
        others = like("server_address", "|".join(other.addresses for other in called))
        count = Selector(metric="http_client_request_duration_seconds_count", matchers=(*self.own, others))
        failed = count.where(like("http_response_status_code", "5..|"))
        buckets = Selector(metric="http_client_request_duration_seconds_bucket", matchers=(*self.own, others))
        breaker = Selector(metric="circuit_breaker_state", matchers=self.own)
        by = "sum by (server_address)"
        return (
            Panel(
                title="Calls",
                description="Requests a second to each dependency.",
                queries=(Query(expr=f"{by} (rate({count}[{INTERVAL}]))", legend="{{server_address}}"),),
                unit="reqps",
                width=5,
                least=0,
            ),
            Panel(
                title="Failed calls",
                description="Share of calls to each dependency that failed or got no answer.",
                queries=(
                    Query(
                        expr=f"({by} (rate({failed}[{INTERVAL}])) or 0 * {by} (rate({count}[{INTERVAL}])))"
                        f" / ({by} (rate({count}[{INTERVAL}])) > 0)",
                        legend="{{server_address}}",
                    ),
                ),
                unit="percentunit",
                width=5,
                least=0,
            ),
            Panel(
                title="Latency of calls, p99",
                description="How long we wait for each dependency.",
                queries=(
                    Query(
                        expr=f"histogram_quantile(0.99, sum by (le, server_address) (rate({buckets}[{INTERVAL}])))",
                        legend="{{server_address}}",
                        exemplar=True,
                    ),
                ),
                unit="s",
                width=5,
                least=0,
            ),
            Panel(
                title="Circuit breakers",
                description="0 is closed: calls pass. 1 is open: they fail at once. 2 is half-open: one is tried.",
                queries=(Query(expr=f"max by (dependency) ({breaker})", legend="{{dependency}}"),),
                width=5,
                least=0,
                most=2,
                custom={"lineInterpolation": "stepAfter"},
            ),
        )

    def consumers(self) -> tuple[Panel, ...]:
        me, namespace, domain = map(literal, (self.service.name, self.service.namespace, self.service.domain))
        callers = (
            *self._calling(),
            like("server_address", rf"{me}(\.{namespace}(\.svc(\.{domain})?)?)?"),
        )
        count = Selector(metric="http_client_request_duration_seconds_count", matchers=callers)
        failed = count.where(like("http_response_status_code", "5..|"))
        by = "sum by (namespace, job)"
        return (
            Panel(
                title="Calls by consumer",
                description="Requests a second, as the consumers count them.",
                queries=(Query(expr=f"{by} (rate({count}[{INTERVAL}]))", legend="{{namespace}}/{{job}}"),),
                unit="reqps",
                width=12,
                least=0,
            ),
            Panel(
                title="Failures by consumer",
                description="Share of their calls that failed: who is hurt.",
                queries=(
                    Query(
                        expr=f"({by} (rate({failed}[{INTERVAL}])) or 0 * {by} (rate({count}[{INTERVAL}])))"
                        f" / ({by} (rate({count}[{INTERVAL}])) > 0)",
                        legend="{{namespace}}/{{job}}",
                    ),
                ),
                unit="percentunit",
                width=12,
                least=0,
            ),
        )

    def _calling(self) -> tuple[Matcher, ...]:
        """Which jobs call; of more than can be listed, whoever does."""
        names = dict.fromkeys(other.name for other in self.service.consumed_by)
        return (like("job", any_of(names)),) if len(names) <= MOST_NEIGHBOURS else ()

    def messaging(self) -> tuple[Panel, ...]:
        queues = like("queue", any_of(self.service.queues))
        groups = like("consumergroup", any_of(self.service.consumer_groups))
        ready = Selector(metric="rabbitmq_detailed_queue_messages_ready", matchers=(queues,))
        lag = Selector(metric="kafka_consumergroup_lag", matchers=(groups,))
        panels = []
        if self.service.queues:
            panels.append(
                Panel(
                    title="Messages waiting",
                    description="Messages in its RabbitMQ queues.",
                    queries=(Query(expr=f"sum by (queue) ({ready})", legend="{{queue}}"),),
                    width=12,
                    least=0,
                )
            )
        if self.service.consumer_groups:
            panels.append(
                Panel(
                    title="Consumer lag",
                    description="Records it has not read yet, by Kafka topic.",
                    queries=(Query(expr=f"sum by (topic) ({lag})", legend="{{topic}}"),),
                    width=12,
                    least=0,
                )
            )
        return tuple(panels)

    def pods_table(self) -> tuple[Panel, ...]:
        ready = Selector(metric="kube_pod_status_ready", matchers=(*self.pods, equal("condition", "true")))
        info = Selector(metric="kube_pod_info", matchers=self.pods)
        return (
            Panel(
                kind="table",
                title="Pods",
                description="Where each pod runs, and whether it takes requests (1).",
                queries=(
                    Query(
                        expr=f"max by (namespace, pod) ({ready})"
                        f" * on (namespace, pod) group_left (node, pod_ip) {info}",
                        instant=True,
                    ),
                ),
                width=24,
                transformations=(
                    {
                        "id": "organize",
                        "options": {
                            "excludeByName": {"Time": True, "namespace": True},
                            "renameByName": {"pod": "Pod", "node": "Node", "pod_ip": "Address", "Value": "Ready"},
                        },
                    },
                ),
            ),
        )

    def annotations(self) -> tuple[Annotation, ...]:
        sets = (self.deployment[0], like("replicaset", rf"{literal(self.service.name)}-[a-z0-9]+"))
        created = Selector(metric="kube_replicaset_created", matchers=sets)
        firing = Selector(metric="ALERTS", matchers=(*self.promised, equal("alertstate", "firing")))
        return (
            Annotation(
                name="Deploys",
                expr=f"{created} * 1000",
                title="Deploy",
                text="{{replicaset}}",
                colour="blue",
                value_is_time=True,
            ),
            Annotation(
                name="Alerts", expr=str(firing), title="{{alertname}}", text="{{severity}} {{slo}}", colour="red"
            ),
        )
