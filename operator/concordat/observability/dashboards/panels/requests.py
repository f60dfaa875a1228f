"""
Rate, errors, duration: the queries and panels of a service's requests.
"""

from decimal import Decimal

from concordat.api.values.promql import Selector, like, number
from concordat.observability.dashboards.model import CHOSEN, GREEN, MANY, RED, YELLOW, Panel, Query
from concordat.observability.dashboards.panels.blocks import stat
from concordat.observability.dashboards.subject import Promise, Requests

INTERVAL = "$__rate_interval"
"""Grafana's: at least four scrapes, and no finer than the screen."""
_ERRORS = ((0.001, YELLOW), (0.01, RED))


class RequestPanels:
    """All panels of one source of requests."""

    def __init__(self, requests: Requests, promises: tuple[Promise, ...]) -> None:
        self.requests, self.promises = requests, promises
        self._matchers = (*requests.matchers, *(CHOSEN if requests.own else ()))
        self._unit = "ms" if requests.milliseconds else "s"

    # --- queries ------------------------------------------------------------------------------------------------------

    def rate(self, *, errors: bool = False, by: str = "") -> str:
        selector = Selector(metric=self.requests.counter, matchers=self._matchers)
        if errors:
            selector = selector.where(like(self.requests.code, self.requests.errors))
        rate = f"sum{_by(by)} (rate({selector}[{INTERVAL}]))"
        return f"histogram_count({rate})" if self.requests.native else rate

    def error_ratio(self) -> str:
        return f"({self.rate(errors=True)} or 0 * {self.rate()}) / ({self.rate()} > 0)"

    def quantile(self, share: str, *, by: str = "") -> str:
        return quantile(share, self.durations(by=by))

    def durations(self, *, by: str = "") -> str:
        if self.requests.native:
            durations = Selector(metric=self.requests.durations, matchers=self._matchers)
            return f"sum{_by(by)} (rate({durations}[{INTERVAL}]))"
        buckets = Selector(metric=f"{self.requests.durations}_bucket", matchers=self._matchers)
        return f"sum{_by(f'le, {by}' if by else 'le')} (rate({buckets}[{INTERVAL}]))"

    # --- panels -------------------------------------------------------------------------------------------------------

    def stats(self) -> tuple[Panel, ...]:
        limit = self._limit()
        steps = ((limit, RED),) if limit is not None else ()
        return (
            stat("Requests", "Requests a second.", self.rate(), "reqps"),
            stat(
                "Errors",
                "Share of requests that failed.",
                self.error_ratio(),
                "percentunit",
                width=2,
                thresholds=_ERRORS,
            ),
            stat("p99", "99 % of requests are faster.", self.quantile("0.99"), self._unit, width=2, thresholds=steps),
        )

    def row(self) -> tuple[Panel, ...]:
        by = self.requests.route or self.requests.code
        limit = self._limit()
        lines = {"thresholdsStyle": {"mode": "dashed"}} if limit is not None else {}
        return (
            Panel(
                title="Requests by route" if self.requests.route else "Requests by status",
                description="Requests a second. A missing line is a route nobody calls any more.",
                queries=(Query(expr=self.rate(by=by), legend=f"{{{{{by}}}}}"),),
                unit="reqps",
                least=0,
                custom={"fillOpacity": 15, "stacking": {"mode": "normal", "group": "A"}},
            ),
            Panel(
                title="Errors by route" if self.requests.route else "Errors by status",
                description="Failed requests a second; empty is good.",
                queries=(
                    Query(expr=f"{self.rate(errors=True, by=by)} or 0 * {self.rate(by=by)}", legend=f"{{{{{by}}}}}"),
                ),
                unit="reqps",
                least=0,
            ),
            Panel(
                title="Latency",
                description="Half, 95 % and 99 % of requests are faster than these. Dots are traces: click one.",
                queries=tuple(
                    Query(expr=self.quantile(share), legend=name, exemplar=share == "0.99")
                    for share, name in (("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99"))
                ),
                unit=self._unit,
                least=0,
                base="transparent" if limit is not None else GREEN,
                thresholds=((limit, RED),) if limit is not None else (),
                custom=lines,
            ),
            Panel(
                kind="heatmap",
                title="Latency, all requests",
                description="Every request by its duration: two bands mean two kinds of request, or two kinds of pod.",
                queries=(Query(expr=self.durations(), legend="{{le}}", exemplar=True, heatmap=True),),
                unit=self._unit,
                width=24,
                options={"yAxis": {"unit": self._unit}},
            ),
        )

    def by_operation(self) -> tuple[Panel, ...]:
        """Rate, errors and latency of each operation; by status where the source knows no routes."""
        known = [label for label in (self.requests.method, self.requests.route) if label]
        by = ", ".join(known or [self.requests.code])
        legend = " ".join(f"{{{{{label}}}}}" for label in known or [self.requests.code])
        what = "operation" if known else "status"
        return (
            Panel(
                title=f"Requests by {what}",
                description="Requests a second.",
                queries=(Query(expr=self.rate(by=by), legend=legend),),
                unit="reqps",
                height=MANY,
                least=0,
            ),
            Panel(
                title=f"Errors by {what}",
                description="Failed requests a second; empty is good.",
                queries=(Query(expr=f"{self.rate(errors=True, by=by)} or 0 * {self.rate(by=by)}", legend=legend),),
                unit="reqps",
                height=MANY,
                least=0,
            ),
            Panel(
                title="Latency by operation, p99" if known else "Latency, p99",
                description="99 % of requests are faster. Dots are traces: click one.",
                queries=(
                    Query(
                        expr=self.quantile("0.99", by=", ".join(known)),
                        legend=legend if known else "p99",
                        exemplar=True,
                    ),
                ),
                unit=self._unit,
                height=MANY,
                least=0,
            ),
        )

    def _limit(self) -> float | None:
        """The tightest latency promised, in the panel's unit."""
        promised = [promise.below for promise in self.promises if promise.below is not None]
        if not promised:
            return None
        return float(number(min(promised) * (Decimal(1000) if self.requests.milliseconds else 1)))


def quantile(share: str, durations: str) -> str:
    """Of what has no requests there is none: NaN would be a line nobody sees, and hides the others' axis."""
    return f"histogram_quantile({share}, {durations}) >= 0"


def _by(label: str) -> str:
    return f" by ({label})" if label else ""
