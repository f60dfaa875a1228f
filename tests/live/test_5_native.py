"""
The profile ``otel-native`` on native histograms as they are: OpenTelemetry's SDK, told by the environment the operator gives
its pods, pushes exponential histograms into a Prometheus 3.

Sixty times as fast as life, like the other live tests. The labels are those a ServiceMonitor gives: the job is the
service's name, the namespace a label of its own.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from concordat.api import parse
from concordat.dashboards.requests import RequestPanels
from concordat.facts import Facts
from concordat.plan import plan
from tests.dashboards.examples import requests
from tests.live import boards, compressed, history
from tests.live.servers import prometheus, prometheus3
from tests.live.world import SCRAPE_INTERVAL, ahead_of_others, concordat
from tests.samples.process import running

PER_SECOND = 12
"""As in the three days that are written beforehand."""
CLEAN = 65
"""Minutes of the model: an hour, which the fast page's long window covers, and some."""
HURT = {0: "error", 1: "slow", 2: "slow", 3: "slow"}
"""Of four requests in a row."""
AVAILABILITY_MINUTES = 14.4 * 0.001 * 60 / 0.25
LATENCY_MINUTES = 14.4 * 0.01 * 60 / 0.75
"""By the workbook's formula, from the first bad request."""
RESET_MINUTES = 5
BUSY = 4
"""Minutes of the model, which are seconds, that a busy machine may add."""
EXACT = 0.15
"""Rules every half second: each evaluation that a busy machine misses is a fiftieth of the incident. (promtool finds less than 1 %.)"""

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
"""Thresholds that are in nobody's buckets."""


@dataclass(kw_only=True)
class Native:
    """The service under load, and who watches it."""

    prometheus: str
    hurt: bool = False
    sent: Counter[str] = field(default_factory=Counter)
    """Answered requests by what they asked for."""

    def now(self) -> float:
        return time.time()

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=30)
        assert answer.status_code == 200, answer.text
        result = answer.json()["data"]["result"]
        assert isinstance(result, list)
        return result

    def firing(self) -> set[str]:
        """Objectives of which a page fires now."""
        alerts = self.query('ALERTS{alertname=~"ErrorBudget.+Page",alertstate="firing"}')
        return {str(alert["metric"]["slo"]) for alert in alerts}

    def wait_until(self, firing: set[str], *, minutes: float) -> float:
        """Minutes of the model until exactly these are firing."""
        began = time.monotonic()
        while (now := (time.monotonic() - began) / compressed.MODEL_MINUTE) < minutes:
            if self.firing() == firing:
                return now
            time.sleep(0.1)
        raise AssertionError(f"after {minutes:g} minutes there fire {self.firing()}, not {firing}")


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
        "OTEL_RESOURCE_ATTRIBUTES": "namespace=shop",
    }
    with running("tests.live.native_service", folder=folder, **told) as process:
        yield process.url


@contextmanager
def _load(native: Native, address: str) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_send(stop, native, address)))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def _send(stop: threading.Event, native: Native, address: str) -> None:
    number = 0
    async with httpx.AsyncClient(timeout=10) as http:
        # The SDK knows no series before its first event, and no rate sees the event a series is born with.
        await _one(http, native, f"{address}/orders/11", "error")
        running: set[asyncio.Task[None]] = set()
        due = asyncio.get_running_loop().time()
        while not stop.is_set():
            outcome = HURT[number % len(HURT)] if native.hurt else "good"
            running.add(task := asyncio.create_task(_one(http, native, f"{address}/orders/{number}", outcome)))
            task.add_done_callback(running.discard)
            number += 1
            due = max(due + 1 / PER_SECOND, asyncio.get_running_loop().time())
            await asyncio.sleep(due - asyncio.get_running_loop().time())
        await asyncio.gather(*running)


async def _one(http: httpx.AsyncClient, native: Native, url: str, outcome: str) -> None:
    await http.get(url, params={"outcome": outcome})
    native.sent[outcome] += 1


def test_a_page_of_each_objective_in_its_time(native: Native) -> None:
    """None before, the right ones by the formula, none five minutes after."""
    time.sleep(CLEAN * compressed.MODEL_MINUTE)
    assert set() == native.firing()

    native.hurt = True
    everything = {"availability", "latency"}
    first = native.wait_until({"availability"}, minutes=AVAILABILITY_MINUTES + BUSY)
    both = first + native.wait_until(everything, minutes=LATENCY_MINUTES - first + BUSY)
    native.hurt = False
    assert AVAILABILITY_MINUTES / 2 < first
    assert LATENCY_MINUTES / 2 < both
    native.wait_until(set(), minutes=RESET_MINUTES + BUSY)


def test_the_budget_is_what_was_sent(native: Native) -> None:
    """Of each objective: bad requests over all, those of the three days before included."""
    time.sleep(5)
    before = PER_SECOND * history.MODEL_SECONDS / compressed.FACTOR
    every = before + native.sent.total()
    spent = {
        str(found["metric"]["slo"]): 1 - float(found["value"][1])
        for found in native.query("objective:budget_remaining:ratio")
    }

    assert {
        "availability": pytest.approx(native.sent["error"] / every / 0.001, rel=EXACT),
        "latency": pytest.approx(native.sent["slow"] / every / 0.01, rel=EXACT),
        "orders-api/lookup": pytest.approx(native.sent["slow"] / every / 0.05, rel=EXACT),
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

    assert [] == [expr for expr, filled in asked.items() if not native.query(filled)]
