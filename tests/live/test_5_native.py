"""
The profile ``otel-native`` on native histograms as they are: OpenTelemetry's SDK, told by the environment the operator gives
its pods, pushes exponential histograms into a Prometheus 3.

Sixty times as fast as life, like the other live tests. The labels are those a ServiceMonitor gives: the job is the
service's name, the namespace a label of its own. That takes a variable in the service and a line in Prometheus.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import yaml

from concordat.api import parse
from concordat.facts import Facts
from concordat.observability.dashboards.panels.requests import RequestPanels
from concordat.observability.records import BAD
from concordat.plan.service import plan
from tests.dashboards.examples import requests
from tests.live import boards, compressed, history, load
from tests.live.servers import prometheus, prometheus3
from tests.live.watched import PATIENCE, Watched, wait
from tests.live.world import SCRAPE_INTERVAL, ahead_of_others, concordat
from tests.samples.process import running

CLEAN = 65
"""Minutes of the model: an hour, which the fast page's long window covers, and some."""
HURT = {0: "error", 1: "slow", 2: "slow", 3: "slow"}
"""Of four requests in a row."""
AVAILABILITY_MINUTES = 14.4 * 0.001 * 60 / 0.25
LATENCY_MINUTES = 14.4 * 0.01 * 60 / 0.75
"""By the workbook's formula, from the first bad request."""
RESET_MINUTES = 5
BUSY = 20
"""Minutes of the model, which are seconds, that a busy machine may add."""
EXACT = 0.15
"""Where an incident begins and ends within the half second between two evaluations. (promtool finds less than 1 %.)"""

ORDERS = """
apiVersion: concordat.dev/v1alpha1
kind: Microservice
metadata: {name: orders, namespace: shop}
spec:
  team: checkout
  tier: critical
  image: registry.example.com/shop/orders:1.4.2
  ports: {http: {port: 8080}}
  provides: [orders-api]
  telemetry: {metrics: {profile: otel-native}}
  env:
    - {name: OTEL_RESOURCE_ATTRIBUTES, value: namespace=shop}
    - {name: OTEL_METRIC_EXPORT_INTERVAL, value: "15000"}
  objectives:
    - {name: availability, target: 99.9}
    - {name: latency, target: 99, below: 130ms}
---
apiVersion: concordat.dev/v1alpha1
kind: ServiceContract
metadata: {name: orders-api, namespace: shop}
spec:
  type: openapi
  version: 1.4.2
  document: {inline: "openapi: 3.0.3"}
  objectives:
    - {name: lookup, target: 95, below: 170ms, operation: "GET /orders/{id}"}
"""
"""Thresholds that are in nobody's buckets; of who pushes, what docs/objectives.md asks."""


@dataclass(kw_only=True)
class Native(Watched):
    """The service under load, and who watches it."""

    hurt: bool = False
    sent: Counter[str] = field(default_factory=Counter)
    """Answered requests by what they asked for."""
    began: float = 0
    ended: float = 0
    """Of the incident, seconds since 1970."""

    def firing(self) -> set[str]:
        """Objectives of which a page fires now."""
        alerts = self.query('ALERTS{alertname=~"ErrorBudget.+Page",alertstate="firing"}')
        return {str(alert["metric"]["slo"]) for alert in alerts}

    def paged(self, objective: str) -> float:
        """Minutes of the model from the incident's begin to the first page of this objective, by Prometheus' clock."""
        told = f'ALERTS{{alertname=~"ErrorBudget.+Page",alertstate="firing",slo="{objective}"}}'
        moments = [float(at) for alert in self.query(f"{told}[{10 * PATIENCE}s]") for at, _ in alert["values"]]
        return (min(moments) - self.began) / compressed.MODEL_MINUTE

    def wait_for(self, firing: set[str]) -> None:
        """Until a page fires of exactly these."""
        wait(lambda: self.firing() == firing, lambda: f"there fire {self.firing()}, not {firing}")

    def lost(self) -> float:
        """Share of the incident that was not recorded, because the machine was too busy to push or to evaluate in time."""
        lasted = self.ended - self.began
        (found,) = self.query(
            f'count_over_time({BAD}{{slo="availability"}}[{round(lasted * 1000)}ms] @ {self.ended:.3f})'
        )
        return max(0.0, 1 - float(found["value"][1]) * SCRAPE_INTERVAL / compressed.FACTOR / lasted)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Native]:
    """Three clean days behind it."""
    folder = tmp_path_factory.mktemp("native")
    (folder / "orders.yaml").write_text(ORDERS)
    groups = compressed.rules(
        yaml.safe_load(concordat("slo", "rules", str(folder / "orders.yaml")))["groups"],
        scrape_interval=SCRAPE_INTERVAL,
    )
    step = compressed.duration(f"{SCRAPE_INTERVAL}s")
    history.write(groups, folder, step=SCRAPE_INTERVAL / compressed.FACTOR)
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    configuration = {
        "global": {"evaluation_interval": step},
        "rule_files": ["rules.yaml"],
        "otlp": {"promote_resource_attributes": ["namespace"]},
    }
    receiver = "--web.enable-otlp-receiver"
    with ExitStack() as stack:
        with ahead_of_others():
            url = stack.enter_context(prometheus(configuration, folder, receiver, program=prometheus3()))
            address = stack.enter_context(_service(url, folder))
        found = Native(prometheus=url)
        stack.enter_context(_load(found, address))
        yield found


@contextmanager
def _service(prometheus: str, folder: Path) -> Iterator[str]:
    """In the environment that the operator gives its pods."""
    of = parse(next(yaml.safe_load_all(ORDERS)))
    (deployment,) = [child.manifest for child in plan(of, Facts()).children if child.kind.kind == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    told = {each["name"]: each["value"] for each in container["env"] if each["name"].startswith("OTEL_")}
    told |= {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{prometheus}/api/v1/otlp/v1/metrics",
        "OTEL_METRIC_EXPORT_INTERVAL": str(int(told["OTEL_METRIC_EXPORT_INTERVAL"]) // compressed.FACTOR),
    }
    with running("tests.live.native_service", folder=folder, **told) as process:
        yield process.url


@contextmanager
def _load(native: Native, address: str) -> Iterator[None]:
    async def send(http: httpx.AsyncClient, number: int) -> None:
        # The SDK knows no series before its first event, and no rate sees the event a series is born with.
        outcome = HURT[number % len(HURT)] if native.hurt else "good" if number else "error"
        await http.get(f"{address}/orders/{number}", params={"outcome": outcome})
        native.sent[outcome] += 1

    with load.stream(send):
        yield


def test_a_page_of_each_objective_in_its_time(native: Native) -> None:
    """None before, the right ones by the formula, none five minutes after."""
    time.sleep(CLEAN * compressed.MODEL_MINUTE)
    assert set() == native.firing()

    native.hurt, native.began = True, native.now()
    native.wait_for({"availability", "latency"})
    native.hurt, native.ended = False, native.now()
    for objective, minutes in {"availability": AVAILABILITY_MINUTES, "latency": LATENCY_MINUTES}.items():
        assert minutes / 2 < native.paged(objective) <= minutes + BUSY
    native.wait_for(set())
    assert (native.now() - native.ended) / compressed.MODEL_MINUTE <= RESET_MINUTES + BUSY


def test_the_budget_is_what_was_sent(native: Native) -> None:
    """Of each objective: bad requests over all, those of the three days before included."""
    wait(lambda: not native.query(f"{BAD} > 0"), lambda: "bad events are still recorded")
    over = native.now()
    recorded = f"min(timestamp(objective:budget_remaining:ratio)) > {over + 1}"
    wait(lambda: bool(native.query(recorded)), lambda: "no budget is recorded any more")
    before = load.PER_SECOND * history.MODEL_SECONDS / compressed.FACTOR
    every = before + native.sent.total()
    spent = {
        str(found["metric"]["slo"]): 1 - float(found["value"][1])
        for found in native.query("objective:budget_remaining:ratio")
    }
    exact = EXACT + native.lost()

    assert {
        "availability": pytest.approx(native.sent["error"] / every / 0.001, rel=exact),
        "latency": pytest.approx(native.sent["slow"] / every / 0.01, rel=exact),
        "orders-api/lookup": pytest.approx(native.sent["slow"] / every / 0.05, rel=exact),
    } == spent


def test_what_is_stored_is_native(native: Native) -> None:
    """No classic bucket is there that could have been read instead."""
    assert [] == native.query("http_server_request_duration_seconds_bucket")
    (found,) = native.query('http_server_request_duration_seconds{http_response_status_code="200"}')
    assert len(found["histogram"][1]["buckets"]) > 5


def test_the_panels_of_its_requests_have_data(native: Native) -> None:
    """Those of the service's dashboard and of its contract's."""
    panels = RequestPanels(requests("otel-native"), ())
    every = [query for panel in (*panels.stats(), *panels.row(), *panels.by_operation()) for query in panel.queries]
    chosen = {"job": "orders", "instance": ".*"}
    asked = {query.expr: boards.filled_in(query.expr, chosen) for query in every}

    def empty() -> list[str]:
        return [expr for expr, filled in asked.items() if not native.query(filled)]

    wait(lambda: not empty(), lambda: f"without data: {empty()}")
