"""What is left, read from recorded series; the live Prometheus is asked in ``tests/live``."""

import json
import re
from xml.etree import ElementTree

import promql_parser as promql
import pytest
from click.testing import CliRunner

from concordat.api.values.promql import HOUR
from concordat.cli import main
from concordat.observability.records import BUDGET_REMAINING, PERIOD_RATIO, TARGET, ratio
from concordat.observability.slo.report import BURN_WINDOWS, Report, budget_history, queries, report
from concordat.observability.slo.simulation.burn_down import MOST, burn_down
from tests.slo.skeleton import skeleton


def series(value: float, **labels: str) -> dict[str, object]:
    return {
        "metric": {"namespace": "shop", "service": "orders", "slo": "availability", **labels},
        "value": [0, str(value)],
    }


def read(**given: list[dict[str, object]]) -> Report:
    """From answers by the record's short name; whatever is not given has no series."""
    names = {"target": TARGET, "period": PERIOD_RATIO, "left": BUDGET_REMAINING, "six_hours": ratio(6 * HOUR)}
    return report({**{name: [] for name in queries()}, **{names[name]: each for name, each in given.items()}})


def test_a_budget_lasts_what_is_left_of_it_at_the_pace_of_six_hours() -> None:
    """Half of 30 days at three times what the objective can afford: five days."""
    found = read(
        target=[series(0.999, window="30d")],
        period=[series(0.0005)],
        left=[series(0.5)],
        six_hours=[series(0.003)],
    )
    [standing] = found.standings

    assert pytest.approx(5 * 86_400) == standing.lasts
    assert pytest.approx({"5m": None, "1h": None, "6h": 3.0}) == standing.burn_rates


def test_what_is_not_measured_is_no_zero() -> None:
    """No records and NaN alike."""
    [bare] = read(target=[series(0.999)]).standings
    [idle] = read(target=[series(0.999)], left=[series(float("nan"))]).standings

    assert (None, None, None) == (bare.budget_remaining, bare.error_ratio, bare.lasts)
    assert idle.budget_remaining is None


def test_the_worst_come_first() -> None:
    """Broken promises, then what is left, then what nobody measures."""
    names = ("well", "broken", "unmeasured", "close")
    left = {"well": 0.9, "broken": -3.0, "close": 0.1}
    found = read(
        target=[series(0.999, slo=name) for name in names],
        left=[series(value, slo=name) for name, value in left.items()],
    )

    assert ["broken", "close", "well", "unmeasured"] == [standing.slo for standing in found.standings]


def test_names_from_outside_change_no_query() -> None:
    """They stay between their quotes."""
    hostile = 'x"} or vector(1) #'
    tame = queries(namespace="shop", service="orders")

    for name, expression in queries(namespace=hostile, service=hostile).items():
        assert skeleton(promql.parse(tame[name])) == skeleton(promql.parse(expression))
    promql.parse(budget_history(namespace=hostile))


def test_every_burn_window_is_recorded() -> None:
    """The report asks for nothing the rules do not write."""
    assert {ratio(window) for window in BURN_WINDOWS} <= set(queries())


def test_the_chart_is_xml_whatever_services_are_called() -> None:
    """The worst lines only, their names escaped, broken budgets inside the picture."""
    history = {f"<b>{index}": [(0.0, 1.0), (3600.0, 1.0 - index)] for index in range(MOST + 3)}
    drawn = burn_down(history, title="Error budget left & gone")
    ElementTree.fromstring(drawn)

    assert MOST == drawn.count("<polyline")
    assert all(0 <= float(y) <= 360 for y in re.findall(r"\d,([-\d.]+)", drawn))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9", "cannot be reached \\(connection refused\\)"),
        ("prometheus.example.com", "is no address; give one like http://localhost:9090"),
    ],
)
def test_a_prometheus_that_does_not_answer_is_named(url: str, said: str) -> None:
    """With what to do about it, and without a traceback."""
    result = CliRunner().invoke(main, ["slo", "report", "--prometheus", url])

    assert 2 == result.exit_code
    assert re.search(said, result.output)
    with pytest.raises(json.JSONDecodeError):
        json.loads(result.stdout)
