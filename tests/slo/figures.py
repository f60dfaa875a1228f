"""
The figures of the objectives: ``python -m tests.figures observability``.

Times are minutes of model time from the first bad event, at a scrape and an evaluation every 30 s, read from the real
promtool; what is played by our own evaluator says so (a test holds the two together).
"""

import random
import string
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import promql_parser as promql

from concordat.api.values.promql import MINUTE
from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import Links, Objective, ServiceIdentity, ServiceObjectives
from concordat.observability.slo.rules.recording import measure, period_rules
from concordat.observability.slo.rules.service_alerts import Workload, service_group
from concordat.observability.slo.simulation.playback import simulate
from concordat.observability.slo.simulation.proof import notation, values
from concordat.observability.slo.simulation.traffic import Phase, exposed
from tests.observability import hostile
from tests.slo import battery, benchmark, correctness
from tests.slo.examples import AVAILABILITY, CUSTOM, LATENCY, burn_alerts, recording_rules, service
from tests.slo.promtool import query
from tests.slo.skeleton import nodes, skeleton

Figure = dict[str, Any]

STEP = 30
PER_STEP = 100 * STEP
"""100 requests a second."""


def figure(name: str, value: float | None, unit: str, goal: str, holds: bool) -> Figure:
    return {"figure": name, "value": value, "unit": unit, "goal": goal, "holds": holds}


def at_most(name: str, value: float | None, unit: str, most: float) -> Figure:
    return figure(name, value, unit, f"<= {most:g}", value is not None and value <= most)


def minutes_to_fire(alerts: str, percent: Decimal, *, history: int, lasts: int) -> float | None:
    """When the first of ``alerts`` (a regular expression) fires, by promtool, after ``history`` clean minutes."""
    of = service()
    bad = int(PER_STEP * percent / 100)
    phases = (
        Phase(steps=history * MINUTE // STEP, good=PER_STEP),
        Phase(steps=lasts * MINUTE // STEP, good=PER_STEP - bad, bad=bad),
    )
    test = {
        "interval": f"{STEP}s",
        "input_series": [
            {"series": notation(series), "values": values(series, phases)} for series in exposed(measure(of)[0])
        ],
    }
    firing = f'timestamp(ALERTS{{alertname=~"{alerts}",alertstate="firing"}})'
    asked = f"min(min_over_time({firing}[{lasts}m:{STEP}s])) / 60 - {history}"
    found = query(groups(of)[:-1], test, {asked: f"{(history + lasts) * MINUTE}s"}, interval=f"{STEP}s")[asked]
    return found[0] if found else None


def page_minutes() -> Iterator[Figure]:
    for percent, lasts, goal in ((100, 4, 1), (10, 12, 9), (5, 22, 18), (2, 50, 45), (1, 224, 218)):
        measured = minutes_to_fire("ErrorBudget.*Page", Decimal(percent), history=6 * 60 + 10, lasts=lasts)
        yield at_most(f"page_minutes_{percent}", measured, "min", goal)


def ticket_minutes() -> Iterator[Figure]:
    """Three days of clean history, as the long window of the ticket needs: most of a minute of CPU each."""
    for percent, lasts, goal in ((100, 8, 5), (10, 50, 44)):
        measured = minutes_to_fire("ErrorBudget.*Ticket", Decimal(percent), history=72 * 60, lasts=lasts)
        yield at_most(f"ticket_minutes_{percent}", measured, "min", goal)


def reset_minutes() -> Figure:
    """From recovery until no page fires, the worst of five error ratios; by the evaluator."""
    of = service()
    resets = [simulate(of, AVAILABILITY, Decimal(percent) / 100).reset for percent in (100, 10, 5, 2, 1)]
    return at_most("reset_minutes", max(reset for reset in resets if reset is not None), "min", 5)


def budget_error() -> Iterator[Figure]:
    """Recorded against true error ratio over a day, the worst of the correctness cases; by promtool."""
    found = list(correctness.measured_by_promtool())
    yield at_most("budget_error_pct", round(max(case.error_percent for case in found), 3), "%", 1)
    yield at_most("nan_samples", sum(case.nan_samples for case in found), "samples", 0)


def false_pages_battery() -> Figure:
    """Evaluations in which a page fires, over every scenario and profile, by promtool."""
    return at_most("false_pages_battery", battery.false_pages(), "pages", 0)


def low_traffic() -> Iterator[Figure]:
    """60 requests an hour, half the budget failing at random, 30 days; then everything fails. By the evaluator."""
    yield at_most("false_pages_low_traffic", battery.false_pages_low_traffic(days=30), "pages", 0)
    found = battery.low_traffic_outage_found()
    yield figure("low_traffic_outage_found", int(found), "", "1", found)


def costs() -> Iterator[Figure]:
    """The worst of the three kinds of objective."""
    kinds = [measure(service(objective))[0] for objective in (AVAILABILITY, LATENCY, CUSTOM)]
    records = [[*recording_rules(kind), *period_rules(kind)] for kind in kinds]
    rules = max(len(recorded) + len(burn_alerts(kind)) for recorded, kind in zip(records, kinds, strict=True))
    yield at_most("rules_per_objective", rules, "rules", 14)
    # Two more series of each objective come from rules all objectives of a service share.
    yield at_most("series_per_objective", max(map(len, records)) + 2, "series", 12)
    raw = max(len({text for rule in recorded for text in _raw_ranges(rule["expr"])}) for recorded in records)
    yield at_most("raw_reads_per_objective", raw, "reads", 6)


def rule_eval_over_sloth(services: int = 500) -> Figure:
    """
    CPU time of Prometheus for two minutes of our rules over two minutes of Sloth's; each service has nine counters of good
    and nine of bad requests. Beside it the same of six services.
    """
    found, few = benchmark.compare(services), benchmark.compare(6)
    return {
        **at_most("rule_eval_over_sloth", round(found.ratio, 2), "", 0.5),
        "services": services,
        "ours_cpu_seconds": round(found.ours, 1),
        "sloth_cpu_seconds": round(found.sloth, 1),
        "few_services": few.services,
        "few_ratio": round(few.ratio, 2),
    }


def hostile_strings(count: int = 100_000) -> Figure:
    """
    Strings made to break out, one into each text field; a rule is broken when its tree differs from that of a harmless
    service in anything but the values of its strings. Half of them go into the rules' own fields, half the whole way from
    a Microservice to the rule file, the dashboard and Alertmanager's configuration.
    """
    broken = broken_by_hostile_strings(count // 2) + len(hostile.broken(count // 2))
    return at_most("hostile_strings_broken", broken, "rules", 0)


FIELDS = 6


def broken_by_hostile_strings(count: int, *, seed: int = 11) -> int:
    chance = random.Random(seed)
    harmless = _every_rule(["abcdef"] * FIELDS)
    expected = [skeleton(promql.parse(rule["expr"])) for rule in harmless]
    broken = 0
    for _ in range(max(1, count // FIELDS)):
        texts = [_hostile(chance) for _ in range(FIELDS)]
        for rule, wanted in zip(_every_rule(texts), expected, strict=True):
            broken += _is_broken(rule, wanted)
    return broken


def _every_rule(texts: list[str]) -> list[dict[str, Any]]:
    name, namespace, team, slo, route, method = texts
    of = ServiceObjectives(
        service=ServiceIdentity(name=name, namespace=namespace, team=team, tier="critical"),
        objectives=(Objective(name=slo, target=Decimal("99.9"), route=route, method=method),),
        links=Links(dashboard=f"https://grafana.example.com/d/{name}"),
    )
    workload = Workload(autoscaled=True, hosts=(route,), queues=(route,), consumer_groups=(method,))
    every = [*groups(of), service_group(of.service, workload, of.links)]
    return [rule for group in every for rule in group["rules"]]


def _is_broken(rule: dict[str, Any], wanted: object) -> bool:
    try:
        node = promql.parse(rule["expr"])
    except ValueError:
        return True
    texts = [*rule.get("labels", {}).values(), *rule.get("annotations", {}).values()] if "alert" in rule else []
    return skeleton(node) != wanted or any(_opens_a_template(text) for text in texts)


def _opens_a_template(text: str) -> bool:
    """Something in double braces that we did not write."""
    ours = ("$value }}", "$value |", "$labels.", '"{{" }}')
    return any(not part.lstrip().startswith(ours) for part in text.replace('{{ "{{" }}', "").split("{{")[1:])


_PIECES = (
    '"', "\\", "\\\"", "'", "`", "{", "}", "{{", "}}", "{{ $value }}", '{{ query "up" }}', '"} or up{"', '"}) or vector(1) #',
    "\n", "\r", "\t", "\x00", "\x1b[31m", "\x7f", "#", "$", "$1", "${x}", "$$", "|", ".*", "(", ")", "[5m]", "[", "]", "^", "+", "?",
    "or", " unless ", "=~", "\u2028", "\u202e", "é", "𝔘", "\ud800", "</script>", "%s", "{% raw %}", "[[var]]", "a", "0",
)  # fmt: skip


def _hostile(chance: random.Random) -> str:
    length = chance.randint(1, 8)
    return "".join(
        chance.choice(_PIECES) if chance.random() < 0.8 else chance.choice(string.printable) for _ in range(length)
    )


def alerts_complete() -> Figure:
    """Share of alerts with every label, annotation and runbook, and found both firing and silent in a promtool test."""
    from tests.slo.catalogue import complete_percent

    percent = complete_percent()
    return figure("alerts_complete_pct", percent, "%", "100", percent == 100)


def _raw_ranges(expression: str) -> list[str]:
    """Range selectors over the service's own series, not over our records."""
    ranges = (node for node in nodes(promql.parse(expression)) if isinstance(node, promql.MatrixSelector))
    return [str(node) for node in ranges if not node.vector_selector.name.startswith("objective:")]


FIGURES: tuple[Callable[[], Figure | Iterator[Figure]], ...] = (
    page_minutes,
    ticket_minutes,
    reset_minutes,
    budget_error,
    false_pages_battery,
    low_traffic,
    costs,
    rule_eval_over_sloth,
    hostile_strings,
    alerts_complete,
)
