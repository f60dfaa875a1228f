"""
An engine inside the test's own event loop, on a real API server, looking after one namespace.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from concordat.cluster.connection.access import from_kubeconfig
from concordat.cluster.connection.client import Client
from concordat.cluster.connection.session import Middleware
from concordat.facts import Platform
from concordat.manifest import conventions
from concordat.reconcile.engine import Engine
from concordat.reconcile.settings import Settings
from concordat.world.keys import Key
from concordat.world.microservice_record import MICROSERVICE
from concordat_lab.control_plane.audit import Request
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.cluster import Kubectl, started
from tests.engine.rig import OPTIONAL_KINDS, optional_crd, wait_for


class Story:
    """One namespace, an engine that looks after it, and the requests it makes."""

    def __init__(self, cluster: ControlPlane, namespace: str, client: Client, engine: Engine) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.client = client
        self.engine = engine
        self.kubectl = Kubectl(cluster)
        self._mark = cluster.audit_log.mark()

    async def apply(self, *manifests: Any) -> None:
        await asyncio.to_thread(self.kubectl.apply, *manifests)

    async def run(self, *arguments: str, stdin: Any = None) -> str:
        return await asyncio.to_thread(lambda: self.kubectl(*arguments, "--namespace", self.namespace, stdin=stdin))

    async def get(self, kind: str, name: str) -> Any:
        return await asyncio.to_thread(self.kubectl.get, kind, name, "--namespace", self.namespace)

    async def exists(self, kind: str, name: str) -> bool:
        return await asyncio.to_thread(self.kubectl.answers, "get", kind, name, "--namespace", self.namespace)

    async def status(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get("microservice", name)).get("status") or {}
        return found

    async def condition(self, name: str, kind: str = conventions.RECONCILED) -> dict[str, Any]:
        conditions = (await self.status(name)).get("conditions", ())
        return next((condition for condition in conditions if condition["type"] == kind), {})

    def knows(self, name: str) -> Any:
        return self.engine.parents.find(Key(MICROSERVICE.kind, self.namespace, name))

    async def settled(self, *names: str, seconds: float = 60) -> None:
        """Every named Microservice is reported at its current generation, and nothing is left to do."""

        async def all_reported() -> bool:
            for name in names:
                found = await self.client.read_whole(MICROSERVICE, self.namespace, name)
                known = self.knows(name)
                if (
                    known is None
                    or known.generation != found["metadata"]["generation"]
                    or (found.get("status") or {}).get("observedGeneration") != known.generation
                ):
                    return False
            return True

        await eventually(all_reported, seconds=seconds)
        await self.quiet()

    async def quiet(self, seconds: float = 60) -> None:
        """Nothing queued, nothing worked on, nothing about to be."""

        async def idle() -> bool:
            return not (len(self.engine.queue) or self.engine.queue.working)

        for _ in range(3):  # events are still on their way when a write is answered
            await eventually(idle, seconds=seconds)
            await asyncio.sleep(0.3)

    def forget_requests(self) -> None:
        self._mark = self.cluster.audit_log.mark()

    def requests(self) -> list[Request]:
        """What the engine asked of objects of this namespace since the last :meth:`forget_requests`."""
        return [
            request
            for request in self.cluster.audit_log.since(self._mark)
            if request.user_agent.startswith("concordat/")
            and request.namespace == self.namespace
            and request.verb not in ("list", "watch")
            and not (request.resource == "microservices" and not request.subresource and request.verb == "get")
        ]

    def writes(self) -> list[str]:
        """``create services``, ``patch microservices/status``, in the order they were answered."""
        return [
            f"{request.verb} {request.resource}{'/' if request.subresource else ''}{request.subresource}"
            for request in self.requests()
            if request.is_write
        ]


async def eventually(holds: Callable[[], Any], *, seconds: float = 30, every: float = 0.05) -> float:
    """Seconds until an asynchronous condition holds; an AssertionError when it does not."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    while not await holds():
        assert loop.time() - started < seconds, f"not within {seconds} s"
        await asyncio.sleep(every)
    return loop.time() - started


@asynccontextmanager
async def operating(
    cluster: ControlPlane,
    namespace: str,
    *others: str,
    middlewares: Sequence[Middleware] = (),
    platform: Platform | None = None,
) -> AsyncIterator[Story]:
    """An engine at work in one namespace, or in several."""
    async with Client(from_kubeconfig(cluster.kubeconfig), middlewares=middlewares) as client:
        engine = Engine(client, Settings(namespaces=(namespace, *others), platform=platform or Platform()))
        await engine.warm()
        await engine.work()
        try:
            yield Story(cluster, namespace, client, engine)
        finally:
            await engine.stop(drain=5)


Operating = Callable[..., AbstractAsyncContextManager[Story]]


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """Without a node: no pod ever becomes ready, so that every status write is of the engine's own making."""
    with started(optional=False) as cluster:
        yield cluster


@pytest.fixture
def optional_kinds(control_plane: ControlPlane) -> None:
    """Every optional kind is served."""
    kubectl = Kubectl(control_plane)
    kubectl.apply(*map(optional_crd, OPTIONAL_KINDS))
    kubectl("wait", "--for=condition=Established", "--timeout=120s", "crd", "--all")
    for _, _, plural in OPTIONAL_KINDS.values():  # a CRD just established still answers 429
        wait_for(lambda plural=plural: kubectl.answers("get", plural, "--all-namespaces"), seconds=20)


@pytest.fixture
async def story(control_plane: ControlPlane, optional_kinds: None, namespace: str) -> AsyncIterator[Story]:
    """An engine at work in a new namespace, with all kinds served."""
    async with operating(control_plane, namespace) as running:
        yield running
