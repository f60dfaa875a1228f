"""
Services for the tests. Odd numbers: they cannot be right by accident.
"""

from decimal import Decimal

from concordat.observability.slo.rules.alerts import page_alerts, ticket_alerts
from concordat.observability.slo.rules.objective import Links, Objective, ServiceIdentity, ServiceObjectives
from concordat.observability.slo.rules.recording import Measured, Rule, fast_rules, slow_rules

AVAILABILITY = Objective(name="availability", target=Decimal("99.9"))
LATENCY = Objective(name="latency", target=Decimal(99), below=Decimal("0.25"))
"""250 ms is a bucket of every profile."""
CUSTOM = Objective(
    name="settled", target=Decimal("99.5"), good='orders_settled_total{outcome="ok"}', total="orders_settled_total"
)


def service(*objectives: Objective, profile: str = "default", scrape_interval: int = 30) -> ServiceObjectives:
    return ServiceObjectives(
        service=ServiceIdentity(name="orders", namespace="shop", team="checkout", tier="critical"),
        objectives=objectives or (AVAILABILITY,),
        links=Links(dashboard="https://grafana.example.com/d/orders"),
        profile=profile,
        scrape_interval=scrape_interval,
    )


def burn_alerts(measured: Measured) -> list[Rule]:
    """All four tiers."""
    return [*page_alerts(measured), *ticket_alerts(measured)]


def recording_rules(measured: Measured) -> list[Rule]:
    """All of one objective's own records but the period's."""
    return [*fast_rules(measured), *slow_rules(measured)]
