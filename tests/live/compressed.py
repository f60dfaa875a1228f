"""
The rules and routes an operator writes, with every duration divided by sixty.

A model minute is a second of the clock: Prometheus scrapes and evaluates every half second, where it is every thirty
seconds in life, the fast page reads the last five seconds and the last minute, and Alertmanager waits half a second for
more of the same group. Thresholds, expressions, labels and the order of rules stay as they are.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

FACTOR = 60
MODEL_MINUTE = 60 / FACTOR
"""Seconds of the clock."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_RANGE = re.compile(r"\[(\d+)([smhdw])\]")
_EVENTS = re.compile(r"(?<=\)) \* (\d+)(?= )")
"""Where a sum of recorded rates becomes a number of events: times the seconds between two records."""


def rules(groups: list[dict[str, Any]], *, scrape_interval: int) -> list[dict[str, Any]]:
    """Rule groups for a Prometheus that scrapes every ``scrape_interval / 60`` seconds."""
    return [
        {
            **group,
            "interval": duration(group["interval"]),
            "rules": [_rule(rule, scrape_interval) for rule in group["rules"]],
        }
        for group in groups
    ]


def routes(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Alertmanager's configuration."""
    waits = ("group_wait", "group_interval", "repeat_interval")
    route = configuration["route"]
    return {**configuration, "route": {**route, **{name: duration(route[name]) for name in waits}}}


def duration(text: str) -> str:
    """``30s`` is ``500ms``."""
    return f"{int(text[:-1]) * _UNITS[text[-1]] * 1000 // FACTOR}ms"


def _rule(rule: Mapping[str, Any], scrape_interval: int) -> dict[str, Any]:
    expression = _RANGE.sub(lambda found: f"[{duration(found[1] + found[2])}]", rule["expr"])
    found = set(_EVENTS.findall(expression))
    assert found <= {str(scrape_interval)}, f"a factor that is no scrape interval: {rule['expr']}"
    expression = _EVENTS.sub(f" * {Decimal(scrape_interval) / FACTOR}", expression)
    return {**rule, "expr": expression, **({"for": duration(rule["for"])} if "for" in rule else {})}
