"""
Rules played through time: in time, silent, exact. By our evaluator, which promtool checks.
"""

from decimal import Decimal

import pytest

from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import Objective
from concordat.observability.slo.rules.profiles import PROFILES
from concordat.observability.slo.rules.recording import measure
from concordat.observability.slo.rules.windows import PAGE_FAST, PAGE_SLOW, TICKET_FAST, TIERS
from concordat.observability.slo.simulation.playback import Player, simulate
from concordat.observability.slo.simulation.proof import promtool_tests
from concordat.observability.slo.simulation.series import Store
from tests.slo import battery, correctness, figures
from tests.slo.examples import AVAILABILITY, CUSTOM, LATENCY, service
from tests.slo.playing import pages, promtool_pages
from tests.slo.promtool import promtool3, query, run_tests
from tests.slo.scenarios import BATTERY, LENGTH, STEP, Scenario, deploy, outage, outage_at_night, scrape_gap, traces

EVALUATED = [profile for profile in PROFILES if not PROFILES[profile].native]


def tool_for(profile: str) -> str | None:
    """Native histograms need the promtool of Prometheus 3."""
    return promtool3() if PROFILES[profile].native else None


# --- in time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "tier", "minutes"),
    [
        (100, PAGE_FAST, 1),
        (10, PAGE_FAST, 9),
        (5, PAGE_FAST, 18),
        (2, PAGE_FAST, 45),
        (1, PAGE_SLOW, 218),
        (100, TICKET_FAST, 5),
        (10, TICKET_FAST, 44),
    ],
)
def test_every_tier_fires_by_the_table(percent: int, tier: object, minutes: int) -> None:
    """99.9 % over 30 days, minutes from the first bad event."""
    incident = simulate(service(), AVAILABILITY, Decimal(percent) / 100)
    fires = next(detection.fires for detection in incident.detections if detection.tier is tier)

    assert fires is not None
    assert fires <= minutes


@pytest.mark.parametrize("percent", [100, 10, 5, 2, 1])
def test_pages_end_within_five_minutes_of_the_incident(percent: int) -> None:
    """The slow page as well, where there is traffic enough to be sure."""
    reset = simulate(service(), AVAILABILITY, Decimal(percent) / 100).reset

    assert reset is not None
    assert reset <= 5


@pytest.mark.parametrize("target", ["50", "90", "99", "99.95"])
@pytest.mark.parametrize("window", ["7d", "28d", "90d"])
def test_a_total_outage_always_pages(target: str, window: str) -> None:
    """Whatever is promised, and over whatever window."""
    objective = Objective(name="availability", target=Decimal(target), window=window)
    incident = simulate(service(objective), objective, Decimal(1))
    fast = incident.detections[0]

    assert fast.fires is not None
    assert fast.formula is not None
    assert fast.fires <= fast.formula + 2


@pytest.mark.parametrize("objective", [AVAILABILITY, LATENCY, CUSTOM], ids=lambda objective: objective.name)
def test_half_the_budget_wakes_nobody(objective: Objective) -> None:
    """Nor does it make a ticket."""
    incident = simulate(service(objective), objective, objective.budget / 2)

    assert [None] * len(TIERS) == [detection.fires for detection in incident.detections]


def test_detection_in_the_real_promtool() -> None:
    """Ten percent of errors, minute 9."""
    measured = figures.minutes_to_fire("ErrorBudget.*Page", Decimal(10), history=190, lasts=12)

    assert measured is not None
    assert measured <= 9


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_figure_of_detection_in_the_real_promtool() -> None:
    """Minutes of promtool: full histories of six hours and three days."""
    missed = [figure for figure in (*figures.page_minutes(), *figures.ticket_minutes()) if not figure["holds"]]

    assert [] == missed


# --- silent -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", BATTERY, ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize("objective", [AVAILABILITY, LATENCY], ids=lambda objective: objective.name)
@pytest.mark.parametrize("profile", EVALUATED)
def test_everyday_trouble_wakes_nobody(profile: str, objective: Objective, scenario: Scenario) -> None:
    """Deploys, restarts, gaps, floods, nights."""
    assert 0 == pages(service(objective, profile=profile), scenario)


@pytest.mark.parametrize("scenario", [outage, outage_at_night], ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize("profile", EVALUATED)
def test_the_battery_can_fail(profile: str, scenario: Scenario) -> None:
    """The same harness finds a page where there must be one."""
    assert pages(service(profile=profile), scenario) > 0


@pytest.mark.parametrize("profile", ["default", "otel-native"])
def test_a_deploy_in_the_real_promtool(profile: str) -> None:
    """One scenario of the battery here, all of them in the long run."""
    assert 0 == promtool_pages(service(profile=profile), deploy)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("profile", PROFILES)
def test_the_whole_battery_in_the_real_promtool(profile: str) -> None:
    """Every scenario, both indicators."""
    found = {
        (objective.name, scenario.__name__): promtool_pages(service(objective, profile=profile), scenario)
        for objective in (AVAILABILITY, LATENCY)
        for scenario in BATTERY
    }

    assert {} == {run: pages for run, pages in found.items() if pages}


def test_low_traffic_wakes_nobody() -> None:
    """Three days of 60 requests an hour here; thirty in the figure."""
    assert 0 == battery.false_pages_low_traffic(days=3, seed=3)


def test_an_outage_in_low_traffic_is_found() -> None:
    """Five failures in a row are no accident."""
    assert battery.low_traffic_outage_found()


# --- exact ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", correctness.CASES[:1], ids=lambda case: case.name)
def test_the_budget_is_exact_where_traffic_is_uneven(case: correctness.Case) -> None:
    """Errors in quiet hours only: averages of ratios are 30 times off."""
    measured = correctness.measure_case(case)

    assert measured.error_percent <= 1
    assert 0 == measured.nan_samples


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_budget_is_exact_in_every_case() -> None:
    """Idle minutes, errors born late, errors never born; never NaN."""
    assert [] == [figure for figure in figures.budget_error() if not figure["holds"]]


# --- checked ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", [scrape_gap, outage], ids=lambda scenario: scenario.__name__)
def test_the_evaluator_agrees_with_promtool(scenario: Scenario) -> None:
    """Every recorded ratio at the end, to nine digits; ranges are open to the left in it as in Prometheus 3."""
    of = service(LATENCY)
    store = Store()
    every = traces(measure(of)[0], scenario())
    for trace in every:
        store.load(trace.series.metric, frozenset(trace.series.labels), trace.values())
    end = (LENGTH - 1) * STEP
    Player(store=store, groups=groups(of)).play(0, end, step=STEP)
    names = [f"objective:error_ratio:rate{window}" for window in ("5m", "30m", "1h", "2h", "6h")]
    test = {"interval": f"{STEP}s", "input_series": [trace.promtool() for trace in every]}
    answers = query(groups(of), test, dict.fromkeys(names, f"{end}s"), interval=f"{STEP}s", tool=promtool3())
    ours = {name: [series.values[-1] for series in store.of(name)] for name in names}

    assert {name: pytest.approx(values, rel=1e-9, abs=1e-12) for name, values in answers.items()} == ours


@pytest.mark.parametrize("profile", ["default", pytest.param("otel-native", marks=pytest.mark.slow)])
def test_the_generated_tests_pass(profile: str) -> None:
    """What ``concordat slo tests`` prints, in the real promtool."""
    tool = tool_for(profile)
    of = service(profile=profile)

    run_tests(groups(of), promtool_tests(of, rule_file="rules.yaml"), tool)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("objective", [AVAILABILITY, LATENCY, CUSTOM], ids=lambda objective: objective.name)
def test_the_generated_tests_pass_for_every_kind(objective: Objective, profile: str) -> None:
    """Every profile, every kind of indicator."""
    tool = tool_for(profile)
    of = service(objective, profile=profile)

    run_tests(groups(of), promtool_tests(of, rule_file="rules.yaml"), tool)


def test_the_generated_tests_can_fail() -> None:
    """Without the page, promtool complains."""
    of = service()
    rules = groups(of)
    rules[0]["rules"] = [rule for rule in rules[0]["rules"] if rule.get("alert") != PAGE_FAST.alert]
    tests = promtool_tests(of, rule_file="rules.yaml")

    with pytest.raises(AssertionError, match="ErrorBudgetFastBurnPage"):
        run_tests(rules, {**tests, "tests": tests["tests"][:1]})
