"""
The battery of scenarios in every profile, and what low traffic does.
"""

import random
from collections.abc import Iterator

from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import Objective
from concordat.observability.slo.rules.profiles import PROFILES
from concordat.observability.slo.rules.recording import measure
from concordat.observability.slo.simulation.playback import Player
from concordat.observability.slo.simulation.series import Store
from concordat.observability.slo.simulation.traffic import Counts, exposed
from tests.slo.examples import AVAILABILITY, LATENCY, service
from tests.slo.playing import firings, promtool_pages
from tests.slo.scenarios import BATTERY, STEP, Scenario, outage_at_night


def runs() -> Iterator[tuple[str, Objective, Scenario]]:
    for profile in PROFILES:
        for objective in (AVAILABILITY, LATENCY):
            for scenario in BATTERY:
                yield profile, objective, scenario


def false_pages() -> int:
    """Every run by promtool."""
    return sum(promtool_pages(service(objective, profile=profile), scenario) for profile, objective, scenario in runs())


def false_pages_low_traffic(*, days: int, seed: int = 11) -> int:
    """Pages in so many days of 60 requests an hour, each failing with half the budget's probability."""
    of = service()
    chance = random.Random(seed)
    store = Store()
    good, bad = (series for series in exposed(measure(of)[0]))
    assert (good.counts, bad.counts) == (Counts.GOOD, Counts.BAD)
    steps = days * 24 * 3600 // STEP
    passed = failed = 0
    samples: list[tuple[int, int]] = []
    for _ in range(steps):
        if chance.random() < 60 * STEP / 3600:
            if chance.random() < float(AVAILABILITY.budget) / 2:
                failed += 1
            else:
                passed += 1
        samples.append((passed, failed))
    store.load(good.metric, frozenset(good.labels), ((i * STEP, float(p)) for i, (p, _) in enumerate(samples)))
    store.load(bad.metric, frozenset(bad.labels), ((i * STEP, float(f)) for i, (_, f) in enumerate(samples)))
    assert failed, "nothing failed: the run says nothing"
    fired = Player(store=store, groups=groups(of)[:1]).play(0, (steps - 1) * STEP, step=STEP)
    return sum(firing.alert.endswith("Page") for firing in fired)


def low_traffic_outage_found() -> bool:
    """Sixty requests an hour, and then all of them fail."""
    return any(firing.alert == "ErrorBudgetFastBurnPage" for firing in firings(service(), outage_at_night))
