"""
Options more than one command has.
"""

from typing import Any

import rich_click as click

from concordat.api.values.promql import DAY, HOUR, MINUTE

_UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}


class _Duration(click.ParamType[int]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        count, unit = str(value)[:-1], str(value)[-1:]
        if unit not in _UNITS or not count.isdecimal() or not 0 < int(count) <= 10_000:
            self.fail(f"{value!r} is no duration: write it like 30s, 15m, 6h or 7d", param, context)
        return int(count) * _UNITS[unit]


DURATION = _Duration()
"""Seconds, from ``30s``, ``15m``, ``6h`` or ``7d``."""

prometheus_option = click.option(
    "--prometheus",
    default="http://localhost:9090",
    show_default=True,
    envvar="CONCORDAT_PROMETHEUS",
    show_envvar=True,
    help="Address of a Prometheus that evaluates the rules.",
)
