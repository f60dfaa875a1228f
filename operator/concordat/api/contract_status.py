"""
What we report of a contract: what is accepted, and whom a change would break.

What is accepted is what binds: the spec may hold a version that was refused.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from concordat.api.auth import AcceptedAuth
from concordat.api.condition import Condition
from concordat.api.schema.base import Schema
from concordat.api.status import ChildStatus, ProblemStatus, by_type

_Name = Annotated[str, StringConstraints(max_length=317)]
_Digest = Annotated[str, StringConstraints(max_length=64)]
MOST_VERSIONS = 64
MOST_OPERATIONS = 1024
MOST_CONSUMERS = 256
MOST_CONSENTS = 256


class AcceptedVersion(Schema):
    """A version once accepted: never published again with other content."""

    version: Annotated[str, StringConstraints(max_length=64)]
    digest: _Digest
    """Of the document in normal form."""
    config_map: _Name
    """Holds it, compressed; immutable."""


class ConsumerStatus(Schema):
    """Somebody who relies on the contract, and what the version in the spec means for them."""

    name: _Name
    """``namespace/name``; of external consumers the name alone."""
    verdict: Annotated[str, StringConstraints(max_length=16)]
    """compatible, breaking or unknown."""


class Consent(Schema):
    """A namespace whose use of the contract binds it."""

    namespace: Annotated[str, StringConstraints(max_length=63)]
    until: Annotated[str, StringConstraints(max_length=20, pattern=r"^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)?$")] = ""
    """Consent was withdrawn; what runs there binds the contract until then. Empty while it is let in."""


class ServiceContractStatus(Schema):
    """Observed state of a ServiceContract."""

    observed_generation: int = Field(default=0, ge=0)
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16, json_schema_extra=by_type())] = ()
    version: Annotated[str, StringConstraints(max_length=64)] = ""
    """The version in force: the last one accepted."""
    state: Annotated[str, StringConstraints(max_length=16)] = ""
    """draft, active, deprecated or retired, as accepted."""
    sunset: Annotated[str, StringConstraints(max_length=10)] = ""
    """As accepted."""
    auth: AcceptedAuth | None = None
    """As accepted; what those who provide it demand."""
    versions: Annotated[tuple[AcceptedVersion, ...], Field(max_length=MOST_VERSIONS)] = ()
    """Accepted ones, oldest first."""
    operations: Annotated[
        tuple[Annotated[str, StringConstraints(max_length=256)], ...], Field(max_length=MOST_OPERATIONS)
    ] = ()
    """Names of the operations of the version in force."""
    consumers: Annotated[tuple[ConsumerStatus, ...], Field(max_length=MOST_CONSUMERS)] = ()
    """Who relies on it now."""
    consumer_count: int = Field(default=0, ge=0)
    """How many they are."""
    consents: Annotated[tuple[Consent, ...], Field(max_length=MOST_CONSENTS)] = ()
    """Other namespaces whose use of it counts: those let in, and those whose consent was withdrawn a short while ago."""
    children: Annotated[tuple[ChildStatus, ...], Field(max_length=64)] = ()
    """What was built for it."""
    problems: Annotated[tuple[ProblemStatus, ...], Field(max_length=64)] = ()
