"""
Queues that grow and queues that do not: the alerts and panels of messaging, on what a real Prometheus scrapes.

Sixty times as fast as life, like the other live tests: fifteen minutes are fifteen seconds.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import yaml

from concordat.dashboards.service import service_dashboard
from concordat.slo.objective import Links, ServiceIdentity
from concordat.slo.service_alerts import Workload, service_group
from tests.dashboards.examples import service
from tests.live import boards, compressed
from tests.live.brokers import exporter
from tests.live.servers import prometheus
from tests.live.world import SCRAPE_INTERVAL

QUEUES = ("orders.paid", "orders.refunded")
GROUP = "orders"
HOLDS = 15
"""Minutes of the model that an alert waits, and over which it looks whether it grows."""
BUSY = 5
"""What a busy machine may add."""
PER_SECOND = 60
"""How fast a queue grows, by the clock: one message a second of the model."""


@dataclass(kw_only=True)
class Brokers:
    """Both of them, and who watches."""

    began: float
    prometheus: str = ""
    drained: bool = False

    def queues(self) -> dict[str, float]:
        """One grows; one is long and gets shorter; one grows that is somebody else's."""
        seconds = time.monotonic() - self.began
        grown = 0 if self.drained else PER_SECOND * seconds
        return {"orders.paid": grown, "orders.refunded": max(0, 20_000 - PER_SECOND * seconds), "invoices": grown}

    def topics(self) -> dict[str, float]:
        """One falls back, one is read as fast as it is written."""
        grown = 0 if self.drained else 10 * PER_SECOND * (time.monotonic() - self.began)
        return {"order-events": grown, "prices": 2000}

    def alerts(self, state: str) -> set[tuple[str, str]]:
        """Name and queue or topic."""
        found = self.query(f'ALERTS{{alertstate="{state}",alertname=~"ServiceQueueGrowing|ServiceConsumerLagging"}}')
        every = (alert["metric"] for alert in found)
        return {(each["alertname"], each.get("queue") or each["topic"]) for each in every}

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=30)
        assert answer.status_code == 200, answer.text
        result = answer.json()["data"]["result"]
        assert isinstance(result, list)
        return result

    def wait_until(self, firing: set[tuple[str, str]], *, minutes: float) -> None:
        """Exactly these fire."""
        deadline = time.monotonic() + minutes * compressed.MODEL_MINUTE
        while (found := self.alerts("firing")) != firing:
            assert time.monotonic() < deadline, f"after {minutes:g} minutes there fire {found}, not {firing}"
            time.sleep(0.1)


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
    with exporter(queues=found.queues, topics=found.topics, group=GROUP) as address:
        configuration = {
            "global": {"scrape_interval": step, "scrape_timeout": step, "evaluation_interval": step},
            "rule_files": ["rules.yaml"],
            "scrape_configs": [{"job_name": "brokers", "static_configs": [{"targets": [address]}]}],
        }
        with prometheus(configuration, folder) as url:
            found.prometheus, found.began = url, time.monotonic()
            yield found


def test_what_grows_is_told_and_what_shrinks_is_not(brokers: Brokers) -> None:
    """After a quarter of an hour, not before; drained, it is over. Whose queue it is not is not told."""
    told = {("ServiceQueueGrowing", "orders.paid"), ("ServiceConsumerLagging", "order-events")}
    time.sleep((HOLDS - 3) * compressed.MODEL_MINUTE)
    assert set() == brokers.alerts("firing")
    assert told == brokers.alerts("pending")

    brokers.wait_until(told, minutes=3 + HOLDS / 2 + BUSY)
    brokers.drained = True
    brokers.wait_until(set(), minutes=2 + BUSY)


def test_the_panels_show_each_queue_and_topic(brokers: Brokers) -> None:
    """Those of the service and no others."""
    board = service_dashboard(service(queues=QUEUES, consumer_groups=(GROUP,)))
    (row,) = [row for row in board.rows if row.title == "Messaging"]
    queries = [boards.filled_in(query.expr, {}) for panel in row.panels for query in panel.queries]
    shown = [brokers.query(expression) for expression in queries]

    assert [{"orders.paid", "orders.refunded"}, {"order-events", "prices"}] == [
        {next(iter(series["metric"].values())) for series in result} for result in shown
    ]
    assert "2000" in {series["value"][1] for series in shown[1]}
