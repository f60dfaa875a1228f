"""
The ServiceContracts that exist, as the API server tells them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from concordat.api import ServiceContract, ServiceContractStatus, State, parse_contract
from concordat.api.values.semver import is_version
from concordat.cluster.outcomes import Wanted
from concordat.cluster.workqueue import Lane
from concordat.errors import InvalidInput, Problem
from concordat.facts import ContractFacts
from concordat.gate import Assessment, InForce
from concordat.gate.consent import counts
from concordat.manifest import ChildKey, Kind, conventions
from concordat.world.cache_scope import Scope
from concordat.world.decisive import Decisive, decisive
from concordat.world.keys import Key
from concordat.world.microservice_record import recorded

SERVICE_CONTRACT = Kind(
    group=conventions.GROUP,
    version=conventions.VERSION,
    kind=conventions.SERVICE_CONTRACT,
    plural=conventions.SERVICE_CONTRACTS,
    watched_whole=True,
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """An assessment, and what it is about: as long as that stays, it need not be made again."""

    of: ServiceContract
    in_force: InForce
    usages: Mapping[str, Any]
    assessment: Assessment


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """A document that took too much, or ended the process that assessed it: not assessed again before a while has passed."""

    of: ServiceContract
    assessment: Assessment
    count: int
    """How often in a row."""
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a plan came to, without its manifests: as long as its inputs stay, it need not be made again."""

    of: ServiceContract
    facts: ContractFacts
    wanted: Mapping[ChildKey, Wanted]
    undecided: frozenset[str]
    problems: tuple[Problem, ...]


@dataclass(kw_only=True, slots=True)
class Known:
    """What we know of one contract. Changes in place as long as its uid stays."""

    key: Key
    uid: str
    resource_version: int
    decisive: Decisive
    contract: ServiceContract | None
    """As written now; ``None`` when it is not understood."""
    problems: tuple[Problem, ...]
    status: ServiceContractStatus
    status_version: int = 0
    judged: Judged | None = None
    quarantine: Quarantine | None = None
    planned: Planned | None = None
    fingerprints: dict[ChildKey, str] = field(default_factory=dict)
    """Of the fields we own on each child, after our last write."""
    refused: dict[ChildKey, tuple[str, str]] = field(default_factory=dict)
    """Children the API server called invalid, and its words; see :attr:`concordat.cluster.outcomes.Known.refused`."""

    @property
    def generation(self) -> int:
        return self.decisive.generation

    @property
    def paused(self) -> bool:
        return self.decisive.paused

    @property
    def deleting(self) -> bool:
        return self.decisive.deleting

    @property
    def in_force(self) -> InForce:
        """What binds."""
        return InForce(
            versions=tuple((one.version, one.digest) for one in self.status.versions),
            state=self.status.state,
            sunset=self.status.sunset,
            auth=None if self.status.auth is None or self.status.auth.withdrawn else self.status.auth,
        )

    @property
    def pending(self) -> bool:
        """Somebody edited it, and we have not decided yet."""
        return not self.paused and self.status.observed_generation < self.generation

    @property
    def refusal(self) -> str:
        """Reason why the version in its spec is not in force; empty when it is, or when it is a draft that binds nobody."""
        ready = next((one for one in self.status.conditions if one.type == conventions.READY), None)
        return ready.reason if ready is not None and ready.status == "False" else ""

    def counts(self, namespace: str) -> bool:
        """Whether what ``namespace`` uses binds it: with its consent, or a while after that was withdrawn."""
        if self.contract is None:
            return namespace == self.key.namespace or any(one.namespace == namespace for one in self.status.consents)
        return counts(namespace, self.contract, self.status.consents)

    def lets_in(self, namespace: str) -> bool:
        """Its consent: of the spec as it is now, so that taking it back works at once."""
        return namespace == self.key.namespace or (
            self.contract is not None and namespace in self.contract.spec.access.namespaces
        )


class Contracts:
    """Every ServiceContract we look after."""

    def __init__(
        self,
        enqueue: Callable[[Key, Lane], object] = lambda _key, _lane: None,
        concerned: Callable[[str, str], Iterable[Key]] = lambda _namespace, _name: (),
    ) -> None:
        """``concerned`` tells whose plan a contract is a part of."""
        self._enqueue = enqueue
        self._concerned = concerned
        self._known: dict[Key, Known] = {}
        self.consents = 0
        """Another number whenever :meth:`Known.lets_in` of any of them may answer differently."""

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Known]:
        return iter(self._known.values())

    def find(self, key: Key) -> Known | None:
        return self._known.get(key)

    def named(self, namespace: str, name: str) -> Known | None:
        """Unless it is being deleted."""
        found = self._known.get(Key(conventions.SERVICE_CONTRACT, namespace, name))
        return None if found is None or found.deleting else found

    def take(self, item: Mapping[str, Any]) -> Known:
        """What an object of the API server means to us."""
        return known(item)

    def within(self, namespace: str | None) -> Scope[Known]:
        """The part of them that one list and watch speaks of."""
        return Scope(self, namespace)

    def replace(self, items: Iterable[Known], *, namespace: str | None, position: int) -> None:
        """A LIST says what exists in a namespace, or in all."""
        listed = set()
        for seen in items:
            listed.add(seen.key)
            self._observe(seen, Lane.BACKGROUND)
        for key in self._known.keys() - listed:
            if namespace in (None, key.namespace) and self._known[key].resource_version <= position:
                self.forget(self._known[key])

    def forget_versions(self, namespace: str | None) -> None:
        """The server's history was restored from a backup."""
        for known in self._known.values():
            if namespace in (None, known.key.namespace):
                known.resource_version = known.status_version = 0

    def observe(self, event: str, item: Mapping[str, Any]) -> None:
        """One event of a watch."""
        seen = known(item)
        if event != "DELETED":
            self._observe(seen, Lane.URGENT)
            return
        found = self._known.get(seen.key)
        if found is not None and found.uid == seen.uid:
            self.forget(found)

    def knows(self, namespace: str, name: str, resource_version: str) -> bool:
        """Whether one is cached in this very version."""
        found = self._known.get(Key(conventions.SERVICE_CONTRACT, namespace, name))
        return found is not None and found.resource_version == int(resource_version)

    def forget_refusals(self) -> None:
        """What was called invalid by an admission policy may be welcome by now."""
        for found in self._known.values():
            found.refused.clear()

    def _observe(self, seen: Known, lane: Lane) -> None:
        known = self._known.get(seen.key)
        if known is not None and known.uid == seen.uid:
            if seen.resource_version <= known.resource_version:
                return
            self._update(known, seen, lane)
            return
        self._known[seen.key] = seen
        self._enqueue(seen.key, lane)
        self._tell(seen.key)

    def _update(self, known: Known, seen: Known, lane: Lane) -> None:
        known.resource_version = seen.resource_version
        if seen.decisive != known.decisive:
            known.decisive, known.contract, known.problems = seen.decisive, seen.contract, seen.problems
            known.refused.clear()
            self._enqueue(seen.key, lane)
            self._tell(seen.key)
        if seen.status != known.status and seen.resource_version > known.status_version:
            known.status = seen.status
            known.fingerprints.update(seen.fingerprints)
            self._enqueue(seen.key, Lane.BACKGROUND)
            self._tell(seen.key)

    def forget(self, gone: Known) -> None:
        """This very one is gone."""
        if self._known.get(gone.key) is gone:
            del self._known[gone.key]
            self._tell(gone.key)

    def wrote_status(self, known: Known, status: ServiceContractStatus, answer: Mapping[str, Any]) -> None:
        """Our own write, so that its echo is recognised as one."""
        told = _as_offered(known.status) != _as_offered(status)
        known.status = status
        known.status_version = max(known.status_version, int(answer["resourceVersion"]))
        if decisive(answer) == known.decisive:
            known.resource_version = max(known.resource_version, int(answer["resourceVersion"]))
        if told:
            self._tell(known.key)

    def _tell(self, key: Key) -> None:
        self.consents += 1
        for other in self._concerned(key.namespace, key.name):
            self._enqueue(other, Lane.BACKGROUND)


def known(item: Mapping[str, Any]) -> Known:
    """A ServiceContract as the API server tells it, understood as far as it can be."""
    metadata = item["metadata"]
    contract: ServiceContract | None = None
    problems: tuple[Problem, ...] = ()
    try:
        contract = parse_contract(
            {"apiVersion": conventions.API_VERSION, "kind": conventions.SERVICE_CONTRACT} | dict(item)
        )
    except InvalidInput as error:
        problems = error.problems
    status = _status(item)
    return Known(
        key=Key(conventions.SERVICE_CONTRACT, metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        resource_version=int(metadata["resourceVersion"]),
        decisive=decisive(metadata),
        contract=contract,
        problems=problems,
        status=status,
        fingerprints=recorded(status.children),
    )


def _status(item: Mapping[str, Any]) -> ServiceContractStatus:
    """Without what is not a version: we never accepted one, so somebody else wrote it, and comparing with it would fail."""
    try:
        status = ServiceContractStatus.model_validate(item.get("status") or {}, extra="ignore")
    except ValidationError:
        return ServiceContractStatus()
    versions = tuple(one for one in status.versions if is_version(one.version))
    version = status.version if not status.version or is_version(status.version) else ""
    if (versions, version) == (status.versions, status.version):
        return status
    return status.model_copy(
        update={"versions": versions, "version": version or (versions[-1].version if versions else "")}
    )


def _as_offered(status: ServiceContractStatus) -> Any:
    """All that a plan may depend on."""
    ready = next((one.status for one in status.conditions if one.type == conventions.READY), "")
    return status.observed_generation, status.version, status.state, status.sunset, status.auth, ready


def binds(contract: ServiceContract) -> bool:
    """A draft binds nobody."""
    return contract.spec.lifecycle.state is not State.DRAFT
