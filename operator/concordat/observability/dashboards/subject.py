"""
What a dashboard is about: a service, a contract, or the whole fleet; given by whoever knows.
"""

from dataclasses import dataclass
from decimal import Decimal

from concordat.api.values.promql import DAY, Matcher, any_of
from concordat.manifest.conventions import RUNBOOKS

DOMAIN = "cluster.local"
"""DNS suffix of most clusters."""


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Where a service's requests are counted; the fields are those of a metrics profile."""

    counter: str
    durations: str
    matchers: tuple[Matcher, ...]
    code: str
    errors: str
    route: str | None = None
    method: str | None = None
    milliseconds: bool = False
    native: bool = False
    own: bool = True
    """Exposed by the service itself, so that its instances can be chosen."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """An objective as it is drawn."""

    name: str
    target: Decimal
    """Percent."""
    below: Decimal | None = None
    """Seconds; for a latency objective."""
    window: int = 30 * DAY
    """Seconds."""


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """Another service."""

    namespace: str
    name: str
    http: bool = True
    """It is called over HTTP; a database is not, and nobody counts calls to it."""
    domain: str = DOMAIN

    @property
    def addresses(self) -> str:
        """A regular expression of the names it is called by inside the cluster."""
        short = f"{self.name}.{self.namespace}"
        return any_of((self.name, short, f"{short}.svc", f"{short}.svc.{self.domain}"))


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where else to look; an empty URL means there is none."""

    runbooks: str = RUNBOOKS
    traces: str = ""
    """Jaeger's address."""
    logs: str = ""
    """An address in which ``{namespace}`` and ``{service}`` are replaced."""
    portal: str = ""


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything the dashboard of one service is made from."""

    namespace: str
    name: str
    team: str
    tier: str
    requests: Requests
    promises: tuple[Promise, ...] = ()
    autoscaled: bool = False
    consumes: tuple[Neighbour, ...] = ()
    consumed_by: tuple[Neighbour, ...] = ()
    queues: tuple[str, ...] = ()
    consumer_groups: tuple[str, ...] = ()
    container: str = "service"
    domain: str = DOMAIN
    places: Places = Places()

    @property
    def addresses(self) -> str:
        """A regular expression of the names it is called by inside the cluster."""
        return Neighbour(namespace=self.namespace, name=self.name, domain=self.domain).addresses


@dataclass(frozen=True, kw_only=True)
class Provider(Neighbour):
    """A service that provides a contract."""

    requests: Requests


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Everything the dashboard of one contract is made from."""

    namespace: str
    name: str
    version: str
    """In force; empty as long as none is."""
    providers: tuple[Provider, ...]
    """At least one."""
    consumers: tuple[Neighbour, ...] = ()
    promises: tuple[Promise, ...] = ()
    """Its own, measured at its providers under ``CONTRACT/OBJECTIVE``."""
    places: Places = Places()
