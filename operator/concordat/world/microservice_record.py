"""
One Microservice, as the API server tells it and as we remember it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from concordat.api import ChildStatus, Microservice, MicroserviceStatus, compact, parse
from concordat.cluster.outcomes import Wanted
from concordat.errors import InvalidInput, Problem
from concordat.facts import Facts
from concordat.manifest import ChildKey, Kind, conventions
from concordat.policies import Violation
from concordat.world.decisive import Decisive, decisive
from concordat.world.keys import Key

MICROSERVICE = Kind(
    group=conventions.GROUP,
    version=conventions.VERSION,
    kind=conventions.MICROSERVICE,
    plural=conventions.MICROSERVICES,
    watched_whole=True,
)


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a plan came to, without its manifests: as long as its inputs stay, it need not be made again."""

    of: Microservice
    facts: Facts
    service: Microservice
    """``of`` with its defaults written out."""
    notices: tuple[Violation, ...]
    hosts: tuple[str, ...]
    objectives: tuple[str, ...]
    wanted: Mapping[ChildKey, Wanted]


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """A Microservice as the API server tells it, understood as far as it can be."""

    key: Key
    uid: str
    resource_version: int
    decisive: Decisive
    service: Microservice | None
    problems: tuple[Problem, ...]
    status: MicroserviceStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What one pass is about, as it was when the pass began: the next edit may come while it is under way."""

    generation: int
    paused: bool
    service: Microservice | None
    problems: tuple[Problem, ...]

    @property
    def decides(self) -> bool:
        """Something is to be planned in it."""
        return self.service is not None and not self.problems and not self.paused


@dataclass(kw_only=True, slots=True)
class Parent:
    """What we know of one Microservice. Changes in place as long as its uid stays."""

    key: Key
    uid: str
    resource_version: int
    decisive: Decisive
    service: Microservice | None = None
    """As last understood: while the current spec is invalid, the one its children still follow."""
    problems: tuple[Problem, ...] = ()
    """Why the current spec is not understood."""
    status: MicroserviceStatus = field(default_factory=MicroserviceStatus)
    """As the API server has it."""
    status_version: int = 0
    """Version of our last write of it: what older events say of the status is older."""
    fingerprints: dict[ChildKey, str] = field(default_factory=dict)
    """Of the fields we own on each child, after our last write."""
    refused: dict[ChildKey, tuple[str, str]] = field(default_factory=dict)
    """What the API server called invalid, and its words; see :attr:`concordat.cluster.outcomes.Known.refused`."""
    decided: Decided | None = None
    """The last complete plan."""
    relies: tuple[str, ...] = ()
    """What its pods use of contracts, as written on the Deployment; during a rollout also what the former pods use."""

    @property
    def generation(self) -> int:
        return self.decisive.generation

    @property
    def paused(self) -> bool:
        return self.decisive.paused

    @property
    def deleting(self) -> bool:
        return self.decisive.deleting

    def turn(self) -> Turn:
        """What a pass that begins now is about."""
        return Turn(generation=self.generation, paused=self.paused, service=self.service, problems=self.problems)


def key_of(item: Mapping[str, Any]) -> Key:
    """Of the Microservice that an object of the API server is."""
    return Key(conventions.MICROSERVICE, item["metadata"]["namespace"], item["metadata"]["name"])


def observation(item: Mapping[str, Any]) -> Observation:
    """What an object of the API server means to us."""
    metadata = item["metadata"]
    service: Microservice | None = None
    problems: tuple[Problem, ...] = ()
    try:
        service = parse(item)
    except InvalidInput as invalid:
        problems = invalid.problems
    return Observation(
        key=key_of(item),
        uid=metadata["uid"],
        resource_version=int(metadata["resourceVersion"]),
        decisive=decisive(metadata),
        service=service,
        problems=problems,
        status=_status(item),
    )


def recorded(children: Iterable[ChildStatus]) -> dict[ChildKey, str]:
    """The fingerprints a status holds: how an edit by hand is noticed after a restart."""
    return {ChildKey(kind=c.kind, name=c.name): c.fingerprint for c in children if c.fingerprint}


def newcomer(seen: Observation) -> Parent:
    """Seen for the first time, or after a restart: what we wrote then stands in its status."""
    return Parent(
        key=seen.key,
        uid=seen.uid,
        resource_version=seen.resource_version,
        decisive=seen.decisive,
        service=compact(seen.service) if seen.service else None,
        problems=seen.problems,
        status=compact(seen.status),
        fingerprints=recorded(seen.status.children),
    )


def _status(item: Mapping[str, Any]) -> MicroserviceStatus:
    """Fields of a newer version are left alone. What somebody else wrote may be anything: it counts as nothing."""
    try:
        return MicroserviceStatus.model_validate(item.get("status") or {}, extra="ignore")
    except ValidationError:
        return MicroserviceStatus()
