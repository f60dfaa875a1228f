"""
How the running service is tried against its contract.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from concordat.api.schema.base import Distinct, Schema, matching
from concordat.api.values.scalars import HttpPath, Key, ObjectName


def _field(number: str, names: str = "") -> str:
    value = f"({number}|{names})" if names else f"({number})"
    term = rf"(\*|{value}(-{value})?)(/[1-9][0-9]?)?"
    return f"{term}(,{term})*"


_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DAYS = "sun|mon|tue|wed|thu|fri|sat"
CRON = " +".join(
    (
        _field("[0-5]?[0-9]"),
        _field("[01]?[0-9]|2[0-3]"),
        _field("0?[1-9]|[12][0-9]|3[01]"),
        _field("0?[1-9]|1[0-2]", _MONTHS),
        _field("[0-6]", _DAYS),
    )
)
"""The five fields Kubernetes reads: minute, hour, day of the month, month, day of the week."""

CronSchedule = Annotated[
    str,
    StringConstraints(max_length=128),
    matching(CRON, "give cron's five fields (minute, hour, day of month, month, day of week) in UTC, e.g. 0 3 * * *"),
]

HeaderName = Annotated[
    str,
    StringConstraints(max_length=128),
    matching("[A-Za-z0-9-]+", "give the name of an HTTP header: letters, digits and dashes, e.g. Authorization"),
]


class SecretKey(Schema):
    """One key of a Secret of this namespace."""

    name: ObjectName
    """Name of the Secret: `<contract>-conformance`, or that with a dash and more after it."""
    key: Key
    """Key inside it."""


class Header(Schema):
    """Sent with every request of a trial."""

    name: HeaderName
    """Of the header, e.g. `Authorization`."""
    secret: SecretKey
    """Its whole value, e.g. `Bearer ...`."""


class Conformance(Schema):
    """Requests made from the document are sent to the service that provides it, and its answers judged."""

    schedule: CronSchedule | None = None
    """When, besides after every rollout: cron's five fields in UTC, e.g. `0 3 * * *`."""
    profile: Literal["core", "strict", "full"] = "core"
    """`core` and `strict` only read; `full` writes and deletes as well: only for data nobody needs."""
    path: HttpPath | None = None
    """Where the API answers at the service, e.g. `/api/v1`. Left out: the path of the OpenAPI document's first server; for GraphQL `/graphql`."""
    headers: Annotated[tuple[Header, ...], Field(max_length=8), Distinct(by="name")] = ()
    """What the service wants to see, e.g. a token."""
