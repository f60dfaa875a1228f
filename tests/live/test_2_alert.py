"""
A bad release is rolled out and rolled back: whom does it wake, when, how often, with what in hand, and until when?

Sixty times as fast as in life (:mod:`tests.live.compressed`); times below are in minutes of the model.
"""

from datetime import datetime

import httpx

from tests.live import boards
from tests.live.compressed import MODEL_MINUTE
from tests.live.receiver import Notification
from tests.live.watched import PATIENCE
from tests.live.world import ERRORS, GRAFANA, World

HISTORY = 65
"""An hour, which the fast page's long window covers, and some."""
PAGE_MINUTES = 18
"""At 5 % errors; the workbook's formula says 17.3."""
RESET_MINUTES = 5
GROUP_MINUTES = 0.5
"""Alertmanager waits so long for more of the same group."""
BUSY = 12
"""What other work on the same machine may add: twelve seconds of the clock are twelve minutes here. (The next page would be an hour away.)"""


def test_five_percent_of_errors_page_in_time_once_and_resolve(live: World) -> None:
    """The notification, its links, its end; and nothing else for anybody."""
    live.wait_until_watched(HISTORY * MODEL_MINUTE)
    assert [] == live.receiver.received
    rolled_out = live.roll_out(live.bad)

    page = live.receiver.wait_for(_fires, seconds=PATIENCE)
    fired = _minutes(rolled_out, _time(page, "startsAt"))
    assert 10 < fired <= PAGE_MINUTES + BUSY
    assert _minutes(rolled_out, page.at) <= fired + GROUP_MINUTES + BUSY

    rolled_back = live.roll_out(live.good)
    resolved = live.receiver.wait_for(lambda each: each.status == "resolved", seconds=PATIENCE)
    assert _minutes(rolled_back, _time(resolved, "endsAt")) <= RESET_MINUTES + BUSY

    live.wait_until_watched(_minutes(live.began, resolved.at) * MODEL_MINUTE + 3)
    assert [page, resolved] == live.receiver.received
    assert "/shop/critical" == page.path
    [alert] = page.alerts
    assert {
        "alertname": "ErrorBudgetFastBurnPage",
        "severity": "critical",
        "team": "shop",
        "namespace": "shop",
        "service": "catalog",
        "slo": "availability",
    }.items() <= alert["labels"].items()
    said = alert["annotations"]
    assert f"{float(ERRORS):.0%}"[:-1] in said["description"]
    assert said["runbook_url"].endswith("/ErrorBudgetFastBurnPage")
    assert said["dashboard_url"] == f"{GRAFANA}/d/{boards.boards(live)['catalog']['uid']}"


def test_the_dashboard_shows_the_alert(live: World) -> None:
    """Marked on every panel, after the fact; this reads what the test before it has caused."""
    board = boards.boards(live)["catalog"]
    marks = next(each for each in board["annotations"]["list"] if each["name"] == "Alerts")
    shown = boards.query_range(marks["expr"], live, seconds=4 * PATIENCE)

    assert {"ErrorBudgetFastBurnPage"} == {series["metric"]["alertname"] for series in shown}


def test_prometheus_had_no_trouble_with_the_rules(live: World) -> None:
    """Not one evaluation failed, not one was missed."""
    groups = httpx.get(f"{live.prometheus}/api/v1/rules").json()["data"]["groups"]

    assert [] == [
        (rule["name"], rule["lastError"]) for group in groups for rule in group["rules"] if rule["health"] != "ok"
    ]


def _fires(notification: Notification) -> bool:
    return notification.status == "firing"


def _time(notification: Notification, field: str) -> float:
    """Of the first of its alerts, seconds since 1970."""
    return datetime.fromisoformat(notification.alerts[0][field]).timestamp()


def _minutes(since: float, until: float) -> float:
    """Of the model."""
    return (until - since) / MODEL_MINUTE
