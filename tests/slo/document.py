"""
The tables of ``docs/objectives.md``, from the code.

A table stands between ``<!-- begin: name -->`` and ``<!-- end: name -->``; everything else is written by hand.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from concordat.api import TIERS as SERVICE_TIERS
from concordat.api.values.promql import duration, number
from concordat.observability.slo.rules.indicators import milliseconds
from concordat.observability.slo.rules.profiles import PROFILES
from concordat.observability.slo.rules.windows import PERIODS, TIERS
from concordat.observability.slo.simulation.playback import simulate
from tests.slo.catalogue import every_alert
from tests.slo.examples import AVAILABILITY, service
from tests.slo.scenarios import BATTERY

PAGE = Path(__file__).parents[2] / "docs" / "objectives.md"


def tiers() -> str:
    rows = [
        (
            f"`{tier.alert}`",
            f"{duration(tier.short)} and {duration(tier.long)}",
            number(tier.burn_rate),
            f"{number(100 * tier.budget_share(PERIODS['30d']))} %",
            str(5 * tier.minimum),
            tier.severity,
        )
        for tier in TIERS
    ]
    return _table(("alert", "windows", "burn rate", "of 30d gone", "bad events at least", "severity"), rows)


def detection() -> str:
    rows = []
    for percent in ("100", "10", "5", "2", "1", "0.5", "0.2"):
        found = simulate(service(), AVAILABILITY, Decimal(percent) / 100)
        cells = [_minutes(each.fires, each.formula) for each in found.detections]
        rows.append((f"{percent} %", *cells, "-" if found.reset is None else f"{found.reset:g}"))
    return _table(("bad events", *(tier.name for tier in TIERS), "page ends after"), rows)


def profiles() -> str:
    rows = []
    for profile in PROFILES.values():
        if profile.native:
            buckets = "every threshold"
        elif profile.buckets_follow_objectives:
            buckets = "every threshold that is declared"
        else:
            buckets = ", ".join(milliseconds(bound) for bound in profile.buckets if bound <= 10)
        rows.append((f"`{profile.name}`", f"`{profile.requests}`", f"`{profile.durations}`", buckets))
    return _table(("profile", "requests", "durations", "latency can be measured at"), rows)


def defaults() -> str:
    rows = []
    for tier, decided in SERVICE_TIERS.items():
        promised = [
            f"{number(objective.percent)} % {objective.name}" + (f" under {objective.below}" if objective.below else "")
            for objective in decided.objectives
        ]
        rows.append((f"`{tier.value}`", ", ".join(promised) or "none"))
    return _table(("tier", "objectives, where none are stated"), rows)


def alerts() -> str:
    rows = [
        (
            f"[{alert['alert']}](runbooks/{alert['alert']}.md)",
            alert["labels"]["severity"],
            alert.get("for", "its windows" if "burn" in alert["labels"] else "at once"),
        )
        for alert in every_alert()
    ]
    return _table(("alert", "severity", "holds for"), rows)


def battery() -> str:
    return "\n".join(f"- {' '.join((scenario.__doc__ or '').split())}" for scenario in BATTERY)


BLOCKS: dict[str, Callable[[], str]] = {
    "tiers": tiers,
    "detection": detection,
    "profiles": profiles,
    "defaults": defaults,
    "alerts": alerts,
    "battery": battery,
}


def written(text: str) -> str:
    """The page with every block written anew."""
    for name, block in BLOCKS.items():
        pattern = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
        assert pattern.search(text), f"no block {name}"
        content = f"{block()}\n"
        text = pattern.sub(lambda found, content=content: found[1] + content + found[2], text)
    return text


def _minutes(fires: float | None, formula: float | None) -> str:
    if fires is None:
        return "-"
    return f"{fires:g} ({formula:.1f})" if formula is not None else f"{fires:g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
