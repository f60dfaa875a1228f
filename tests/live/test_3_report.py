"""
``concordat slo report`` on the live Prometheus, after the bad release of the test before.
"""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.live.world import World


def report(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("concordat"), "slo", "report", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_budget_a_bad_release_has_cost(live: World) -> None:
    """What Prometheus has recorded, the worst objective first, the routes of the samples by their templates."""
    result = report(f"--prometheus={live.prometheus}", "--over=1m", "--output=json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    worst = found["objectives"][0]
    [recorded] = live.query('objective:budget_remaining:ratio{service="catalog",slo="availability"}')

    assert {("catalog", "availability"), ("catalog", "latency")} < {
        (o["service"], o["slo"]) for o in found["objectives"]
    }
    assert ("shop", "catalog", "availability", "30d", 0.999) == tuple(
        worst[name] for name in ("namespace", "service", "slo", "window", "target")
    )
    assert worst["budget_remaining"] < 1
    assert pytest.approx(float(recorded["value"][1]), abs=0.02) == worst["budget_remaining"]
    assert worst["burn_rates"]["1h"] >= 0
    assert {"/products", "/products/{sku}"} <= {route["route"] for route in found["slowest_routes"]}
    assert all(route["p99_seconds"] > 0 for route in found["slowest_routes"])


def test_the_table_and_the_chart(live: World, tmp_path: Path) -> None:
    """For people; one line of the chart for each objective, the one of its contract among them."""
    chart = tmp_path / "budget.svg"
    result = report(f"--prometheus={live.prometheus}", "--service=catalog", "--over=1m", "--since=2m", f"--svg={chart}")

    assert result.returncode == 0, result.stderr
    assert "shop/catalog" in result.stdout
    assert "99.9%" in result.stdout
    assert "storefront" not in result.stdout
    assert 3 == chart.read_text().count("<polyline")
    ElementTree.fromstring(chart.read_text())


def test_a_service_without_objectives_is_named_beside_those_that_have_some(live: World) -> None:
    """A misspelt name is the usual reason."""
    result = report(f"--prometheus={live.prometheus}", "--service=catalogue")

    assert result.returncode == 2
    assert "no objective of */catalogue; it does of shop/catalog, shop/storefront" in result.stderr


def test_something_else_that_answers_is_no_prometheus(elsewhere: str) -> None:
    """It says so instead of a traceback."""
    result = report(f"--prometheus={elsewhere}")

    assert result.returncode == 2
    assert f"{elsewhere} answers, but not as Prometheus does" in result.stderr


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A web server that greets everybody."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<h1>It works!</h1>")

        def log_message(self, *_: object) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
