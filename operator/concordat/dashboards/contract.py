"""
The dashboard of one contract: is the promise kept, and who relies on it.
"""

from concordat.dashboards.blocks import budget_remaining, stat
from concordat.dashboards.model import GREEN, RED, YELLOW, Dashboard, Link, Panel, Query, Row, uid
from concordat.dashboards.requests import INTERVAL
from concordat.dashboards.service import service_uid, variables
from concordat.dashboards.subject import Contract
from concordat.promql import HOUR, MINUTE, Selector, any_of, like
from concordat.records import BUDGET_REMAINING, TARGET, TOTAL, ratio


def contract_dashboard(contract: Contract) -> Dashboard:
    """Provider's promise above, consumers' experience below."""
    rows = [Row(title="The promise", panels=_promise(contract))]
    if contract.consumers:
        rows.append(Row(title="Who relies on it", panels=_consumers(contract)))
    return Dashboard(
        uid=uid("contract", contract.namespace, contract.name),
        title=f"Contract {contract.namespace} / {contract.name}",
        description=f"Version {contract.version}.",
        tags=("contract",),
        rows=tuple(rows),
        variables=variables("http_client_request_duration_seconds_count"),
        links=(
            *([Link(title="Contract", url=contract.places.portal)] if contract.places.portal else []),
            *(
                Link(title=f"{other.namespace}/{other.name}", url=f"/d/{service_uid(other.namespace, other.name)}")
                for other in (*contract.providers, *contract.consumers)
            ),
        ),
    )


def _promise(contract: Contract) -> tuple[Panel, ...]:
    providers = (
        like("namespace", any_of(dict.fromkeys(provider.namespace for provider in contract.providers))),
        like("service", any_of(provider.name for provider in contract.providers)),
    )
    target = Selector(metric=TARGET, matchers=providers)
    by_slo = "{{service}} {{slo}}"
    return (
        stat(
            "Budget left",
            "The objective of a provider that has least of its error budget left.",
            f"min({Selector(metric=BUDGET_REMAINING, matchers=providers)})",
            "percentunit",
            width=6,
            base=RED,
            thresholds=((0.0, YELLOW), (0.25, GREEN)),
        ),
        stat(
            "Burn rate, 1h",
            "1 uses exactly the budget.",
            f"max({Selector(metric=ratio(HOUR), matchers=providers)} / on (namespace, service, slo) (1 - {target}))",
            "short",
            width=6,
            thresholds=((1.0, YELLOW), (14.4, RED)),
        ),
        stat(
            "Events",
            "Requests a second that count for the promises.",
            f"sum({Selector(metric=TOTAL, matchers=providers)})",
            "reqps",
            width=6,
        ),
        stat(
            "Promised",
            "The least any provider promises.",
            f"min({target})",
            "percentunit",
            width=6,
            decimals=3,
        ),
        budget_remaining(providers),
        Panel(
            title="Share of bad events",
            description="Over five minutes, by objective.",
            queries=(Query(expr=str(Selector(metric=ratio(5 * MINUTE), matchers=providers)), legend=by_slo),),
            unit="percentunit",
            width=12,
            least=0,
        ),
    )


def _consumers(contract: Contract) -> tuple[Panel, ...]:
    """As the consumers count: what a provider does not see is in it."""
    chosen = 'job=~"$job",instance=~"$instance"'
    called = like("server_address", "|".join(provider.addresses for provider in contract.providers))
    calling = like("job", any_of(dict.fromkeys(consumer.name for consumer in contract.consumers)))
    selectors = f"{calling},{called},{chosen}"
    count = f"sum by (namespace, job) (rate(http_client_request_duration_seconds_count{{{selectors}}}[{INTERVAL}]))"
    failed = (
        "sum by (namespace, job) (rate(http_client_request_duration_seconds_count"
        f'{{{selectors},http_response_status_code=~"5..|"}}[{INTERVAL}]))'
    )
    slow = (
        "histogram_quantile(0.99, sum by (le, namespace, job) (rate(http_client_request_duration_seconds_bucket"
        f"{{{selectors}}}[{INTERVAL}])))"
    )
    who = "{{namespace}}/{{job}}"
    return (
        Panel(
            title="Calls",
            description="Requests a second by consumer.",
            queries=(Query(expr=count, legend=who),),
            unit="reqps",
            least=0,
        ),
        Panel(
            title="Failures",
            description="Share of each consumer's calls that failed.",
            queries=(Query(expr=f"({failed} or 0 * {count}) / ({count} > 0)", legend=who),),
            unit="percentunit",
            least=0,
        ),
        Panel(
            title="Latency, p99",
            description="As each consumer waits for it.",
            queries=(Query(expr=slow, legend=who, exemplar=True),),
            unit="s",
            least=0,
        ),
    )
