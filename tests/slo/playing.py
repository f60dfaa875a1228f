"""
The same rules and the same traffic, played by our evaluator and by the real promtool.
"""

from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.objective import ServiceObjectives
from concordat.observability.slo.rules.recording import measure
from concordat.observability.slo.simulation.playback import Firing, Player
from concordat.observability.slo.simulation.series import Store
from tests.slo.promtool import promtool3, query
from tests.slo.scenarios import LENGTH, STEP, Scenario, traces

PAGES = 'count_over_time(ALERTS{alertstate="firing",severity="critical"}[4h])'


def firings(of: ServiceObjectives, scenario: Scenario) -> list[Firing]:
    """By the evaluator; no native histograms."""
    store = Store()
    for trace in traces(measure(of)[0], scenario()):
        store.load(trace.series.metric, frozenset(trace.series.labels), trace.values())
    return Player(store=store, groups=groups(of)).play(0, (LENGTH - 1) * STEP, step=STEP)


def pages(of: ServiceObjectives, scenario: Scenario) -> int:
    return sum(firing.alert.endswith("Page") for firing in firings(of, scenario))


def promtool_pages(of: ServiceObjectives, scenario: Scenario) -> int:
    """Evaluations in which a page fires, by promtool."""
    tool = promtool3() if of.profile == "otel-native" else None
    test = {
        "interval": f"{STEP}s",
        "input_series": [trace.promtool() for trace in traces(measure(of)[0], scenario())],
    }
    end = f"{(LENGTH - 1) * STEP}s"
    answers = query(groups(of), test, {f"sum({PAGES}) or vector(0)": end}, interval=f"{STEP}s", tool=tool)
    return int(next(iter(answers.values()))[0])
