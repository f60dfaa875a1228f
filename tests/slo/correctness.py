"""
Is the recorded ratio the true one? Uneven traffic, idle minutes, series of errors born late or never.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from concordat.observability.slo.rules.groups import groups
from concordat.observability.slo.rules.recording import measure
from concordat.observability.slo.simulation.proof import notation
from concordat.observability.slo.simulation.traffic import Counts, Exposed, exposed
from tests.slo.examples import service
from tests.slo.promtool import query

DAY = 24 * 60
"""Samples: one a minute. The window of a day stands for the objective's: both are the same sum over the same records."""


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    traffic: tuple[tuple[int, int, int], ...]
    """Stretches of (minutes, good per minute, bad per minute), together one day."""
    errors_born: int = 0
    """Minute at which the series of errors appears; ``DAY`` for never."""


CASES = (
    Case(name="errors only in quiet hours", traffic=((720, 6000, 0), (720, 98, 2))),
    Case(name="errors only at peak", traffic=((720, 5940, 60), (720, 60, 0))),
    Case(name="idle minutes", traffic=((600, 600, 0), (12, 0, 0), (828, 600, 0))),
    Case(name="errors born late", traffic=((1380, 6000, 0), (60, 5940, 60)), errors_born=1380),
    Case(name="no series of errors ever", traffic=((1440, 600, 0),), errors_born=DAY),
    Case(name="even", traffic=((1440, 5997, 3),)),
    Case(name="an hour of total outage", traffic=((1000, 600, 0), (60, 0, 600), (380, 600, 0))),
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    case: Case
    truth: float
    recorded: float
    nan_samples: int

    @property
    def error_percent(self) -> float:
        return 100 * abs(self.recorded - self.truth) / self.truth if self.truth else 100 * self.recorded


def truth(case: Case) -> float:
    bad = sum(minutes * bad for minutes, _, bad in case.traffic)
    return bad / sum(minutes * (good + bad) for minutes, good, bad in case.traffic)


def measured_by_promtool() -> Iterator[Measured]:
    for case in CASES:
        yield measure_case(case)


def measure_case(case: Case) -> Measured:
    """A day of one case through promtool: the ratio of the day at its end, and how many recorded samples were NaN."""
    of = service()
    test = {"interval": "1m", "input_series": [_series(case, series) for series in exposed(measure(of)[0])]}
    recorded = "objective:error_ratio:rate1d"
    names = sorted({rule["record"] for group in groups(of) for rule in group["rules"] if "record" in rule})
    nans = " + ".join(f"(sum(count_over_time(({name} != {name})[1d:1m])) or vector(0))" for name in names)
    answers = query(groups(of), test, {recorded: f"{DAY}m", nans: f"{DAY}m"}, interval="1m")
    return Measured(
        case=case,
        truth=truth(case),
        recorded=answers[recorded][0],
        nan_samples=int(answers[nans][0]),
    )


def _series(case: Case, series: Exposed) -> dict[str, str]:
    total, samples = 0, ["0"]
    for minutes, good, bad in case.traffic:
        for _ in range(minutes):
            total += bad if series.counts is Counts.BAD else good
            samples.append(str(total))
    if series.counts is Counts.BAD:
        samples[: case.errors_born] = ["_"] * case.errors_born
    return {"series": notation(series), "values": " ".join(samples[: DAY + 1])}
