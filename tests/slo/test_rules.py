"""
From objectives to rules.
"""

from decimal import Decimal

import pytest

from concordat.errors import InvalidInput
from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.indicators import indicator
from concordat.observability.slo.rules.objective import Objective, ServiceObjectives
from concordat.observability.slo.rules.profiles import PROFILES
from concordat.observability.slo.rules.recording import measure
from concordat.observability.slo.rules.windows import PAGE_FAST, PAGE_SLOW, PERIODS, TICKET_SLOW, TIERS
from tests.slo import figures
from tests.slo.examples import AVAILABILITY, CUSTOM, LATENCY, burn_alerts, recording_rules, service
from tests.slo.promtool import check_rules, every_promtool


def expressions(of: ServiceObjectives) -> dict[str, str]:
    """Expressions by record or alert; one objective."""
    return {rule.get("record", rule.get("alert")): rule["expr"] for group in groups(of) for rule in group["rules"]}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_prometheus_accepts_the_rules(profile: str) -> None:
    """``promtool check rules`` with every lint, of every version at hand, for every profile and kind of objective."""
    of = service(AVAILABILITY, LATENCY, CUSTOM, profile=profile)

    for tool in every_promtool():
        check_rules(groups(of), tool)


def test_an_objective_is_cheap() -> None:
    """At most 14 rules, 12 series, 6 raw reads."""
    for figure in figures.costs():
        assert figure["holds"], figure


def test_thresholds_carry_no_binary_noise() -> None:
    """0.0144, where others write 0.014399999999999182."""
    found = expressions(service())["ErrorBudgetFastBurnPage"]

    assert "> 0.0144 and" in found


@pytest.mark.parametrize("target", ["0.1", "11", "50", "90", "93", "99", "99.9", "99.999", "99.99999"])
def test_every_target_can_fire_and_none_fires_within_budget(target: str) -> None:
    """Thresholds are capped below 1, and never lie below the budget."""
    budget = Objective(name="x", target=Decimal(target)).budget

    for tier in TIERS:
        assert budget <= tier.threshold(budget) < 1


def test_the_workbooks_shares_of_the_budget() -> None:
    """2 % in 1h, 5 % in 6h, 10 % in 3d of 30 days: table 5-8."""
    shares = [tier.budget_share(PERIODS["30d"]) for tier in (PAGE_FAST, PAGE_SLOW, TICKET_SLOW)]

    assert [Decimal("0.02"), Decimal("0.05"), Decimal("0.1")] == shares


def test_a_window_reads_one_base_window_less() -> None:
    """The first record it reads reaches back over the rest."""
    found = expressions(service())["objective:error_ratio:rate6h"]

    assert "[21510s]" in found


def test_a_latency_threshold_must_be_a_bucket() -> None:
    """The message names the nearest buckets and the ways out."""
    objective = Objective(name="latency", target=Decimal(99), below=Decimal("0.2"))

    with pytest.raises(
        InvalidInput, match=r"below: 200ms is not a bucket .* nearest are 100ms and 250ms\. .*'default'"
    ):
        measure(service(objective, profile="otel"))


@pytest.mark.parametrize("profile", ["default", "otel-native"])
def test_any_threshold_can_be_measured_where_buckets_follow(profile: str) -> None:
    """The default profile is given its buckets by us; native histograms interpolate."""
    objective = Objective(name="latency", target=Decimal(99), below=Decimal("0.217"))

    assert "0.217" in measure(service(objective, profile=profile))[0].indicator.ratio(300, zero="0")


def test_whole_seconds_match_both_spellings_of_a_bucket() -> None:
    """Prometheus 3 normalises le to 1.0; older ones keep what the client wrote."""
    objective = Objective(name="latency", target=Decimal(99), below=Decimal(1))

    assert 'le=~"1(\\\\.0)?"' in measure(service(objective))[0].indicator.ratio(300, zero="0")


def test_an_operation_narrows_the_selector() -> None:
    """Contracts promise per operation."""
    objective = Objective(name="pay", target=Decimal("99.9"), route="/payments/{id}", method="POST")
    total = measure(service(objective))[0].indicator.total(90)

    assert 'http_route="/payments/{id}",http_request_method="POST"' in total


def test_an_operation_needs_a_profile_that_knows_routes() -> None:
    """The mesh does not say which route a request had."""
    objective = Objective(name="pay", target=Decimal("99.9"), route="/payments")

    with pytest.raises(InvalidInput, match=r"route: the metrics profile 'istio' does not say which route"):
        measure(service(objective, profile="istio"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("rate(http_requests_total[5m])", "one plain selector"),
        ("http_requests_total[5m]", "one plain selector"),
        ("a_total or b_total", "one plain selector"),
        ("a_total offset 5m", "neither offset nor @"),
        ("a_total @ 11", "neither offset nor @"),
        ('{__name__=~".+_total"}', "must name a counter"),
        ("temperature_celsius", "must name a counter"),
        ('a_total{namespace="kube-system"}', "must not match namespace"),
        ('a_total{x="1" or y="2"}', "'or' inside braces"),
        ("a_total{", "is not PromQL"),
        ('a_total{x=~"("}', "is not PromQL"),
        ("a_total" + "{}" * 600, "at most 1000"),
    ],
)
def test_a_custom_indicator_is_two_plain_counters(text: str, complaint: str) -> None:
    """Everything else is refused with what to write instead."""
    objective = Objective(name="x", target=Decimal(99), good=text, total="a_total")

    with pytest.raises(InvalidInput, match=complaint):
        measure(service(objective))


def test_a_custom_indicator_is_confined_to_its_namespace() -> None:
    """``up{job="a\\"} or up{"}`` is one matcher with an odd value, and stays one."""
    objective = Objective(name="x", target=Decimal(99), good='a_total{job="a\\"} or up{"}', total="a_total")

    assert 'a_total{namespace="shop",job="a\\"} or up{"}' in measure(service(objective))[0].indicator.ratio(
        300, zero="0"
    )


def test_the_callers_mistakes_count_for_nothing() -> None:
    """Counted as good, a flood of 4xx would hide real errors."""
    total = indicator(AVAILABILITY, service().service, "default").total(90)

    assert 'http_response_status_code!~"4.."' in total


def test_probes_count_for_nothing() -> None:
    """A kubelet asks ten times a minute and is always served."""
    assert 'http_route!~"/healthz|/readyz|/metrics"' in indicator(AVAILABILITY, service().service, "default").total(90)


def test_records_read_only_what_was_recorded_before_them() -> None:
    """Rules of a group are evaluated in order; a later record would be one interval old."""
    seen: set[str] = set()
    names = {rule["record"] for rule in recording_rules(measure(service())[0])}
    for rule in recording_rules(measure(service())[0]):
        assert not {name for name in names - seen if name in rule["expr"]}, rule
        seen.add(rule["record"])


def test_four_tiers_two_severities() -> None:
    """Pages are critical, tickets are warnings."""
    rules = burn_alerts(measure(service())[0])

    assert [
        ("page-fast", "critical"),
        ("page-slow", "critical"),
        ("ticket-fast", "warning"),
        ("ticket-slow", "warning"),
    ] == [(rule["labels"]["burn"], rule["labels"]["severity"]) for rule in rules]


def test_group_names_are_unique() -> None:
    """Prometheus refuses a file with two groups of one name, even for an objective called budgets."""
    names = [group["name"] for group in groups(service(AVAILABILITY, Objective(name="budgets", target=Decimal(99))))]

    assert len(names) == len(set(names))
