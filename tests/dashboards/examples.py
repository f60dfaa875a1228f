"""
A service that has everything a dashboard can show.
"""

from decimal import Decimal

from concordat.observability.dashboards.board import Dashboard
from concordat.observability.dashboards.contract import contract_dashboard
from concordat.observability.dashboards.fleet import fleet_dashboard
from concordat.observability.dashboards.operator import operator_dashboard
from concordat.observability.dashboards.service import service_dashboard
from concordat.observability.dashboards.subject import Contract, Neighbour, Places, Promise, Provider, Requests, Service
from concordat.observability.slo.rules.objective import ServiceIdentity
from concordat.observability.slo.rules.profiles import PROFILES

PLACES = Places(
    traces="https://jaeger.example.com", logs="https://logs.example.com/{namespace}/{service}", portal="/portal"
)
PAYMENTS = Neighbour(namespace="payments", name="payments")
STOREFRONT = Neighbour(namespace="shop", name="storefront")


def requests(profile: str, *, name: str = "orders", namespace: str = "shop") -> Requests:
    """As the plan maps a profile of the rules to what a dashboard needs."""
    source = PROFILES[profile]
    return Requests(
        counter=source.requests,
        durations=source.durations,
        matchers=source.identity(ServiceIdentity(name=name, namespace=namespace, team="checkout")),
        code=source.code,
        errors=source.errors,
        route=source.route,
        method=source.method,
        milliseconds=source.milliseconds,
        native=source.native,
    )


def service(profile: str = "default", **changes: object) -> Service:
    given: dict[str, object] = {
        "namespace": "shop",
        "name": "orders",
        "team": "checkout",
        "tier": "critical",
        "requests": requests(profile),
        "promises": (
            Promise(name="availability", target=Decimal("99.9")),
            Promise(name="latency", target=Decimal(99), below=Decimal("0.25")),
        ),
        "autoscaled": True,
        "consumes": (PAYMENTS,),
        "consumed_by": (STOREFRONT,),
        "queues": ("orders.paid",),
        "consumer_groups": ("orders",),
        "places": PLACES,
    }
    return Service(**{**given, **changes})  # type: ignore[arg-type]


def contract(profile: str = "default", **changes: object) -> Contract:
    provider = Provider(namespace="shop", name="orders", requests=requests(profile))
    given: dict[str, object] = {
        "namespace": "shop",
        "name": "orders-api",
        "version": "1.4.2",
        "providers": (provider,),
        "consumers": (STOREFRONT,),
        "promises": (Promise(name="orders-api/availability", target=Decimal("99.9")),),
        "places": PLACES,
    }
    return Contract(**{**given, **changes})  # type: ignore[arg-type]


def every() -> dict[str, Dashboard]:
    """Each kind of dashboard; a service's and a contract's in every metrics profile."""
    return {
        **{f"service-{profile}": service_dashboard(service(profile)) for profile in PROFILES},
        **{f"contract-{profile}": contract_dashboard(contract(profile)) for profile in PROFILES},
        "fleet": fleet_dashboard(),
        "operator": operator_dashboard(),
    }
