"""
The dashboard of one contract: is the promise kept, and who relies on it.
"""

from collections.abc import Sequence

from concordat.api.values.promql import HOUR, Matcher, Selector, any_of, equal, like, literal
from concordat.observability.dashboards.board import Annotation, Dashboard, Link, shown, uid
from concordat.observability.dashboards.model import RED, Panel, Query, Row
from concordat.observability.dashboards.panels.blocks import BUDGET_STEPS, BURN_STEPS, budget_remaining, stat
from concordat.observability.dashboards.panels.calls import MOST_NEIGHBOURS, consumers
from concordat.observability.dashboards.panels.requests import RequestPanels
from concordat.observability.dashboards.service import service_uid, variables
from concordat.observability.dashboards.subject import Contract, Provider
from concordat.observability.records import BUDGET_REMAINING, TARGET, TOTAL, ratio

MOST_PROVIDERS = 4
"""Whose requests are drawn; of more, the first."""


def contract_uid(namespace: str, name: str) -> str:
    """The same wherever it is computed."""
    return uid("contract", namespace, name)


def contract_dashboard(contract: Contract) -> Dashboard:
    """Provider's promise above, consumers' experience below."""
    rows = [_requests(provider) for provider in contract.providers[:MOST_PROVIDERS]]
    if contract.promises:
        rows.insert(0, Row(title="The promise", panels=_promise(contract)))
    if contract.consumers:
        rows.append(
            Row(
                title="Who relies on it",
                panels=consumers(contract.consumers, "|".join(provider.addresses for provider in contract.providers)),
            )
        )
    return Dashboard(
        uid=contract_uid(contract.namespace, contract.name),
        title=f"Contract {contract.namespace} / {contract.name}",
        description=f"Version {contract.version}." if contract.version else "No version is in force yet.",
        tags=("contract",),
        rows=tuple(rows),
        variables=variables(_counted(contract.providers)),
        links=_links(contract),
        annotations=_annotations(contract),
    )


def _counted(providers: Sequence[Provider]) -> str:
    """Requests to the providers: what their selectors have in common."""
    first, *others = (provider.requests for provider in providers)
    common = tuple(one for one in first.matchers if all(one in other.matchers for other in others))
    return str(Selector(metric=first.counter, matchers=common))


def _links(contract: Contract) -> tuple[Link, ...]:
    neighbours = ((contract.providers, "provides it"), (contract.consumers, "relies on it"))
    return (
        *([Link(title="Contract", url=contract.places.portal)] if contract.places.portal else []),
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


def _provided(contract: Contract) -> tuple[Matcher, ...]:
    """Its promises, as the rules of its providers record them."""
    return (
        equal("namespace", contract.namespace),
        like("service", any_of(provider.name for provider in contract.providers)),
        like("slo", f"{literal(contract.name)}/.+"),
    )


def _promise(contract: Contract) -> tuple[Panel, ...]:
    promised = _provided(contract)
    target = Selector(metric=TARGET, matchers=promised)
    burn = f"{Selector(metric=ratio(HOUR), matchers=promised)} / on (namespace, service, slo) (1 - {target})"
    legend = "{{slo}}" if len(contract.providers) == 1 else "{{service}} {{slo}}"
    return (
        stat(
            "Budget left",
            "The promise that has least of its error budget left, at the provider where it is least.",
            f"min({Selector(metric=BUDGET_REMAINING, matchers=promised)})",
            "percentunit",
            width=6,
            base=RED,
            thresholds=BUDGET_STEPS,
        ),
        stat(
            "Burn rate, 1h",
            "1 uses exactly the budget; above 14.4 somebody is paged.",
            f"max({burn})",
            "short",
            width=6,
            decimals=1,
            thresholds=BURN_STEPS,
        ),
        stat(
            "Requests that count",
            "A second, for the promise that speaks of most of them.",
            f"max({Selector(metric=TOTAL, matchers=promised)})",
            "reqps",
            width=6,
        ),
        stat(
            "Promised",
            "Share of good requests: the least of its promises.",
            f"min({target})",
            "percentunit",
            width=6,
            decimals=2,
        ),
        budget_remaining(promised, legend=legend),
        Panel(
            title="Burn rate",
            description="1 uses exactly the budget. Over 14.4 for an hour somebody is paged.",
            queries=(Query(expr=burn, legend=legend),),
            width=12,
            least=0,
            thresholds=BURN_STEPS,
            custom={"thresholdsStyle": {"mode": "dashed"}},
        ),
    )


def _requests(provider: Provider) -> Row:
    return Row(title=f"Requests to {shown(provider.name)}", panels=RequestPanels(provider.requests, ()).by_operation())


def _annotations(contract: Contract) -> tuple[Annotation, ...]:
    names = any_of(provider.name for provider in contract.providers)
    sets = (equal("namespace", contract.namespace), like("replicaset", f"({names})-[a-z0-9]+"))
    deploys = Annotation(
        name="Deploys",
        expr=f"{Selector(metric='kube_replicaset_created', matchers=sets)} * 1000",
        title="Deploy",
        text="{{replicaset}}",
        colour="blue",
        value_is_time=True,
    )
    if not contract.promises:
        return (deploys,)
    firing = Selector(metric="ALERTS", matchers=(*_provided(contract), equal("alertstate", "firing")))
    alerts = Annotation(
        name="Alerts",
        expr=str(firing),
        title="{{alertname}}",
        text="{{severity}} {{service}} {{slo}}",
        colour="red",
    )
    return (deploys, alerts)
