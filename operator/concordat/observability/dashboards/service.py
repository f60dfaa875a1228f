"""
The dashboard of one service: is it us, since when, what changed, and whom do we hurt.
"""

from urllib.parse import quote as percent

from concordat.api.values.promql import Selector, equal, like, literal
from concordat.observability.dashboards.board import Annotation, Dashboard, Link, Variable, uid
from concordat.observability.dashboards.model import Row
from concordat.observability.dashboards.panels.calls import MOST_NEIGHBOURS, consumers, dependencies
from concordat.observability.dashboards.panels.messaging import messaging
from concordat.observability.dashboards.panels.own import Own, own
from concordat.observability.dashboards.panels.pods import pods_table, saturation, state
from concordat.observability.dashboards.panels.promises import budget, promise_stats
from concordat.observability.dashboards.panels.requests import RequestPanels
from concordat.observability.dashboards.subject import Places, Service


def service_uid(namespace: str, name: str) -> str:
    """The same wherever it is computed: alerts link to it."""
    return uid("service", namespace, name)


def service_dashboard(service: Service) -> Dashboard:
    """One screen for the question, the rows below for the answer."""
    series = own(service)
    requests = RequestPanels(service.requests, service.promises)
    kept = promise_stats(service.promises, series.promised) if service.promises else ()
    rows = [
        Row(title="Is it us?", panels=(*kept, *requests.stats(), *state(series))),
        Row(title="Requests", panels=requests.row()),
        Row(title="Saturation", panels=saturation(service, series)),
    ]
    if service.promises:
        rows.insert(1, Row(title="Error budget", panels=budget(series.promised)))
    if service.consumes:
        rows.append(Row(title="What it depends on", panels=dependencies(service.consumes, series.exposed)))
    if service.consumed_by:
        rows.append(Row(title="Who depends on it", panels=consumers(service.consumed_by, service.addresses)))
    if service.queues or service.consumer_groups:
        rows.append(Row(title="Messaging", panels=messaging(service)))
    rows.append(Row(title="Pods", panels=pods_table(series)))
    return Dashboard(
        uid=service_uid(service.namespace, service.name),
        title=f"{service.namespace} / {service.name}",
        description=f"Team {service.team}, tier {service.tier}.",
        tags=("service",),
        rows=tuple(rows),
        variables=variables(str(Selector(metric=service.requests.counter, matchers=service.requests.matchers))),
        links=_links(service),
        annotations=_annotations(service, series),
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


def _annotations(service: Service, series: Own) -> tuple[Annotation, ...]:
    sets = (series.namespace, like("replicaset", rf"{literal(service.name)}-[a-z0-9]+"))
    created = Selector(metric="kube_replicaset_created", matchers=sets)
    firing = Selector(metric="ALERTS", matchers=(*series.promised, equal("alertstate", "firing")))
    return (
        Annotation(
            name="Deploys",
            expr=f"{created} * 1000",
            title="Deploy",
            text="{{replicaset}}",
            colour="blue",
            value_is_time=True,
        ),
        Annotation(name="Alerts", expr=str(firing), title="{{alertname}}", text="{{severity}} {{slo}}", colour="red"),
    )
