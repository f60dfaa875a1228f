"""
The parts of a dashboard, and how they become Grafana's JSON.

The shapes are those of ``@grafana/schema``'s dashboard v1 model; only fields that say something are written.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from concordat.promql import Matcher

SCHEMA_VERSION = 39
COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "$datasource"}

_AT_LEAST_TO = {"percentunit": 0.01, "reqps": 1, "ops": 1, "short": 1}
"""By unit: how far an axis that begins at zero goes at least. Grafana draws 0 to 10000 % around a line of zeros."""

GREEN, YELLOW, RED, BLUE = "green", "#EAB839", "red", "blue"


@dataclass(frozen=True, kw_only=True)
class Chosen(Matcher):
    """A matcher whose value a person chooses in a variable of the dashboard: ``job=~"$job"``."""

    op: str = "=~"

    def __str__(self) -> str:
        return f'{self.label}=~"${self.value}"'


CHOSEN = (Chosen(label="job", value="job"), Chosen(label="instance", value="instance"))
"""On every series a service itself exposes."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """One query of a panel."""

    expr: str
    legend: str = ""
    instant: bool = False
    exemplar: bool = False
    heatmap: bool = False

    def json(self, index: int) -> dict[str, Any]:
        return {
            "refId": chr(ord("A") + index),
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": self.expr,
            "legendFormat": self.legend or "__auto",
            "range": not self.instant,
            "instant": self.instant,
            **({"format": "table"} if self.instant else {}),
            **({"format": "heatmap"} if self.heatmap else {}),
            **({"exemplar": True} if self.exemplar else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel; ``thresholds`` are ``(from this value, colour)``, the first colour holds below them all."""

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    base: str = GREEN
    thresholds: tuple[tuple[float, str], ...] = ()
    least: float | None = None
    most: float | None = None
    decimals: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    mappings: tuple[dict[str, Any], ...] = ()
    transformations: tuple[dict[str, Any], ...] = ()

    def json(self, number: int, x: int, y: int) -> dict[str, Any]:
        steps = [{"color": self.base, "value": None}, *({"color": c, "value": v} for v, c in self.thresholds)]
        defaults: dict[str, Any] = {
            "unit": self.unit,
            "color": {"mode": "thresholds" if self.kind in ("stat", "gauge", "bargauge") else "palette-classic"},
            "thresholds": {"mode": "absolute", "steps": steps},
            "custom": {**self._axis(), **self.custom},
            "mappings": list(self.mappings),
        }
        for name, value in (("min", self.least), ("max", self.most), ("decimals", self.decimals)):
            if value is not None:
                defaults[name] = value
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {**_OPTIONS.get(self.kind, {}), **self.options},
            "targets": [query.json(index) for index, query in enumerate(self.queries)],
            "transformations": list(self.transformations),
        }

    def _axis(self) -> dict[str, Any]:
        if self.kind != "timeseries" or self.least != 0 or self.most is not None or self.unit not in _AT_LEAST_TO:
            return {}
        return {"axisSoftMax": _AT_LEAST_TO[self.unit]}


_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background_solid",
        "graphMode": "none",
        "textMode": "auto",
    },
    "heatmap": {
        "calculate": False,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "yAxis": {"unit": "s"},
        "tooltip": {"mode": "single", "yHistogram": True},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A titled row of panels, set from left to right."""

    title: str
    panels: tuple[Panel, ...]


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
