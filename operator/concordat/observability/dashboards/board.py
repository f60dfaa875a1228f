"""
A dashboard: rows of panels, each in its place, with what is above and behind them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from concordat.observability.dashboards.model import DATASOURCE, Row

SCHEMA_VERSION = 39
COLUMNS = 24


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A label's values to choose from."""

    name: str
    label: str
    query: str
    """``label_values(up, job)``."""

    def json(self) -> dict[str, Any]:
        return {
            "type": "query",
            "name": self.name,
            "label": self.label,
            "datasource": DATASOURCE,
            "definition": self.query,
            "query": {"query": self.query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".+",
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "hide": 0,
        }


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link in the dashboard's head."""

    title: str
    url: str
    tooltip: str = ""

    def json(self) -> dict[str, Any]:
        return {
            "type": "link",
            "title": shown(self.title),
            "url": self.url,
            "tooltip": shown(self.tooltip),
            "icon": "external link",
            "targetBlank": True,
            "keepTime": True,
            "includeVars": False,
            "asDropdown": False,
            "tags": [],
        }


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """Moments marked on every panel."""

    name: str
    expr: str
    title: str
    colour: str
    text: str = ""
    value_is_time: bool = False
    """The value is the moment, milliseconds since 1970."""

    def json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "datasource": DATASOURCE,
            "enable": True,
            "expr": self.expr,
            "iconColor": self.colour,
            "titleFormat": self.title,
            "textFormat": self.text,
            "step": "60s",
            "useValueForTime": self.value_is_time,
        }


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """One dashboard."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    tags: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    links: tuple[Link, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    since: str = "now-6h"

    def json(self) -> dict[str, Any]:
        """Grafana's JSON model, as a provisioning file or the import dialogue takes it."""
        return {
            "uid": self.uid,
            "title": shown(self.title),
            "description": shown(self.description),
            "tags": ["concordat", *self.tags],
            "schemaVersion": SCHEMA_VERSION,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": self.since, "to": "now"},
            "timezone": "browser",
            "templating": {"list": [_DATASOURCE_VARIABLE, *(variable.json() for variable in self.variables)]},
            "annotations": {"list": [annotation.json() for annotation in self.annotations]},
            "links": [link.json() for link in self.links],
            "panels": _placed(self.rows),
        }

    @property
    def queries(self) -> int:
        """How many queries one refresh asks."""
        return sum(len(panel.queries) for row in self.rows for panel in row.panels) + len(self.annotations)


_DATASOURCE_VARIABLE = {
    "type": "datasource",
    "name": "datasource",
    "label": "Data source",
    "query": "prometheus",
    "refresh": 1,
    "hide": 0,
    "current": {"selected": True, "text": "default", "value": "default"},
}


def uid(*names: str) -> str:
    """A uid that is the same wherever it is computed; at most 40 characters, as Grafana demands."""
    return "concordat-" + hashlib.sha1("/".join(names).encode(errors="replace"), usedforsecurity=False).hexdigest()[:24]


def shown(text: str) -> str:
    """A text Grafana shows as it is: ``$x`` and ``[[x]]`` would be replaced by variables, and tags are tags."""
    return text.translate(_HARMLESS)


_HARMLESS = str.maketrans({"$": "\uff04", "[": "\uff3b", "]": "\uff3d", "<": "\uff1c", ">": "\uff1e"})


def _placed(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every panel with its number and its place: rows one under the other, panels side by side while they fit."""
    placed: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        head = {
            "id": len(placed) + 1,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
            "panels": [],
        }
        placed.append(head)
        y += 1
        x = height = 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, height = 0, y + height, 0
            placed.append(panel.json(len(placed) + 1, x, y))
            x, height = x + panel.width, max(height, panel.height)
        y += height
    return placed
