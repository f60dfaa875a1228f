"""
Queues that grow and queues that do not: the alerts and panels of messaging, on what a real Prometheus scrapes of a real
RabbitMQ, by the configuration the pages show. What it scrapes of Kafka is :mod:`tests.live.brokers`' word.

Sixty times as fast as life, like the other live tests: fifteen minutes are fifteen seconds.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import yaml

from concordat.observability.dashboards.service import service_dashboard
from concordat.observability.slo.rules.objective import Links, ServiceIdentity
from concordat.observability.slo.rules.service_alerts import Workload, service_group
from tests.dashboards.examples import service
from tests.live import boards, compressed
from tests.live.brokers import kafka_exporter
from tests.live.rabbitmq import rabbitmq
from tests.live.servers import prometheus
from tests.live.traffic import HUNG, SHRINKING, UNREAD, Traffic, traffic
from tests.live.world import SCRAPE_INTERVAL, ahead_of_others

Found = TypeVar("Found")

SHOWN = Path(__file__).parents[2] / "docs/examples/prometheus/rabbitmq.yaml"
"""What people are told to configure."""
QUEUES = (UNREAD, HUNG, SHRINKING)
GROUP = "orders"
HOLDS = 15
"""Minutes of the model that an alert waits, and over which it looks whether it grows."""
RECORDS = 600
"""How fast a topic grows, a second of the clock."""
NAMES = "ServiceQueueGrowing|ServiceConsumerLagging"
TOLD = {("ServiceQueueGrowing", UNREAD), ("ServiceQueueGrowing", HUNG), ("ServiceConsumerLagging", "order-events")}
PATIENCE = 120
"""Seconds after which a condition will not come true any more."""


@dataclass(kw_only=True)
class Brokers:
    """Both of them, and who watches."""

    began: float
    prometheus: str = ""
    traffic: Traffic | None = None
    drained: bool = False

    def topics(self) -> dict[str, float]:
        """One falls back, one is read as fast as it is written."""
        return {"order-events": 0 if self.drained else RECORDS * (time.monotonic() - self.began), "prices": 2000}

    def alerts(self, state: str) -> set[tuple[str, str]]:
        """Name and queue or topic."""
        found = self.query(f'ALERTS{{alertstate="{state}",alertname=~"{NAMES}"}}')
        return {_told(alert["metric"]) for alert in found}

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=30)
        assert answer.status_code == 200, answer.text
        result = answer.json()["data"]["result"]
        assert isinstance(result, list)
        return result

    def wait_until(self, state: str, alerts: set[tuple[str, str]]) -> None:
        """Exactly these are in that state."""
        _wait(lambda: self.alerts(state), lambda found: found == alerts)

    def panel(self, position: int) -> dict[str, float]:
        """What each query of the messaging row shows now, by queue or topic."""
        board = service_dashboard(service(queues=QUEUES, consumer_groups=(GROUP,)))
        (row,) = [row for row in board.rows if row.title == "Messaging"]
        queries = [query.expr for panel in row.panels for query in panel.queries]
        shown = self.query(boards.filled_in(queries[position], {}))
        return {next(iter(series["metric"].values())): float(series["value"][1]) for series in shown}


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """From the moment everything begins to grow."""
    folder = tmp_path_factory.mktemp("brokers")
    identity = ServiceIdentity(name="orders", namespace="shop", team="checkout")
    workload = Workload(scraped=False, queues=QUEUES, consumer_groups=(GROUP,))
    group = service_group(identity, workload, Links(dashboard="https://grafana.example.com/d/x"))
    (folder / "rules.yaml").write_text(
        yaml.safe_dump({"groups": compressed.rules([group], scrape_interval=SCRAPE_INTERVAL)})
    )
    step = compressed.duration(f"{SCRAPE_INTERVAL}s")
    found = Brokers(began=time.monotonic())
    with ExitStack() as stack:
        with ahead_of_others():
            rabbit = stack.enter_context(rabbitmq())
            kafka = stack.enter_context(kafka_exporter(topics=found.topics, group=GROUP))
            found.traffic = stack.enter_context(traffic(rabbit))
            (scraped,) = yaml.safe_load(SHOWN.read_text())["scrape_configs"]
            configuration = {
                "global": {"scrape_interval": step, "scrape_timeout": step, "evaluation_interval": step},
                "rule_files": ["rules.yaml"],
                "scrape_configs": [
                    {**scraped, "static_configs": [{"targets": [rabbit.metrics]}]},
                    {"job_name": "kafka", "static_configs": [{"targets": [kafka]}]},
                ],
            }
            found.prometheus = stack.enter_context(prometheus(configuration, folder))
            found.began = time.monotonic()
        yield found


def test_what_grows_is_told_and_what_shrinks_is_not(brokers: Brokers) -> None:
    """After a quarter of an hour, not before, whether nobody reads or who reads hangs; whose queue it is not is not told."""
    brokers.wait_until("firing", TOLD)

    since: dict[str, dict[tuple[str, str], float]] = {"pending": {}, "firing": {}}
    for alert in brokers.query(f'ALERTS{{alertname=~"{NAMES}"}}[{2 * PATIENCE}s]'):
        metric = alert["metric"]
        since[metric["alertstate"]][_told(metric)] = alert["values"][0][0]
    assert set(since["pending"]) == TOLD == set(since["firing"])
    waited = {told: since["firing"][told] - since["pending"][told] for told in TOLD}
    assert all(seconds > HOLDS * compressed.MODEL_MINUTE - 0.01 for seconds in waited.values()), waited


def test_the_panels_show_each_queue_and_topic(brokers: Brokers) -> None:
    """Those of the service and no others; a consumer that hangs is told from one that is not there."""
    ready = _wait(lambda: brokers.panel(0), lambda shown: shown.get(UNREAD, 0) > 100)
    unacknowledged = _wait(lambda: brokers.panel(1), lambda shown: shown.get(HUNG, 0) > 100)
    lag = brokers.panel(2)

    assert set(QUEUES) == set(ready) == set(unacknowledged)
    assert unacknowledged[HUNG] > ready[HUNG]
    assert (0, 0) == (unacknowledged[UNREAD], unacknowledged[SHRINKING])
    assert {"order-events", "prices"} == set(lag)
    assert 2000 == lag["prices"]


def test_what_is_read_again_is_told_no_more(brokers: Brokers) -> None:
    """The consumers come back: the queues are empty and the alerts over."""
    brokers.wait_until("firing", TOLD)
    assert brokers.traffic
    brokers.traffic.drain()
    brokers.drained = True
    brokers.wait_until("firing", set())


def _told(labels: dict[str, str]) -> tuple[str, str]:
    return labels["alertname"], labels.get("queue") or labels["topic"]


def _wait(ask: Callable[[], Found], wanted: Callable[[Found], bool]) -> Found:
    deadline = time.monotonic() + PATIENCE
    while not wanted(found := ask()):
        assert time.monotonic() < deadline, f"after {PATIENCE} s there is {found}"
        time.sleep(0.1)
    return found
