"""
Budgets over time, as an SVG.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from concordat.api.values.promql import DAY

History = Mapping[str, Sequence[tuple[float, float]]]
"""By objective: ``(seconds since 1970, share of the budget that was left)``, in order of time."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, LINE = 760, 360, 56, 220, 40, 40, 18
_COLOURS = ("#1f60c4", "#c4162a", "#37872d", "#fa6400", "#8f3bb8", "#e0b400", "#0a7f8c", "#a352cc")
_GRID = (1.0, 0.75, 0.5, 0.25, 0.0)
MOST = len(_COLOURS)
"""More lines than these nobody tells apart: those with the least budget are drawn."""


def burn_down(history: History, *, title: str) -> str:
    """What was left of each budget, the worst objectives first; below the red line a promise is broken."""
    lines = sorted(((name, points) for name, points in history.items() if points), key=lambda line: line[1][-1][1])
    lines = lines[:MOST]
    times = [time for _, points in lines for time, _ in points] or [0.0, 1.0]
    first, last = min(times), max(times)
    lowest = min([0.0, *(value for _, points in lines for _, value in points)])

    def x(time: float) -> float:
        return LEFT + (time - first) / ((last - first) or 1) * (WIDTH - LEFT - RIGHT)

    def y(left: float) -> float:
        return TOP + (1 - left) / (1 - lowest) * (HEIGHT - TOP - BOTTOM)

    parts = [_text(LEFT, 22, title, size=15)]
    for share in (*_GRID, *([lowest] if lowest < 0 else [])):
        colour = "#c4162a" if share == 0 else "#dddddd"
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="{colour}"/>'
        )
        parts.append(_text(LEFT - 8, y(share) + 4, f"{share:.0%}", anchor="end"))
    form = "%d %b" if last - first > 2 * DAY else "%H:%M"
    for time in (first, (first + last) / 2, last):
        label = datetime.fromtimestamp(time, UTC).strftime(form)
        parts.append(_text(x(time), HEIGHT - BOTTOM + 20, label, anchor="middle"))
    for index, (name, points) in enumerate(lines):
        drawn = " ".join(f"{x(time):.1f},{y(value):.1f}" for time, value in points)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{_COLOURS[index]}" stroke-width="1.5"/>')
        height = TOP + LINE * index + 6
        parts.append(f'<circle cx="{WIDTH - RIGHT + 20}" cy="{height}" r="4" fill="{_COLOURS[index]}"/>')
        parts.append(_text(WIDTH - RIGHT + 30, height + 4, f"{points[-1][1]:.0%} {name}"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *parts, "</svg>", ""])


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "start") -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="#333333">{safe}</text>'
