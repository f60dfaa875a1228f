"""
The pods of a service: whether they serve, what they use of what they may, where they are.
"""

from concordat.api.values.promql import Selector, equal
from concordat.observability.dashboards.model import FILLED, GREEN, RED, YELLOW, Panel, Query, column
from concordat.observability.dashboards.panels.blocks import stat
from concordat.observability.dashboards.panels.own import Own
from concordat.observability.dashboards.panels.requests import INTERVAL
from concordat.observability.dashboards.subject import Service

_YES_OR_NO = {
    "type": "value",
    "options": {
        "0": {"text": "no", "color": RED, "index": 0},
        "1": {"text": "yes", "color": GREEN, "index": 1},
    },
}


def state(series: Own) -> tuple[Panel, ...]:
    """Do its pods serve, does anything fire, what runs."""
    available = Selector(metric="kube_deployment_status_replicas_available", matchers=series.deployment)
    wanted = Selector(metric="kube_deployment_spec_replicas", matchers=series.deployment)
    image = Selector(metric="kube_pod_container_info", matchers=series.container)
    firing = Selector(metric="ALERTS", matchers=(*series.promised, equal("alertstate", "firing")))
    return (
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


def saturation(service: Service, series: Own) -> tuple[Panel, ...]:
    """What it uses of what it may."""
    cpu = Selector(metric="container_cpu_usage_seconds_total", matchers=series.container)
    memory = Selector(metric="container_memory_working_set_bytes", matchers=series.container)
    restarts = Selector(metric="kube_pod_container_status_restarts_total", matchers=series.container)
    return (
        Panel(
            title="CPU",
            description="Cores used by all pods against what they requested. Above the request they compete.",
            queries=(
                Query(expr=f"sum(rate({cpu}[{INTERVAL}]))", legend="used"),
                Query(expr=_resource(series, "requests", "cpu"), legend="requested"),
            ),
            width=6,
            least=0,
        ),
        Panel(
            title="Memory",
            description="The fullest pod against its limit; at the limit it is killed.",
            queries=(
                Query(expr=f"max({memory})", legend="fullest pod"),
                Query(expr=_resource(series, "limits", "memory", how="min"), legend="limit"),
            ),
            unit="bytes",
            width=6,
            least=0,
        ),
        Panel(
            title="Replicas",
            description="Pods that are there and pods that are wanted.",
            queries=(
                Query(expr=_deployment(series, "status_replicas_available"), legend="available"),
                Query(expr=_deployment(series, "spec_replicas"), legend="wanted"),
                *_most(service, series),
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


def _deployment(series: Own, field: str) -> str:
    return f"sum({Selector(metric=f'kube_deployment_{field}', matchers=series.deployment)})"


def _most(service: Service, series: Own) -> tuple[Query, ...]:
    if not service.autoscaled:
        return ()
    matchers = (series.namespace, equal("horizontalpodautoscaler", service.name))
    most = Selector(metric="kube_horizontalpodautoscaler_spec_max_replicas", matchers=matchers)
    return (Query(expr=f"max({most})", legend="at most"),)


def _resource(series: Own, bound: str, resource: str, *, how: str = "sum") -> str:
    matchers = (*series.container, equal("resource", resource))
    return f"{how}({Selector(metric=f'kube_pod_container_resource_{bound}', matchers=matchers)})"


def pods_table(series: Own) -> tuple[Panel, ...]:
    """Each pod."""
    ready = Selector(metric="kube_pod_status_ready", matchers=(*series.pods, equal("condition", "true")))
    info = Selector(metric="kube_pod_info", matchers=series.pods)
    return (
        Panel(
            kind="table",
            title="Pods",
            description="Where each pod runs, and whether it takes requests.",
            queries=(
                Query(
                    expr=f"max by (namespace, pod) ({ready}) * on (namespace, pod) group_left (node, pod_ip) {info}",
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
            overrides=(column("Ready", {"mappings": [_YES_OR_NO], **FILLED}),),
        ),
    )
