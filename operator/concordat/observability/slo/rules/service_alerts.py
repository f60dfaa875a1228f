"""
Alerts on a service besides its objectives: causes that will hurt users soon, or that explain why they are hurt.

One critical alert: nothing runs. Everything else is for the morning; whoever is woken, is woken by an objective.
kube-state-metrics and the kubelet's metrics are expected, as kube-prometheus installs them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from concordat.api.values.promql import Selector, any_of, equal, like, literal
from concordat.observability.slo.rules.alerts import alert, plain
from concordat.observability.slo.rules.objective import Links, ServiceIdentity
from concordat.observability.slo.rules.recording import Rule


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What a service consists of, as far as alerts care."""

    scraped: bool = True
    """It exposes metrics of its own."""
    autoscaled: bool = False
    cpu_limited: bool = False
    hosts: tuple[str, ...] = ()
    """Public host names; their certificates expire."""
    queues: tuple[str, ...] = ()
    """RabbitMQ queues it consumes."""
    consumer_groups: tuple[str, ...] = ()
    """Kafka consumer groups it is."""
    container: str = "service"


def service_group(service: ServiceIdentity, workload: Workload, links: Links) -> dict[str, Any]:
    """One rule group, evaluated once a minute: none of its alerts is faster than five."""
    return {
        "name": f"concordat:{service.namespace}:{service.name}:service",
        "interval": "1m",
        "rules": list(_Alerts(service, workload, links)),
    }


class _Alerts:
    """The alerts, in the order in which a person would look."""

    def __init__(self, service: ServiceIdentity, workload: Workload, links: Links) -> None:
        self.service, self.workload, self.links = service, workload, links
        self.namespace = equal("namespace", service.namespace)
        self.deployment = (self.namespace, equal("deployment", service.name))
        self.pods = (self.namespace, like("pod", rf"{literal(service.name)}-[a-z0-9]+-[a-z0-9]{{5}}"))
        self.container = (*self.pods, equal("container", workload.container))
        self.who = f"{plain(service.namespace)}/{plain(service.name)}"

    def __iter__(self) -> Iterator[Rule]:
        yield self._down()
        if self.workload.scraped:
            yield self._not_scraped()
        yield self._restarting()
        yield self._out_of_memory()
        yield self._memory()
        if self.workload.cpu_limited:
            yield self._throttled()
        if self.workload.autoscaled:
            yield self._at_limit()
        yield self._rollout()
        if self.workload.hosts:
            yield self._certificate()
        if self.workload.queues:
            yield self._queue()
        if self.workload.consumer_groups:
            yield self._consumer()

    def _alert(
        self, name: str, expr: str, hold: str, summary: str, description: str, severity: str = "warning"
    ) -> Rule:
        return alert(
            name,
            self.service,
            self.links,
            severity=severity,
            expr=expr,
            hold=hold,
            summary=f"{self.who} {summary}",
            description=description,
        )

    def _down(self) -> Rule:
        return self._alert(
            "ServiceDown",
            f"{Selector(metric='kube_deployment_status_replicas_available', matchers=self.deployment)} == 0"
            f" and {Selector(metric='kube_deployment_spec_replicas', matchers=self.deployment)} > 0",
            "3m",
            "has no available pod",
            "No pod has been available for 3 minutes although some are wanted. Every request fails.",
            severity="critical",
        )

    def _not_scraped(self) -> Rule:
        up = Selector(metric="up", matchers=(self.namespace, equal("job", self.service.name)))
        return self._alert(
            "ServiceMetricsMissing",
            f"absent({up}) or sum({up}) == 0",
            "15m",
            "is not scraped",
            "Prometheus has read no pod's metrics for 15 minutes: dashboards are empty and objectives blind.",
        )

    def _restarting(self) -> Rule:
        restarts = Selector(metric="kube_pod_container_status_restarts_total", matchers=self.container)
        return self._alert(
            "ServiceRestarting",
            f"sum(increase({restarts.over(1800)})) > 3",
            "5m",
            "keeps restarting",
            "Its containers restarted {{ $value | humanize }} times in the last 30 minutes.",
        )

    def _out_of_memory(self) -> Rule:
        reason = Selector(
            metric="kube_pod_container_status_last_terminated_reason",
            matchers=(*self.container, equal("reason", "OOMKilled")),
        )
        restarts = Selector(metric="kube_pod_container_status_restarts_total", matchers=self.container)
        return self._alert(
            "ServiceOutOfMemory",
            f"sum({reason} and on (namespace, pod, container) increase({restarts.over(1800)}) > 0) > 0",
            "",
            "was killed for lack of memory",
            "The kernel killed {{ $value }} of its containers in the last 30 minutes: they wanted more than their limit.",
        )

    def _memory(self) -> Rule:
        used = Selector(metric="container_memory_working_set_bytes", matchers=self.container)
        limit = Selector(
            metric="kube_pod_container_resource_limits", matchers=(*self.container, equal("resource", "memory"))
        )
        return self._alert(
            "ServiceMemoryNearLimit",
            f"max(max by (namespace, pod, container) ({used})"
            f" / on (namespace, pod, container) max by (namespace, pod, container) ({limit})) > 0.9",
            "15m",
            "is close to its memory limit",
            "A container uses {{ $value | humanizePercentage }} of its memory limit; at 100% it is killed.",
        )

    def _throttled(self) -> Rule:
        throttled = Selector(metric="container_cpu_cfs_throttled_periods_total", matchers=self.container)
        periods = Selector(metric="container_cpu_cfs_periods_total", matchers=self.container)
        return self._alert(
            "ServiceThrottled",
            f"sum(increase({throttled.over(300)})) / sum(increase({periods.over(300)})) > 0.25",
            "15m",
            "is throttled",
            "It had to wait for its CPU limit in {{ $value | humanizePercentage }} of all periods: requests are slow.",
        )

    def _at_limit(self) -> Rule:
        scaler = (self.namespace, equal("horizontalpodautoscaler", self.service.name))
        wanted = Selector(metric="kube_horizontalpodautoscaler_status_desired_replicas", matchers=scaler)
        most = Selector(metric="kube_horizontalpodautoscaler_spec_max_replicas", matchers=scaler)
        return self._alert(
            "ServiceAtMaxReplicas",
            f"{wanted} >= on (namespace, horizontalpodautoscaler) {most}",
            "15m",
            "cannot scale further",
            "The autoscaler has wanted all of its {{ $value }} replicas for 15 minutes. More load will not be met.",
        )

    def _rollout(self) -> Rule:
        condition = Selector(
            metric="kube_deployment_status_condition",
            matchers=(*self.deployment, equal("condition", "Progressing"), equal("status", "false")),
        )
        return self._alert(
            "ServiceRolloutStuck",
            f"{condition} == 1",
            "5m",
            "does not roll out",
            "The newest version passed its progress deadline; old pods keep serving.",
        )

    def _certificate(self) -> Rule:
        expiry = Selector(
            metric="probe_ssl_earliest_cert_expiry",
            matchers=(like("instance", f"(https://)?({any_of(self.workload.hosts)})([:/].*)?"),),
        )
        return self._alert(
            "ServiceCertificateExpiring",
            f"(min({expiry}) - time()) / 86400 < 14",
            "1h",
            "has a certificate that expires soon",
            "The first of its certificates expires in {{ $value | humanize }} days; browsers then refuse the service.",
        )

    def _queue(self) -> Rule:
        # With those delivered and not acknowledged: a consumer that hangs may have taken every message there is.
        depth = Selector(
            metric="rabbitmq_detailed_queue_messages", matchers=(like("queue", any_of(self.workload.queues)),)
        )
        return self._alert(
            "ServiceQueueGrowing",
            f"sum by (queue) ({depth}) > 100 and sum by (queue) (deriv({depth.over(900)})) > 0",
            "15m",
            "does not keep up with its queue",
            "{{ $labels.queue }} holds {{ $value | humanize }} messages and grows.",
        )

    def _consumer(self) -> Rule:
        lag = Selector(
            metric="kafka_consumergroup_lag",
            matchers=(like("consumergroup", any_of(self.workload.consumer_groups)),),
        )
        return self._alert(
            "ServiceConsumerLagging",
            f"sum by (topic) ({lag}) > 1000 and sum by (topic) (deriv({lag.over(900)})) > 0",
            "15m",
            "does not keep up with its topic",
            "It is {{ $value | humanize }} records behind on {{ $labels.topic }}, and falling back further.",
        )
