"""
One operator from its start to its end: health server, warm caches, election, workers; and back.
"""

import asyncio
import logging
import os
from contextlib import suppress

from concordat.cluster.connection.access import Access
from concordat.cluster.connection.client import Client
from concordat.cluster.election import Election
from concordat.cluster.trust import Trust
from concordat.handlers.health import TOO_LATE, HealthServer, LoopLag
from concordat.handlers.metrics import Leading, Looked, Metrics
from concordat.handlers.peers import Trusted
from concordat.handlers.webhook import WebhookServer
from concordat.reconcile.admission.microservice import Admission
from concordat.reconcile.configuration import Configuration
from concordat.reconcile.engine import Engine

logger = logging.getLogger(__name__)

DRAIN = 8.0
"""Seconds to finish what is begun; the pod's grace period is 30."""
LOST = 1
"""Exit code of a leader that is none any more. It may not even clean up: somebody else may lead already."""


class Operator:
    """Everything that runs in this process."""

    def __init__(self, configuration: Configuration, access: Access) -> None:
        self._configuration = configuration
        self._metrics = Metrics()
        self.client = Client(
            access, observe=lambda method, status: self._metrics.requested(self.client.host, method, status)
        )
        self._engine = Engine(self.client, configuration.engine, queue_observer=self._metrics, watcher=self._metrics)
        self._leading = Leading(configuration.lease_name)
        self._election = (
            Election(
                self.client,
                namespace=configuration.lease_namespace or access.namespace,
                name=configuration.lease_name,
                identity=configuration.identity,
            )
            if configuration.lease_name
            else None
        )
        self._lag = LoopLag(self._metrics.loop_lag)
        self._metrics.registry.register(Looked(self._engine, self._leading))
        self._health = HealthServer(
            self._metrics.registry, sick=self._sick, unready=self._unready, port=configuration.http_port
        )
        self._webhook = self._make_webhook() if configuration.webhook else None
        self._background: list[asyncio.Task[None]] = []

    def _make_webhook(self) -> WebhookServer:
        configured = self._configuration
        trust = Trust(
            self.client,
            configuration=configured.webhook,
            identity=configured.identity,
            hosts=configured.webhook_hosts,
        )
        judge = Admission(self._engine).judge
        trusted = Trusted(
            authority=configured.webhook_client_ca,
            names=configured.webhook_client_names,
            networks=configured.webhook_networks,
        )
        return WebhookServer(judge, trust, port=configured.webhook_port, observer=self._metrics, trusted=trusted)

    async def start(self) -> None:
        """
        Returns when the workers run, so on a standby only once it leads.

        A standby is warm: its caches are filled and followed, and it answers ``/readyz`` and the webhook.
        """
        await self._health.start()
        self._background.append(asyncio.create_task(self._lag.run(), name="loop lag"))
        await self._engine.warm()
        if self._webhook is not None:
            self._webhook.start()
        if self._election is not None:
            await self._election.acquire()
            self._background.append(asyncio.create_task(lead(self._election), name="leader"))
        self._leading.value = True
        await self._engine.work()

    async def stop(self) -> None:
        """Take no more work, finish what is begun, let the next one lead."""
        drained = await self._engine.stop(drain=DRAIN)
        if not drained:
            logger.warning("stopped with work left; whoever comes next goes on with it")
        for task in self._background:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._background, return_exceptions=True)
        if self._election is not None:
            await self._election.release()
        if self._webhook is not None:
            await self._webhook.stop()
        await self._health.stop()
        await self.client.close()

    def _sick(self) -> str:
        if self._lag.last > TOO_LATE:
            return f"the event loop was {self._lag.last:.0f} s late"
        return self._engine.hung()

    def _unready(self) -> str:
        return "" if self._engine.synced else "the caches are being filled"


async def lead(election: Election) -> None:
    """Keep the Lease, and end the process at once when it is lost, in whatever way; cancelled, it ends nothing."""
    try:
        await election.keep()
    except Exception:
        logger.exception("the lease cannot be kept")
    os._exit(LOST)
