"""
The four verbs, for one Microservice: gather facts, ask for a plan, apply it, report what was seen.

Errors get their meaning here and nowhere else: into conditions for people, and into a requeue for the queue.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from concordat.api import Microservice, MicroserviceStatus, compact, resolve
from concordat.cluster.apply import Apply
from concordat.cluster.children import Child, Children
from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.outcomes import Owner, Settled, Wanted
from concordat.facts import Facts, Platform
from concordat.manifest import conventions
from concordat.plan.service import Plan, plan
from concordat.reconcile.child_memory import deployment_of, outcomes, owner, remember, remembered, what_is_left
from concordat.reconcile.contract import Gatekeeper
from concordat.reconcile.events import announce
from concordat.reconcile.merge_patch import merge_patch
from concordat.reconcile.outcome import Outcome
from concordat.reconcile.status import Seen, defective, report
from concordat.world.contracts import Contracts
from concordat.world.gather import Neighbours, gather
from concordat.world.keys import Key
from concordat.world.microservice_record import MICROSERVICE, Decided, Parent, Turn
from concordat.world.microservices import Parents
from concordat.world.usage import relies

logger = logging.getLogger(__name__)

LOOK_AGAIN_AT_OTHERS = 10.0
"""Seconds. Nobody tells a service that the last one has gone who relied on a contract it gives up; looking costs no request."""
_WAITS_FOR_OTHERS = frozenset({conventions.REASON_CONTRACT_IN_USE})
WAIT_FOR_DECISION = 2.0
"""Seconds until a service looks again at a contract that is being decided about; it is told before that."""


class ParentGone(Exception):
    """The Microservice was deleted; its event is still on the way, and tells the neighbours as well."""


class Reconciler:
    """Brings one Microservice at a time to what it says."""

    def __init__(
        self,
        cluster: Client,
        *,
        parents: Parents,
        children: Children,
        contracts: Contracts,
        gatekeeper: Gatekeeper,
        platform: Platform,
        installed: Callable[[], frozenset[str]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cluster = cluster
        self._parents = parents
        self._neighbours = Neighbours(parents=parents, contracts=contracts)
        self._gatekeeper = gatekeeper
        self._children = children
        self._platform = platform
        self._installed = installed
        self._now = now
        self._apply = Apply(cluster, children)

    async def reconcile(self, key: Key) -> Outcome:
        """One pass. Raises :exc:`ApiError` only for what concerns the Microservice itself."""
        parent = self._parents.find(key)
        if parent is None or parent.deleting:
            return Outcome()
        turn = parent.turn()
        if turn.service and turn.decides and self._gatekeeper.undecided(turn.service):
            return Outcome(result="requeue_after", again_after=WAIT_FOR_DECISION)
        try:
            facts = await self.gather(parent, turn)
            planned = self.plan(parent, turn, facts)
            settled = await self.apply(parent, planned)
            await self.report(parent, turn, planned, settled)
        except ParentGone:
            return Outcome()
        if isinstance(planned, Plan) and any(found.reason in _WAITS_FOR_OTHERS for found in planned.violations):
            return Outcome(result="requeue_after", again_after=LOOK_AGAIN_AT_OTHERS)
        return what_is_left(settled)

    async def gather(self, parent: Parent, turn: Turn) -> Facts:
        """What the plan depends on, from the caches; of contracts, what was assessed once for every use."""
        if turn.service is None:
            return Facts(platform=self._platform)
        return gather(
            turn.service,
            self._neighbours,
            platform=self._platform,
            installed=self._installed(),
            missing=await self._gatekeeper.missing(turn.service),
            provided_before=parent.status.provides,
        )

    def plan(self, parent: Parent, turn: Turn, facts: Facts) -> Plan | Decided | None:
        """
        What should exist.

        ``None`` when nobody may decide it: the spec is invalid, or a person said hands off. The former decision
        while nothing it depends on has changed and everything it wanted is in place.
        """
        if turn.service is None or turn.problems or turn.paused:
            return None
        decided = parent.decided
        if decided and decided.of is turn.service and decided.facts == facts and self._holds(decided, parent):
            return decided
        planned = plan(turn.service, facts)
        parent.decided = _decided(turn.service, facts, planned) if planned.complete else None
        return planned

    def _holds(self, decided: Decided, parent: Parent) -> bool:
        return self._in_place(decided, parent) is not None

    def _in_place(self, decided: Decided, parent: Parent) -> list[Settled] | None:
        existing = self._children.owned_by(*parent.key).keys()
        return self._apply.in_place(owner(parent), decided.wanted, remembered(parent), existing=existing)

    async def apply(self, parent: Parent, planned: Plan | Decided | None) -> list[Settled]:
        """Write what differs, delete what is no longer planned."""
        if planned is None:
            return []
        if isinstance(planned, Decided):
            return self._in_place(planned, parent) or []
        if not planned.complete:
            return []
        own = owner(parent)
        if self._apply.missing(own, planned.children) & parent.fingerprints.keys():
            await self._confirm(parent)
        settled = await self._apply.settle(own, planned.children, remembered(parent))
        settled += await self._apply.prune(own, self._superfluous(own, planned))
        remember(parent, planned.children, settled)
        return settled

    def _superfluous(self, own: Owner, planned: Plan) -> list[Child]:
        wanted = {child.key for child in planned.children}
        existing = self._children.owned_by(own.kind, own.namespace, own.name)
        return [child for key, child in existing.items() if key not in wanted and child.controller_uid == own.uid]

    async def report(
        self, parent: Parent, turn: Turn, planned: Plan | Decided | None, settled: Iterable[Settled]
    ) -> None:
        """Write the status if it differs from the one the API server has."""
        current = self._children.owned_by(*parent.key)
        deployment = deployment_of(self._children, parent)
        complete = planned if isinstance(planned, Decided) or (planned and planned.complete) else None
        status = report(
            parent.status,
            Seen(
                generation=turn.generation,
                paused=turn.paused,
                service=planned.service if planned else turn.service and resolve(turn.service),
                invalid=turn.problems,
                violations=planned.violations if isinstance(planned, Plan) else (),
                notices=planned.notices if planned else (),
                children=tuple(outcomes(settled, current, parent.fingerprints)),
                workload=deployment.workload if deployment else None,
                platform=self._platform,
                hosts=complete.hosts if complete else None,
                objectives=complete.objectives if complete else None,
            ),
            now=self._timestamp(),
        )
        self._parents.relies(parent, relies(parent.relies, deployment))
        if status == parent.status:
            return
        let_through = _let_through(status)
        if let_through and not _let_through(parent.status) and turn.service is not None:
            await announce(
                self._cluster,
                kind=conventions.MICROSERVICE,
                namespace=parent.key.namespace,
                name=parent.key.name,
                uid=parent.uid,
                note=f"{turn.service.break_glass}: {let_through}",
                now=self._now(),
            )
        await self._write_status(parent, status)

    async def admit(self, key: Key, defect: Exception) -> None:
        """A pass has ended by a defect of ours: nobody knows any more whether what was reported still holds."""
        parent = self._parents.find(key)
        if parent is None or parent.deleting:
            return
        status = defective(parent.status, defect, generation=parent.generation, now=self._timestamp())
        if status != parent.status:
            with suppress(Exception):  # the defect may be in the writing itself; it is tried again anyway
                await self._write_status(parent, status)

    def _timestamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    async def _write_status(self, parent: Parent, status: MicroserviceStatus) -> None:
        try:
            answer = await self._cluster.patch_status(
                MICROSERVICE, parent.key.namespace, parent.key.name, merge_patch(parent.status, status), uid=parent.uid
            )
        except ApiError as error:
            if error.not_found or error.conflicting:
                await self._confirm(parent)  # a webhook or a resource that is being installed may say so as well
            raise
        self._parents.wrote_status(parent, status, answer["metadata"])

    async def _confirm(self, parent: Parent) -> None:
        """
        Children that existed are gone, or a status is refused. Before anything is made of it: is the owner still there?

        Watches of different kinds are not ordered: when a Microservice is deleted, the news of its children may
        overtake its own.
        """
        found = await self._cluster.find(MICROSERVICE, parent.key.namespace, parent.key.name)
        if found is None or found["metadata"]["uid"] != parent.uid or "deletionTimestamp" in found["metadata"]:
            raise ParentGone


def _let_through(status: MicroserviceStatus) -> str:
    """What a broken glass let through."""
    for condition in status.conditions:
        if condition.type == conventions.CONTRACTS_SATISFIED and condition.reason == conventions.REASON_BREAK_GLASS:
            return condition.message
    return ""


def _decided(service: Microservice, facts: Facts, planned: Plan) -> Decided:
    return Decided(
        of=service,
        facts=facts,
        service=compact(planned.service),
        notices=planned.notices,
        hosts=planned.hosts,
        objectives=planned.objectives,
        wanted={child.key: Wanted.of(child) for child in planned.children},
    )
