"""
How soon each alert fires, by error ratio, as an SVG.
"""

import math
from collections.abc import Callable, Iterable, Sequence

from concordat.observability.slo.rules.windows import TIERS
from concordat.observability.slo.simulation.playback import Incident

Scale = Callable[[float], float]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 420, 64, 48, 40, 150
_COLOURS = {"page-fast": "#c4162a", "page-slow": "#fa6400", "ticket-fast": "#1f60c4", "ticket-slow": "#6ed0e0"}
_DECADES = (1, 10, 100, 1000, 10_000)


def detection_chart(incidents: Sequence[Incident], *, title: str) -> str:
    """Minutes from the first bad event on logarithmic axes; dots are simulated, dashes are the workbook's formula."""
    ratios = sorted(float(incident.error_ratio) for incident in incidents)
    lowest, highest = math.log10(ratios[0]), math.log10(ratios[-1])

    def x(ratio: float) -> float:
        return LEFT + (math.log10(ratio) - lowest) / ((highest - lowest) or 1) * (WIDTH - LEFT - RIGHT)

    def y(minutes: float) -> float:
        share = math.log10(max(minutes, 0.5) / 0.5) / math.log10(_DECADES[-1] / 0.5)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    parts = [_text(LEFT, 22, title, size=15), *_axes(ratios, x, y)]
    for index, tier in enumerate(TIERS):
        fired = [
            (float(incident.error_ratio), detection)
            for incident in sorted(incidents, key=lambda incident: incident.error_ratio)
            for detection in incident.detections
            if detection.tier is tier
        ]
        colour = _COLOURS[tier.name]
        formula = [(x(r), y(d.formula)) for r, d in fired if d.formula is not None]
        simulated = [(x(r), y(d.fires)) for r, d in fired if d.fires is not None]
        parts.append(f'<polyline points="{_points(formula)}" fill="none" stroke="{colour}" stroke-dasharray="4 4"/>')
        parts += [f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="4" fill="{colour}"/>' for cx, cy in simulated]
        parts.append(f'<circle cx="{WIDTH - RIGHT + 24}" cy="{TOP + 20 * index + 6}" r="4" fill="{colour}"/>')
        parts.append(_text(WIDTH - RIGHT + 36, TOP + 20 * index + 10, tier.name))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *parts, "</svg>", ""])


def _axes(ratios: Iterable[float], x: Scale, y: Scale) -> list[str]:
    parts = []
    for minutes in _DECADES:
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(minutes):.1f}" y2="{y(minutes):.1f}" stroke="#dddddd"/>'
        )
        parts.append(_text(LEFT - 8, y(minutes) + 4, f"{minutes} min", anchor="end"))
    for ratio in ratios:
        parts.append(_text(x(ratio), HEIGHT - BOTTOM + 20, f"{100 * ratio:g}%", anchor="middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "share of events that are bad", anchor="middle"))
    return parts


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{px:.1f},{py:.1f}" for px, py in points)


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "start") -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="#333333">{safe}</text>'
