"""
Pictures: SVG without a library, because boxes and arrows in columns need none.
"""

from collections.abc import Mapping, Sequence
from html import escape

from concordat.world.graph import Edge, ranks

_COLUMN, _ROW, _BOX_HEIGHT, _MARGIN = 250, 56, 34, 20
_CHARACTER = 7.4  # width of one 13 px monospace character
_COLOURS = {"open": "#4b5563", "missing": "#b91c1c", "unconsented": "#b45309"}


def graph_svg(services: Sequence[str], found: Sequence[Edge]) -> str:
    """The services in columns, consumers left of what they use; an edge that is not open, or that it could do without, is dashed;
    what it is about is said where the mouse rests."""
    columns = ranks(services, found)
    box_width = max([120.0, *(len(name) * _CHARACTER + 20 for column in columns for name in column)])
    step = max(_COLUMN, box_width + 90)
    places = {
        name: (_MARGIN + x * step, _MARGIN + y * _ROW)
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }
    width = 2 * _MARGIN + max(len(columns) - 1, 0) * step + box_width
    height = 2 * _MARGIN + max([len(column) for column in columns], default=1) * _ROW
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}"'
            ' font-family="ui-monospace, monospace" font-size="13">',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *(_marker(state, colour) for state, colour in _COLOURS.items()),
            *(_arrow(edge, places, box_width) for edge in found),
            *(_box(name, *place, box_width) for name, place in places.items()),
            "</svg>",
        ]
    )


def _marker(state: str, colour: str) -> str:
    return (
        f'<marker id="{state}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>'
    )


def _box(name: str, x: float, y: float, width: float) -> str:
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{_BOX_HEIGHT}" rx="6" fill="#eef2ff" stroke="#6366f1"/>'
        f'<text x="{x + width / 2:.0f}" y="{y + 22:.0f}" text-anchor="middle" fill="#111827">{escape(name)}</text>'
    )


def _arrow(edge: Edge, places: Mapping[str, tuple[float, float]], box_width: float) -> str:
    (x1, y1), (x2, y2) = places[edge.consumer], places[edge.provider]
    x1, y1, y2 = x1 + box_width, y1 + _BOX_HEIGHT / 2, y2 + _BOX_HEIGHT / 2
    if x2 < x1:  # a circle: back around below the boxes
        x1, x2 = x1 - box_width / 2, x2 + box_width / 2
        y1, y2 = y1 + _BOX_HEIGHT / 2, y2 + _BOX_HEIGHT / 2
        curve = f"M{x1:.0f} {y1:.0f} C{x1:.0f} {y1 + 40:.0f} {x2:.0f} {y2 + 40:.0f} {x2:.0f} {y2:.0f}"
    else:
        middle = (x1 + x2) / 2
        curve = f"M{x1:.0f} {y1:.0f} C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    dashes = "" if edge.state == "open" and edge.criticality == "hard" else ' stroke-dasharray="5 4"'
    title = f"{edge.consumer} uses {edge.provider}: {', '.join([edge.state, edge.criticality, *filter(None, [edge.contract])])}"
    return (
        f'<path d="{curve}" fill="none" stroke="{_COLOURS[edge.state]}" stroke-width="1.4"{dashes}'
        f' marker-end="url(#{edge.state})"><title>{escape(title)}</title></path>'
    )
