"""
Queues and topics: how much waits for a service.

RabbitMQ as its own plugin counts, at ``/metrics/detailed?family=queue_coarse_metrics``; Kafka as ``kafka_exporter`` does.
"""

from concordat.api.values.promql import Selector, any_of, like
from concordat.observability.dashboards.model import Panel, Query
from concordat.observability.dashboards.subject import Service


def messaging(service: Service) -> tuple[Panel, ...]:
    """Of each broker it uses."""
    queues = like("queue", any_of(service.queues))
    groups = like("consumergroup", any_of(service.consumer_groups))
    ready = Selector(metric="rabbitmq_detailed_queue_messages_ready", matchers=(queues,))
    unacked = Selector(metric="rabbitmq_detailed_queue_messages_unacked", matchers=(queues,))
    lag = Selector(metric="kafka_consumergroup_lag", matchers=(groups,))
    panels = []
    if service.queues:
        panels.append(
            Panel(
                title="Messages waiting",
                description="Messages in its RabbitMQ queues: not delivered yet, and delivered but not acknowledged.",
                queries=(
                    Query(expr=f"sum by (queue) ({ready})", legend="{{queue}}"),
                    Query(expr=f"sum by (queue) ({unacked})", legend="{{queue}}, unacknowledged"),
                ),
                width=12,
                least=0,
            )
        )
    if service.consumer_groups:
        panels.append(
            Panel(
                title="Consumer lag",
                description="Records it has not read yet, by Kafka topic.",
                # The exporter says -1 of a partition from which the group has committed nothing yet.
                queries=(Query(expr=f"sum by (topic) (clamp_min({lag}, 0))", legend="{{topic}}"),),
                width=12,
                least=0,
            )
        )
    return tuple(panels)
