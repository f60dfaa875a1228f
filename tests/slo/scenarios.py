"""
What happens in clusters every day and must wake nobody: traffic of a few pods, scrape by scrape.

Every scenario starts with two quiet hours. ``STEP`` is the scrape interval; the incident starts at ``START``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from concordat.observability.slo.rules.objective import IndicatorKind
from concordat.observability.slo.rules.profiles import PROFILES
from concordat.observability.slo.rules.recording import Measured
from concordat.observability.slo.simulation.proof import notation
from concordat.observability.slo.simulation.traffic import Counts, Exposed, Phase, exposed

STEP = 30
START = 240
"""Steps before anything happens: two hours."""
LENGTH = 480
"""Steps in all: four hours."""
REQUESTS = 3000
"""Good requests of one pod in one step: 100 a second."""


@dataclass(kw_only=True)
class Pod:
    """One pod, from its first scrape to its last."""

    name: str
    good: list[int] = field(default_factory=lambda: [REQUESTS] * LENGTH)
    bad: list[int] = field(default_factory=lambda: [0] * LENGTH)
    rejected: list[int] = field(default_factory=lambda: [0] * LENGTH)
    """Requests answered with 4xx."""
    born: int = 0
    dies: int = LENGTH
    restarts: tuple[int, ...] = ()
    """Steps at which the counters start again from zero."""
    unseen: frozenset[int] = frozenset()
    """Steps at which the scrape failed."""
    errors_born: int = 0
    """Step at which the series of errors appears: it is not initialised at start-up."""


Scenario = Callable[[], list[Pod]]


def steady() -> list[Pod]:
    """Half of what the budget allows fails, all the time."""
    return [Pod(name="a", bad=[1, 2] * (LENGTH // 2)), Pod(name="b", bad=[2, 1] * (LENGTH // 2))]


def deploy() -> list[Pod]:
    """Both pods are replaced, one after the other; the new ones count from zero."""
    return [
        Pod(name="a", dies=START),
        Pod(name="b", dies=START + 2),
        Pod(name="c", born=START - 1),
        Pod(name="d", born=START + 1),
    ]


def counter_reset() -> list[Pod]:
    """A process restarts inside its container: same labels, counters from zero."""
    return [Pod(name="a", restarts=(START,), bad=[1] * LENGTH), Pod(name="b")]


def crash_loop() -> list[Pod]:
    """One of two pods restarts every five minutes and serves well in between."""
    return [Pod(name="a", restarts=tuple(range(START, LENGTH, 10))), Pod(name="b")]


def scrape_gap() -> list[Pod]:
    """Nothing is scraped for four minutes."""
    gap = frozenset(range(START, START + 8))
    return [Pod(name="a", unseen=gap, bad=[1] * LENGTH), Pod(name="b", unseen=gap)]


def flapping_scrape() -> list[Pod]:
    """Every other scrape of one pod fails for an hour."""
    return [Pod(name="a", unseen=frozenset(range(START, START + 120, 2)), bad=[1] * LENGTH), Pod(name="b")]


def prometheus_restart() -> list[Pod]:
    """Prometheus is away for ten minutes and comes back."""
    gap = frozenset(range(START, START + 20))
    return [Pod(name="a", unseen=gap, bad=[2] * LENGTH), Pod(name="b", unseen=gap, bad=[1] * LENGTH)]


def idle_night() -> list[Pod]:
    """Nobody calls for an hour."""
    good = [REQUESTS] * START + [0] * 120 + [REQUESTS] * (LENGTH - START - 120)
    return [Pod(name="a", good=good), Pod(name="b", good=list(good))]


def single_error() -> list[Pod]:
    """One request fails."""
    return [Pod(name="a", bad=_at(START, 1)), Pod(name="b")]


def single_error_at_night() -> list[Pod]:
    """One request fails while one a minute arrives."""
    return [Pod(name="a", good=[0, 1] * (LENGTH // 2), bad=_at(START, 1)), Pod(name="b", good=[0] * LENGTH)]


def three_errors_at_night() -> list[Pod]:
    """Three requests fail in an hour that has sixty."""
    bad = [a + b + c for a, b, c in zip(_at(START, 1), _at(START + 41, 1), _at(START + 90, 1), strict=True)]
    return [Pod(name="a", good=[0, 1] * (LENGTH // 2), bad=bad), Pod(name="b", good=[0] * LENGTH)]


def flood_of_4xx() -> list[Pod]:
    """A broken client sends fifty times the usual traffic and is turned away."""
    flood = [0] * START + [50 * REQUESTS] * 60 + [0] * (LENGTH - START - 60)
    return [Pod(name="a", rejected=flood), Pod(name="b", rejected=list(flood))]


def dependency_blip() -> list[Pod]:
    """A dependency is away for a minute and a half: three requests in ten fail."""
    bad = [0] * START + [3 * REQUESTS // 7] * 3 + [0] * (LENGTH - START - 3)
    return [Pod(name="a", bad=bad), Pod(name="b", bad=list(bad))]


def traffic_spike() -> list[Pod]:
    """Twenty times the traffic for half an hour, errors in proportion at half the budget."""
    times = [1] * START + [20] * 60 + [1] * (LENGTH - START - 60)
    return [Pod(name=name, good=[REQUESTS * n for n in times], bad=[n * 3 // 2 for n in times]) for name in ("a", "b")]


def scaled_up_and_down() -> list[Pod]:
    """An autoscaler goes from two pods to ten and back within the hour."""
    return [
        Pod(name="a"),
        Pod(name="b"),
        *(Pod(name=f"burst-{i}", born=START + i, dies=START + 100 + i) for i in range(8)),
    ]


def errors_born_late() -> list[Pod]:
    """The series of errors appears with its first error, as it does in most libraries."""
    return [Pod(name="a", bad=_at(START, 3), errors_born=START), Pod(name="b", errors_born=LENGTH)]


def traffic_fades() -> list[Pod]:
    """Traffic sinks to one request in five minutes and recovers."""
    good = [REQUESTS] * START + [int(i % 10 == 0) for i in range(120)] + [REQUESTS] * (LENGTH - START - 120)
    return [Pod(name="a", good=good), Pod(name="b", good=[0] * LENGTH)]


def small_bursts() -> list[Pod]:
    """One request in ten fails for a minute, every half hour."""
    bad = [REQUESTS // 9 if i >= START and i % 60 in (0, 1) else 0 for i in range(LENGTH)]
    return [Pod(name="a", bad=bad), Pod(name="b", bad=list(bad))]


def outage() -> list[Pod]:
    """Not in the battery: everything fails, and somebody must be woken."""
    good = [REQUESTS] * START + [0] * (LENGTH - START)
    bad = [0] * START + [REQUESTS] * (LENGTH - START)
    return [Pod(name="a", good=good, bad=bad), Pod(name="b", good=list(good), bad=list(bad))]


def outage_at_night() -> list[Pod]:
    """Not in the battery: everything fails while one request a minute arrives."""
    good = [0, 1] * (START // 2) + [0] * (LENGTH - START)
    bad = [0] * START + [0, 1] * ((LENGTH - START) // 2)
    return [Pod(name="a", good=good, bad=bad)]


BATTERY: tuple[Scenario, ...] = (
    steady,
    deploy,
    counter_reset,
    crash_loop,
    scrape_gap,
    flapping_scrape,
    prometheus_restart,
    idle_night,
    single_error,
    single_error_at_night,
    three_errors_at_night,
    flood_of_4xx,
    dependency_blip,
    traffic_spike,
    scaled_up_and_down,
    errors_born_late,
    traffic_fades,
    small_bursts,
)


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One series as it is scraped; ``None`` where it is not."""

    series: Exposed
    samples: tuple[tuple[int, int] | None, ...]
    """Good and bad events counted so far, as far as the series counts them."""

    def promtool(self) -> dict[str, str]:
        texts = ("_" if sample is None else _text(self.series, *sample) for sample in self.samples)
        return {"series": notation(self.series), "values": " ".join(texts)}

    def values(self) -> Iterable[tuple[float, float]]:
        return ((i * STEP, float(sum(sample))) for i, sample in enumerate(self.samples) if sample is not None)


def traces(measured: Measured, pods: list[Pod]) -> list[Trace]:
    """The series of every pod, under the names of the objective's profile."""
    return [_trace(series, pod) for pod in pods for series in _series(measured, pod)]


def _series(measured: Measured, pod: Pod) -> list[Exposed]:
    known = [_of_pod(series, pod.name) for series in exposed(measured)]
    profile = PROFILES[measured.of.profile]
    if not any(pod.rejected):
        return known
    if measured.objective.kind is IndicatorKind.LATENCY and not profile.durations_carry_code:
        return known
    turned_away = [
        Exposed(
            metric=s.metric, labels=_with(s.labels, profile.code, profile.status(4)), counts=s.counts, native=s.native
        )
        for s in known
        if s.counts is not Counts.BAD
    ]
    return [*known, *turned_away]


def _trace(series: Exposed, pod: Pod) -> Trace:
    turned_away = any(value in ("4", "400") for label, value in series.labels if "code" in label)
    good = bad = 0
    samples: list[tuple[int, int] | None] = []
    for i in range(LENGTH):
        phase = Phase(
            steps=1, good=pod.rejected[i] if turned_away else pod.good[i], bad=0 if turned_away else pod.bad[i]
        )
        if i in pod.restarts:
            good = bad = 0
        alive = pod.born <= i < pod.dies
        if alive:
            good += phase.good if series.counts is not Counts.BAD else 0
            bad += phase.bad if series.counts is not Counts.GOOD else 0
        exposed_now = alive and (series.counts is not Counts.BAD or i >= pod.errors_born)
        samples.append((good, bad) if exposed_now and i not in pod.unseen else None)
    return Trace(series=series, samples=tuple(samples))


def _of_pod(series: Exposed, pod: str) -> Exposed:
    return Exposed(
        metric=series.metric, labels=(*series.labels, ("pod", pod)), counts=series.counts, native=series.native
    )


def _with(labels: tuple[tuple[str, str], ...], label: str, value: str) -> tuple[tuple[str, str], ...]:
    return tuple({**dict(labels), label: value}.items())


def _text(series: Exposed, good: int, bad: int) -> str:
    if not series.native:
        return str(good + bad)
    return f"{{{{schema:0 count:{good + bad} sum:0 offset:-4 buckets:[{good} 0 0 0 0 0 {bad}]}}}}"


def _at(step: int, count: int) -> list[int]:
    return [count if i == step else 0 for i in range(LENGTH)]
