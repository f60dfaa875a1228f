"""
The engine: caches that are kept, a queue that is worked off.

    warm()    list and watch every kind; nothing is written, so a standby may do it too
    work()    start the workers; only once every cache is filled
    stop()    take no more work, finish what is begun
"""

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Protocol

from concordat.cluster.children import Child, Children, ChildStore
from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.informer import Informer
from concordat.cluster.workqueue import Lane, Observer, Place, ShutDown, WorkQueue
from concordat.gate.assessor import Pool
from concordat.manifest import Kind, conventions, object_name
from concordat.reconcile.accepted_versions import Stores
from concordat.reconcile.child_memory import deployment_of, stands_for
from concordat.reconcile.contract import Gatekeeper
from concordat.reconcile.contract_children import ContractChildren
from concordat.reconcile.document_store import Library
from concordat.reconcile.microservice import Reconciler
from concordat.reconcile.outcome import Outcome
from concordat.reconcile.settings import Settings
from concordat.reconcile.watches import Watches
from concordat.world.census import Census
from concordat.world.conformance import POD, Trials
from concordat.world.contracts import SERVICE_CONTRACT, Contracts
from concordat.world.gather import Neighbours
from concordat.world.keys import Key
from concordat.world.microservice_record import MICROSERVICE
from concordat.world.microservices import Parents
from concordat.world.pacing import Pacer
from concordat.world.usage import relies

logger = logging.getLogger(__name__)

RESYNC = 600.0
"""Seconds between two looks at everything. From the caches: without a difference it costs no request. What the API
server called invalid is tried once more: the rule may be an admission policy's, and mended since."""
SETTLE = 0.2
"""Seconds in which the many small steps of a rollout become one report."""


class Watcher(Protocol):
    """Hears what the engine does; the figures of controller-runtime's ``controller_runtime_*`` metrics."""

    def reconciled(self, result: str, seconds: float) -> None: ...
    def working(self, change: int) -> None: ...


class _Silent:
    def reconciled(self, result: str, seconds: float) -> None: ...
    def working(self, change: int) -> None: ...


class Engine:
    """Everything between the events of Kubernetes and its API."""

    def __init__(
        self,
        client: Client,
        settings: Settings,
        *,
        queue_observer: Observer | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.settings = settings
        self.queue: WorkQueue[Key] = WorkQueue(
            observer=queue_observer,
            place=lambda key: Place(key.kind, key.namespace),
            most_of_kind=2 * settings.workers,
            most_of_tenant=settings.workers,
        )
        self.parents = Parents(self.queue.add, Pacer(asyncio.get_running_loop()))
        self.children = Children()
        self.synced = False
        self._watcher = watcher or _Silent()
        self._watches = Watches(
            client,
            settings.namespaces or (None,),
            children=self._store,
            withdrawn=self.children.drop,
            readable=self._enqueue_all,
            recovered=self.queue.expedite,
        )
        self.contracts = Contracts(self.queue.add, self.parents.relations.concerned)
        self.trials = Trials(self._tried)
        library, pool = Library(client), Pool()
        self._gatekeeper = Gatekeeper(
            client,
            contracts=self.contracts,
            parents=self.parents,
            library=library,
            pool=pool,
            stores=Stores(client, library, self.children),
            children=ContractChildren(
                client,
                children=self.children,
                neighbours=self.neighbours,
                platform=settings.platform,
                installed=lambda: self.installed,
            ),
            tried=self.trials.latest,
        )
        self.foresight = Gatekeeper(client, contracts=self.contracts, parents=self.parents, library=library, pool=pool)
        """For those who ask before anything is stored: with turns of its own, so that neither holds up the other."""
        self._reconciler = Reconciler(
            client,
            parents=self.parents,
            children=self.children,
            contracts=self.contracts,
            gatekeeper=self._gatekeeper,
            platform=settings.platform,
            installed=lambda: self.installed,
        )
        self._workers: list[asyncio.Task[None]] = []
        self._background: list[asyncio.Task[None]] = []

    # --- life ---------------------------------------------------------------------------------------------------------

    async def warm(self) -> None:
        """Fill every cache and keep it filled; returns when all have been."""
        for scope in self._watches.scopes:
            self._watches.open(MICROSERVICE, self.parents.within(scope), scope)
            self._watches.open(SERVICE_CONTRACT, self.contracts.within(scope), scope)
            self._watches.open(POD, self.trials, scope, selector=conventions.LABEL_TRIES)
        await self._watches.filled()
        self._recall()
        self.synced = True

    async def work(self) -> None:
        """Start the workers."""
        self._workers = [
            asyncio.create_task(self._work(), name=f"worker {number}") for number in range(self.settings.at_once)
        ]
        self._background.append(asyncio.create_task(self._resync(), name="resync"))

    @property
    def installed(self) -> frozenset[str]:
        """Optional kinds that are served."""
        return self._watches.installed

    @property
    def neighbours(self) -> Neighbours:
        """Everybody there is."""
        return Neighbours(parents=self.parents, contracts=self.contracts)

    @property
    def census(self) -> Census:
        """For those who look at us."""
        return Census(parents=self.parents, contracts=self.contracts, children=self.children)

    def watched(self) -> Iterator[tuple[tuple[str, str], Informer[Any]]]:
        """Every informer by its kind and namespace."""
        for (kind, namespace), informer in self._watches.informers.items():
            yield (kind, namespace or ""), informer

    async def stop(self, *, drain: float) -> bool:
        """Take no more work, and let what is queued finish for ``drain`` seconds at most; whether it did."""
        self.queue.close()
        drained = True
        if self._workers:
            try:
                async with asyncio.timeout(drain):
                    await self.queue.drain()
            except TimeoutError:
                drained = False
        tasks = [*self._workers, *self._background]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._watches.close()
        await self._gatekeeper.assessor.close()
        await self.foresight.assessor.close()
        return drained

    def hung(self) -> str:
        """What does not move any more, in words; empty while everything does."""
        ended = [task.get_name() for task in (*self._workers, *self._background) if task.done()]
        return f"{ended[0]} has ended" if ended else self._watches.hung()

    # --- news ---------------------------------------------------------------------------------------------------------

    def _store(self, kind: Kind, scope: str | None) -> ChildStore:
        store = ChildStore(kind, self._child_changed)
        self.children.add(store, scope)
        return store

    def _recall(self) -> None:
        """Who relies on which contract, before anything is decided about one."""
        for parent in self.parents:
            self.parents.relies(parent, relies(parent.relies, deployment_of(self.children, parent)))

    def _child_changed(self, before: Child | None, after: Child | None) -> None:
        self._workload_changed(before, after)
        only_status = before is not None and after is not None and before.is_written_as(after)
        for known in (before, after):
            if known is None or not known.owner:
                continue
            key = Key(known.owner_kind, known.namespace, known.owner)
            if only_status:
                self.queue.add_after(key, SETTLE)
            else:
                self.queue.add(key, Lane.URGENT if self.synced else Lane.BACKGROUND)

    def _workload_changed(self, before: Child | None, after: Child | None) -> None:
        """What its pods use of contracts may be something else now, and what it provides may have to be tried."""
        deployment = after or before
        if not self.synced or deployment is None or deployment.workload is None:
            return
        parent = self.parents.find(Key(conventions.MICROSERVICE, deployment.namespace, deployment.owner))
        if parent is None or not stands_for(deployment, parent):
            return
        self.parents.relies(parent, relies(parent.relies, after))
        for name in parent.service.spec.provides if parent.service else ():
            known = self.contracts.named(deployment.namespace, name)
            if known is not None and known.contract is not None and known.contract.spec.conformance is not None:
                self.queue.add_after(known.key, SETTLE)

    def _tried(self, namespace: str, label: str) -> None:
        for known in self.contracts:
            if known.key.namespace == namespace and object_name(known.key.name) == label:
                self.queue.add(known.key, Lane.BACKGROUND)

    def _enqueue_all(self) -> None:
        for contract in self.contracts:
            self.queue.add(contract.key, Lane.BACKGROUND)
        for parent in self.parents:
            self.queue.add(parent.key, Lane.BACKGROUND)

    # --- working ------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            try:
                key = await self.queue.get()
            except ShutDown:
                return
            self._watcher.working(+1)
            try:
                await self._reconcile(key)
            finally:
                self._watcher.working(-1)
                self.queue.done(key)
            await asyncio.sleep(
                0
            )  # a pass that finds everything in the caches waits for nothing, and a hundred of them neither

    async def _reconcile(self, key: Key) -> None:
        started = asyncio.get_running_loop().time()
        try:
            outcome = await self._responsible(key).reconcile(key)
        except ApiError as error:
            logger.log(logging.DEBUG if self.queue.is_failing(key) else logging.INFO, "%s: %s", key, error)
            outcome = Outcome(result="error", retry=True, again_after=error.retry_after)
        except Exception as defect:
            logger.exception("%s: cannot be reconciled", key)
            with suppress(
                Exception
            ):  # what cannot be read may not be reportable either, and a worker must not end by it
                await self._responsible(key).admit(key, defect)
            outcome = Outcome(result="error", retry=True)
        self._watcher.reconciled(outcome.result, asyncio.get_running_loop().time() - started)
        if outcome.retry:
            self.queue.retry(key, at_least=outcome.again_after)
            return
        self.queue.forget(key)
        if outcome.again_after:
            self.queue.add_after(key, outcome.again_after * random.uniform(1.0, 1.2))

    def _responsible(self, key: Key) -> Reconciler | Gatekeeper:
        return self._gatekeeper if key.kind == conventions.SERVICE_CONTRACT else self._reconciler

    async def _resync(self) -> None:
        while True:
            await asyncio.sleep(RESYNC * random.uniform(0.9, 1.1))
            self.parents.forget_refusals()
            self.contracts.forget_refusals()
            self._enqueue_all()
