"""
What the rules are made from: a service, its objectives, and where its pages are.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from concordat.manifest.conventions import RUNBOOKS
from concordat.observability.slo.rules.windows import PERIODS

PROBE_PATHS = ("/healthz", "/readyz", "/metrics")
"""Where kubelet and Prometheus ask by custom."""


class IndicatorKind(StrEnum):
    """What an objective measures."""

    AVAILABILITY = "availability"
    LATENCY = "latency"
    CUSTOM = "custom"


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One promise: at least ``target`` percent of the requests of a window are good."""

    name: str
    target: Decimal
    """Percent, above 0 and below 100: ``Decimal("99.9")``."""
    window: str = "30d"
    """A key of :data:`concordat.observability.slo.rules.windows.PERIODS`."""
    below: Decimal | None = None
    """Seconds; set for a latency objective: a request is good when it took no longer."""
    good: str | None = None
    """Selector of a counter of good events; with ``total``, a custom objective."""
    total: str | None = None
    """Selector of a counter of all events."""
    route: str | None = None
    """Only requests of this route template (``/orders/{id}``): an objective of one operation."""
    method: str | None = None
    """Only requests of this HTTP method."""
    minimum_bad_events: int = 5
    """Fewer bad events than this in an hour never page."""

    @property
    def kind(self) -> IndicatorKind:
        if self.good is not None or self.total is not None:
            return IndicatorKind.CUSTOM
        return IndicatorKind.AVAILABILITY if self.below is None else IndicatorKind.LATENCY

    @property
    def budget(self) -> Decimal:
        """The share of requests that may be bad: 0.001 for a target of 99.9."""
        return (100 - self.target) / 100

    @property
    def period(self) -> int:
        """The window in seconds."""
        return PERIODS[self.window]


@dataclass(frozen=True, kw_only=True)
class ServiceIdentity:
    """Whose objectives these are."""

    name: str
    namespace: str
    team: str
    tier: str = "standard"
    probe_paths: tuple[str, ...] = PROBE_PATHS
    """Routes that no user calls; their requests count for nothing."""


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where an alert sends the person it wakes."""

    dashboard: str
    """URL of the service's dashboard."""
    runbooks: str = RUNBOOKS
    """URL of the folder of runbooks: ``<runbooks>/<alert>``."""

    def runbook(self, alert: str) -> str:
        return f"{self.runbooks.rstrip('/')}/{alert}"


@dataclass(frozen=True, kw_only=True)
class ServiceObjectives:
    """Everything the rules of one service are made from."""

    service: ServiceIdentity
    objectives: tuple[Objective, ...]
    links: Links
    profile: str = "default"
    """A key of :data:`concordat.observability.slo.rules.profiles.PROFILES`."""
    scrape_interval: int = 30
    """Seconds; also the evaluation interval of the rules."""
