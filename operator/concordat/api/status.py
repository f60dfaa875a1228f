"""
What we report: conditions, children, problems. Nothing in it changes by the passing of time alone.
"""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from concordat.api.condition import Condition
from concordat.api.schema.base import Schema

_Text = Annotated[str, StringConstraints(max_length=1024)]
_Name = Annotated[str, StringConstraints(max_length=253)]


class ChildStatus(Schema):
    """One object we built."""

    kind: _Name
    name: _Name
    ready: bool = True
    reason: _Text = ""
    fingerprint: Annotated[str, StringConstraints(max_length=64)] = ""
    """Digest of the fields we own there, as last written: how an edit by hand is noticed, also after a restart."""


class ProblemStatus(Schema):
    """One finding, with the path of the field it is about."""

    path: _Text = ""
    severity: Annotated[str, StringConstraints(max_length=16)] = "error"
    message: Annotated[str, StringConstraints(max_length=4096)]


def by_type() -> dict[str, Any]:
    """A list of conditions is a map by their type."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


class MicroserviceStatus(Schema):
    """Observed state of a Microservice."""

    observed_generation: int = Field(default=0, ge=0)
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16, json_schema_extra=by_type())] = ()
    children: Annotated[tuple[ChildStatus, ...], Field(max_length=64)] = ()
    problems: Annotated[tuple[ProblemStatus, ...], Field(max_length=64)] = ()
    version: _Text = ""
    """Tag or digest of the image that is rolled out."""
    replicas: _Text = ""
    """Ready of wanted: ``2/3``."""
    url: _Text = ""
    """Where other services of the cluster reach this one."""
    hosts: Annotated[tuple[_Name, ...], Field(max_length=16)] = ()
    """Host names it holds: they stay its own, whoever claims them later."""
    provides: Annotated[tuple[_Name, ...], Field(max_length=16)] = ()
    """Contracts it serves as rolled out: it cannot stop while somebody relies on them."""
