"""
Panels and their queries, and how they become Grafana's JSON.

The shapes are those of ``@grafana/schema``'s dashboard v1 model; only fields that say something are written.
"""

from dataclasses import dataclass, field
from typing import Any

from concordat.api.values.promql import Matcher

DATASOURCE = {"type": "prometheus", "uid": "$datasource"}

_AT_LEAST_TO = {"percentunit": 0.01, "reqps": 1, "ops": 1, "short": 1}
"""By unit: how far an axis that begins at zero goes at least. Grafana draws 0 to 10000 % around a line of zeros."""

MANY = 11
"""Height of a panel whose legend has a dozen names: Grafana gives a legend a third of it."""

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
    overrides: tuple[dict[str, Any], ...] = ()
    """Of single columns; see :func:`column`."""

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
            "fieldConfig": {"defaults": defaults, "overrides": list(self.overrides)},
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


def column(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """How one column of a table looks: ``custom.cellOptions``, ``mappings`` and the like, by the name it is shown under."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


FILLED = {"custom.cellOptions": {"type": "color-background", "mode": "basic"}}
"""A cell in the colour of its value."""
