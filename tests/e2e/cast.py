"""
Who is on stage, and who declared to talk to whom.
"""

from concordat.manifest import conventions
from tests.e2e.opening import BYSTANDERS, MONITORING, PARTNERS, SHOP, SYSTEM
from tests.e2e.pairs import Edge, Place

PORTS = (8080, 9090)
METRICS_PORT = 8080
"""Of the operator itself."""
DATABASE = (5432,)


def _service(namespace: str, name: str, ports: tuple[int, ...] = PORTS) -> Place:
    return Place(namespace=namespace, name=name, label=f"{conventions.LABEL_SERVICE}={name}", ports=ports)


CATALOG = _service(SHOP, "catalog")
CATALOG_DB = _service(SHOP, "catalog-db", DATABASE)
STOREFRONT = _service(SHOP, "storefront")
LEDGER = _service(SHOP, "ledger")
STRANGER = _service(SHOP, "stranger")
PARTNER = _service(PARTNERS, "partner")
INTRUDER = _service(PARTNERS, "intruder")

SERVICES = (CATALOG, CATALOG_DB, STOREFRONT, LEDGER, STRANGER, PARTNER, INTRUDER)
UNDECLARED = tuple(
    Place(namespace=namespace, name=name, label=f"bystander={name}", ports=PORTS)
    for name, namespace in BYSTANDERS.items()
)
OPERATOR = Place(
    namespace=SYSTEM, name="operator", label="app.kubernetes.io/name=concordat-operator", ports=(METRICS_PORT,)
)
PLACES = (*SERVICES, *UNDECLARED, OPERATOR)

DECLARED = {
    Edge(source=str(source), target=str(target), port=port)
    for source, target, port in (
        (STOREFRONT, CATALOG, 8080),
        (STOREFRONT, LEDGER, 8080),
        (PARTNER, LEDGER, 8080),
        (CATALOG, CATALOG_DB, 5432),
    )
}
"""As the manifests say; ``intruder`` wants catalog and has no consent."""

SCRAPED = {
    Edge(source=f"{MONITORING}/prometheus", target=str(target), port=port)
    for target, port in (
        *((service, 9090) for service in SERVICES if service is not CATALOG_DB),
        (OPERATOR, METRICS_PORT),
    )
}
"""What comes from the monitoring namespace reaches metrics ports, and the database has none."""

UNGUARDED = {
    Edge(source=str(source), target=str(target), port=port)
    for source in UNDECLARED
    for target in UNDECLARED
    if source != target
    for port in PORTS
}
"""Among pods nobody declared, nothing is decided by us."""

ALLOWED = DECLARED | SCRAPED | UNGUARDED
