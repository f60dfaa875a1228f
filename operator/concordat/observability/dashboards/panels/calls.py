"""
Calls between services, as the one that calls counts them: what the one that is called does not see is in it.
"""

from collections.abc import Iterable, Sequence

from concordat.api.values.promql import Matcher, Selector, any_of, like
from concordat.observability.dashboards.model import Panel, Query
from concordat.observability.dashboards.panels.requests import INTERVAL, quantile
from concordat.observability.dashboards.subject import Neighbour

MOST_NEIGHBOURS = 50
"""Listed by name: a service everybody uses shall not have a dashboard of megabytes."""


def dependencies(consumes: Sequence[Neighbour], exposed: tuple[Matcher, ...]) -> tuple[Panel, ...]:
    """Whether they are there; of those it calls over HTTP, how the calls go."""
    called = [other for other in consumes if other.http]
    return (_there(consumes, width=4 if called else 24), *(_calls(called, exposed) if called else ()))


def _there(consumes: Sequence[Neighbour], *, width: int) -> Panel:
    """Of any kind: what is not there answers nobody."""
    deployments = (
        like("namespace", any_of(dict.fromkeys(other.namespace for other in consumes))),
        like("deployment", any_of(dict.fromkeys(other.name for other in consumes))),
    )
    available = Selector(metric="kube_deployment_status_replicas_available", matchers=deployments)
    return Panel(
        title="Pods of dependencies",
        description="Pods of each dependency that can take requests. At none, neither can we.",
        queries=(Query(expr=f"sum by (namespace, deployment) ({available})", legend="{{namespace}}/{{deployment}}"),),
        width=width,
        least=0,
        custom={"lineInterpolation": "stepAfter"},
    )


def _calls(called: Sequence[Neighbour], exposed: tuple[Matcher, ...]) -> tuple[Panel, ...]:
    others = like("server_address", "|".join(other.addresses for other in called))
    count = Selector(metric="http_client_request_duration_seconds_count", matchers=(*exposed, others))
    failed = count.where(like("http_response_status_code", "5..|"))
    buckets = Selector(metric="http_client_request_duration_seconds_bucket", matchers=(*exposed, others))
    breaker = Selector(metric="circuit_breaker_state", matchers=exposed)
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
                    expr=quantile("0.99", f"sum by (le, server_address) (rate({buckets}[{INTERVAL}]))"),
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


def consumers(calling: Iterable[Neighbour], addresses: str) -> tuple[Panel, ...]:
    """Of whoever calls one of ``addresses``, a regular expression; of more than can be listed, of everybody."""
    names = dict.fromkeys(consumer.name for consumer in calling)
    callers = (like("job", any_of(names)),) if len(names) <= MOST_NEIGHBOURS else ()
    count = Selector(
        metric="http_client_request_duration_seconds_count", matchers=(*callers, like("server_address", addresses))
    )
    failed = count.where(like("http_response_status_code", "5..|"))
    buckets = Selector(metric="http_client_request_duration_seconds_bucket", matchers=count.matchers)
    by, who = "sum by (namespace, job)", "{{namespace}}/{{job}}"
    return (
        Panel(
            title="Calls by consumer",
            description="Requests a second, as the consumers count them.",
            queries=(Query(expr=f"{by} (rate({count}[{INTERVAL}]))", legend=who),),
            unit="reqps",
            least=0,
        ),
        Panel(
            title="Failures by consumer",
            description="Share of each consumer's calls that failed or got no answer.",
            queries=(
                Query(
                    expr=f"({by} (rate({failed}[{INTERVAL}])) or 0 * {by} (rate({count}[{INTERVAL}])))"
                    f" / ({by} (rate({count}[{INTERVAL}])) > 0)",
                    legend=who,
                ),
            ),
            unit="percentunit",
            least=0,
        ),
        Panel(
            title="Latency by consumer, p99",
            description="As each consumer waits for it. Dots are traces: click one.",
            queries=(
                Query(
                    expr=quantile("0.99", f"sum by (le, namespace, job) (rate({buckets}[{INTERVAL}]))"),
                    legend=who,
                    exemplar=True,
                ),
            ),
            unit="s",
            least=0,
        ),
    )
